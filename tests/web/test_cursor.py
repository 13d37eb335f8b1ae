"""Where a list goes on, for one key and one list."""

from base64 import urlsafe_b64decode

from hypothesis import given
from hypothesis import strategies as st

from posthouse.intake.caller import Caller
from posthouse.web.cursor import opened, sealed

HOLDER = Caller("web", "example.com", seal=b"one seal")
OTHER = Caller("web", "example.com", seal=b"another seal")


@given(st.text(max_size=100), st.text(max_size=20))
def test_its_holder_finds_the_place_again_and_nobody_else_does(place: str, asked: str) -> None:
    cursor = sealed(place, HOLDER, asked)
    assert opened(cursor, HOLDER, asked) == place
    assert opened(cursor, OTHER, asked) is None
    assert opened(cursor, HOLDER, asked + "x") is None


@given(st.text(max_size=200))
def test_what_nobody_was_given_leads_nowhere(cursor: str) -> None:
    assert opened(cursor, HOLDER, "list") is None


@given(st.text(min_size=1, max_size=50), st.data())
def test_a_changed_one_leads_nowhere(place: str, data: st.DataObject) -> None:
    cursor = sealed(place, HOLDER, "list")
    at = data.draw(st.integers(0, len(cursor) - 2))
    other = "A" if cursor[at] != "A" else "B"
    assert opened(cursor[:at] + other + cursor[at + 1 :], HOLDER, "list") is None


def test_the_place_is_not_shown() -> None:
    place = "01a20ae0-e2cc-7ac8-b610-e32461741d70"
    cursor = sealed(place, HOLDER, "list")
    assert place.encode() not in urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def test_the_same_place_has_the_same_cursor() -> None:
    assert sealed("a", HOLDER, "list") == sealed("a", HOLDER, "list")
