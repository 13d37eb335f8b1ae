"""What is wanted of routing, and how a message's course is kept."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.rules import START, Course
from tests.routing.pool import NOW, message, repeatable


@pytest.mark.parametrize(
    ("give_up_at", "expires_at", "ends_at"),
    [(NOW + 60, None, NOW + 60), (NOW + 60, NOW + 5, NOW + 5), (NOW + 60, NOW + 90, NOW + 60)],
)
def test_the_time_of_a_message_ends_when_it_expires_or_is_given_up(
    give_up_at: float, expires_at: float | None, ends_at: float
) -> None:
    assert message(give_up_at=give_up_at, expires_at=expires_at).ends_at == ends_at


names = st.text("abc-", min_size=1, max_size=5)
courses = st.builds(
    Course,
    st.integers(0, 99),
    st.lists(names, max_size=3).map(tuple),
    st.lists(names, max_size=3).map(tuple),
    st.one_of(st.none(), names),
    st.booleans(),
    st.booleans(),
)


@repeatable
@given(courses)
def test_a_course_comes_back_from_the_store_as_it_went_in(course: Course) -> None:
    assert msgspec.json.decode(msgspec.json.encode(course), type=Course) == course


def test_a_course_that_was_kept_before_it_had_more_to_tell_can_still_be_read() -> None:
    assert msgspec.json.decode(b"[]", type=Course) == START
    assert msgspec.json.decode(b'[2,["a"]]', type=Course) == Course(round=2, tried=("a",))
