"""What each pool may take of the next claim: everything where it is alone, and never all where it is not."""

from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from posthouse.delivery.portions import NOTHING, Free, Held, emptied, fits, most, portions
from posthouse.routing.rules import Job
from posthouse.store.values import Claim, ClaimRequest, Portion
from tests.store.letters import LEASE_S, NOW, PLAIN

POOLS = ("a.example", "b.example", "c.example", "d.example")


def test_a_pool_alone_takes_all_there_is_room_for() -> None:
    free = Free(1024, 1000)
    assert most(free, half=False) == free
    assert portions({"a.example": 5000}, {"a.example": Held(7, 10**9)}, free) == (Portion("a.example", 5000, 7),)


def test_of_several_pools_one_claim_takes_half_of_what_is_free() -> None:
    assert most(Free(1024, 1001), half=True) == Free(512, 501)
    assert most(Free(1, 1), half=True) == Free(1, 1)


def test_where_nothing_waits_the_other_half_is_left_for_what_comes_meanwhile() -> None:
    rooms = {"a.example": 5, "b.example": 4, "c.example": 0}
    assert [portion.room for portion in portions(rooms, {}, Free(100, 100), {"a.example", "c.example"})] == [3, 4, 0]
    assert portions({"a.example": 1}, {}, Free(100, 100), {"a.example"}) == (Portion("a.example", 1),)


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
        left_for_claim = most(Free(left, 1), half=True).places
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


# One message more, without a claim.

counts = st.integers(0, 50)
sizes = st.integers(0, 1000)
frees = st.builds(Free, counts, sizes)
helds = st.builds(Held, counts, sizes)


def test_a_pool_alone_may_fill_all_there_is() -> None:
    assert fits(Free(1, 100), Held(1000, 10**6), 100, alone=True)
    assert not fits(Free(0, 100), NOTHING, 1, alone=True)
    assert not fits(Free(1, 100), NOTHING, 101, alone=True)


def test_of_several_pools_the_last_place_is_for_one_that_has_none() -> None:
    assert fits(Free(1, 100), NOTHING, 100, alone=False)
    assert not fits(Free(1, 100), Held(1, 0), 0, alone=False)
    assert not fits(Free(0, 100), NOTHING, 0, alone=False)


@given(free=frees, has=helds, size=sizes)
def test_what_a_pool_had_before_one_that_fits_is_never_more_than_what_is_left_after_it(
    free: Free, has: Held, size: int
) -> None:
    assume(fits(free, has, size, alone=False))
    assert has.messages <= free.places - 1
    assert has.size <= free.size - size


@given(capacity=st.integers(1, 60), max_bytes=sizes, coming=st.lists(st.tuples(st.sampled_from(POOLS), sizes)))
def test_however_many_come_no_pool_holds_more_than_it_leaves_free_but_for_one_message(
    capacity: int, max_bytes: int, coming: list[tuple[str, int]]
) -> None:
    """Nothing ever ends, and everything is taken that fits."""
    held, free = dict.fromkeys(POOLS, NOTHING), Free(capacity, max_bytes)
    for pool, size in coming:
        has = held[pool]
        if fits(free, has, size, alone=False):
            held[pool] = Held(has.messages + 1, has.size + size)
            free = Free(free.places - 1, free.size - size)
            assert held[pool].messages <= free.places + 1
            assert held[pool].size <= free.size + size
        assert free.places >= 0
        assert free.size >= 0


@given(free=frees, held=st.dictionaries(st.sampled_from(POOLS), helds))
def test_a_message_fits_where_a_claim_could_have_taken_one_and_nowhere_else(free: Free, held: dict[str, Held]) -> None:
    for portion in portions(dict.fromkeys(POOLS, 10_000), held, free):
        assert fits(free, held.get(portion.pool, NOTHING), 0, alone=False) is (portion.room > 0)


@given(free=frees, has=helds, size=sizes)
def test_what_fits_among_others_fits_alone(free: Free, has: Held, size: int) -> None:
    assert fits(free, has, size, alone=True) or not fits(free, has, size, alone=False)


# What a claim has left.


def claim(pool: str, size: int = 1) -> Claim:
    return Claim(Job("id", pool, NOW, size=size), 1, NOW + LEASE_S, 0, NOW, PLAIN)


def request(*wanted: Portion, limit: int = 100, max_bytes: int = 1000) -> ClaimRequest:
    return ClaimRequest(limit, max_bytes, NOW, LEASE_S, wanted)


A, B, C, _ = POOLS
ASKED = (Portion(A, 3), Portion(B, 2, held=7), Portion(C, 0))


@pytest.mark.parametrize(
    ("claims", "empty"),
    [
        ([], {A, B}),
        ([claim(A), claim(A)], {A, B}),
        ([claim(A), claim(A), claim(A)], {B}),
        ([claim(B), claim(B)], {A}),
        ([claim(A), claim(A), claim(A), claim(B), claim(B)], set()),
    ],
    ids=["nothing", "less than it had room for", "all of one", "all of another", "all of both"],
)
def test_a_pool_is_empty_where_less_was_claimed_than_there_was_room_for(claims: list[Claim], empty: set[str]) -> None:
    assert emptied(request(*ASKED), claims) == empty


def test_a_claim_that_took_as_many_as_it_might_tells_nothing() -> None:
    assert emptied(request(*ASKED, limit=2), [claim(A), claim(B)]) == set()
    assert emptied(request(*ASKED, limit=3), [claim(A), claim(B)]) == {A, B}


def test_a_claim_that_took_most_of_the_bytes_may_have_been_cut_and_tells_nothing() -> None:
    assert emptied(request(*ASKED), [claim(A, 501)]) == set()
    assert emptied(request(*ASKED), [claim(A, 500)]) == {A, B}


def test_a_pool_that_was_not_asked_for_is_not_known_to_be_empty() -> None:
    assert emptied(request(Portion(A, 3)), [claim(B)]) == {A}


MAX_BYTES = 100
waiting = st.lists(st.tuples(st.sampled_from(POOLS), st.integers(0, MAX_BYTES // 2)), max_size=20)


@given(waits=waiting, rooms=st.dictionaries(st.sampled_from(POOLS), st.integers(0, 10)), limit=st.integers(1, 20))
def test_nothing_is_left_of_a_pool_that_is_said_to_be_empty(
    waits: list[tuple[str, int]], rooms: dict[str, int], limit: int
) -> None:
    """Whatever waits, however it is cut: by the room of a pool, by the limit, or by the bytes."""
    left, found = dict(rooms), list[Claim]()
    for pool, size in waits:
        if left.get(pool, limit) > 0 and len(found) < limit:
            left[pool] = left.get(pool, limit) - 1
            found.append(claim(pool, size))
    within = [taken <= MAX_BYTES for taken in accumulate(one.job.size for one in found)]
    claims = found[: within.index(False)] if False in within else found

    asked = request(*[Portion(pool, room) for pool, room in rooms.items()], limit=limit, max_bytes=MAX_BYTES)
    for pool in emptied(asked, claims):
        assert sum(one.job.pool == pool for one in claims) == sum(p == pool for p, _ in waits)
