from hypothesis import given
from hypothesis import strategies as st

from posthouse.telemetry.sampler import Sampler


def test_the_first_of_a_second_are_let_through_then_one_in_so_many() -> None:
    sampler = Sampler(2, 3)
    assert [sampler.take("a", 5.0 + n / 100) for n in range(9)] == [0, 0, None, None, 2, None, None, 2, None]


def test_each_second_begins_anew_and_tells_what_the_last_left_out() -> None:
    sampler = Sampler(1, 0)
    assert [sampler.take("a", at) for at in (5.0, 5.1, 5.9, 6.0, 6.1)] == [0, None, None, 2, None]


def test_events_are_counted_apart() -> None:
    sampler = Sampler(1, 0)
    assert [sampler.take(event, 5.0) for event in ("a", "b", "a", "b")] == [0, 0, None, None]
    assert sampler.rest() == {"a": 1, "b": 1}
    assert sampler.rest() == {}


@given(st.integers(0, 5), st.integers(0, 5), st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3))))
def test_nothing_is_forgotten(first: int, one_in: int, said: list[tuple[str, float]]) -> None:
    sampler = Sampler(first, one_in)
    taken = [(event, sampler.take(event, at)) for event, at in sorted(said, key=lambda one: one[1])]
    rest = sampler.rest()
    for event in "ab":
        told = [left_out for name, left_out in taken if name == event and left_out is not None]
        assert len(told) + sum(told) + rest.get(event, 0) == sum(name == event for name, _ in said)
