"""What each pool may take of the next claim: everything where it is alone, and never all where it is not."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.delivery.portions import Free, Held, most, portions
from posthouse.store.values import Portion

POOLS = ("a.example", "b.example", "c.example", "d.example")


def test_a_pool_alone_takes_all_there_is_room_for() -> None:
    free = Free(1024, 1000)
    assert most(free, 1) == free
    assert portions({"a.example": 5000}, {"a.example": Held(7, 10**9)}, free) == (Portion("a.example", 5000, 7),)


def test_of_several_pools_one_claim_takes_half_of_what_is_free() -> None:
    assert most(Free(1024, 1001), 2) == Free(512, 501)
    assert most(Free(1, 1), 2) == Free(1, 1)


def test_of_several_pools_none_comes_to_hold_more_than_it_leaves_free() -> None:
    rooms = {"a.example": 5000, "b.example": 5000, "c.example": 3}
    held = {"a.example": Held(400, 400), "b.example": Held(100, 100)}
    found = portions(rooms, held, Free(524, 10**6))
    assert found == (Portion("a.example", 62, 400), Portion("b.example", 212, 100), Portion("c.example", 3, 0))


def test_a_pool_whose_bytes_in_hand_are_more_than_those_left_takes_none() -> None:
    rooms = {"a.example": 5, "b.example": 5}
    found = portions(rooms, {"a.example": Held(1, 600)}, Free(1000, 599))
    assert found == (Portion("a.example", 0, 1), Portion("b.example", 5, 0))


def test_the_last_place_is_for_a_pool_that_has_none() -> None:
    rooms = {"a.example": 5, "b.example": 5}
    assert portions(rooms, {"a.example": Held(3, 3)}, Free(1, 100)) == (
        Portion("a.example", 0, 3),
        Portion("b.example", 1, 0),
    )


@given(greedy=st.integers(1, 3), capacity=st.integers(8, 2000))
def test_however_greedy_the_others_are_whoever_comes_last_finds_a_place(greedy: int, capacity: int) -> None:
    """Nothing of the greedy ever ends, and everything is taken that may be."""
    rooms = dict.fromkeys(POOLS, 10_000)
    held = dict.fromkeys(POOLS[:greedy], 0)
    for _ in range(50):
        left = capacity - sum(held.values())
        left_for_claim = most(Free(left, 1), len(rooms)).places
        for portion in portions(rooms, {p: Held(n, 0) for p, n in held.items()}, Free(left, 1)):
            if portion.pool in held:
                took = min(portion.room, left_for_claim)
                held[portion.pool] += took
                left_for_claim -= took
    left = capacity - sum(held.values())
    last = portions(rooms, {p: Held(n, 0) for p, n in held.items()}, Free(left, 1))[-1]
    assert last.pool == POOLS[-1]
    assert last.room >= 1
    assert left >= capacity // 2**greedy - 1
