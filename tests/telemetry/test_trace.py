import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.telemetry.trace import named, parent_of, traceparent

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (PARENT, PARENT),
        (PARENT[:-2] + "00", PARENT[:-2] + "00"),
        ("cc" + PARENT[2:], PARENT),
        ("cc" + PARENT[2:] + "-what-the-future-brings", PARENT),
        ("", None),
        (PARENT + "-more", None),
        (PARENT + "-", None),
        (PARENT + " ", None),
        (PARENT.upper(), None),
        ("ff" + PARENT[2:], None),
        ("00-" + "0" * 32 + PARENT[35:], None),
        (PARENT[:36] + "0" * 16 + "-01", None),
        (PARENT[:-1], None),
        (PARENT.replace("4bf9", "4bg9"), None),
        (PARENT.replace("067a", "06٠a"), None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(text: str, read: str | None) -> None:
    assert traceparent(text) == read


@given(st.text())
def test_whatever_stands_in_the_header_is_a_traceparent_or_none(text: str) -> None:
    found = traceparent(text)
    assert found is None or traceparent(found) == found


def test_what_is_kept_with_a_message_names_its_request_and_what_its_spans_go_on_from() -> None:
    assert (named("a-1"), parent_of("a-1")) == ({"request_id": "a-1"}, None)
    kept = f"a-1 {PARENT}"
    assert (named(kept)["trace_id"], parent_of(kept)) == (PARENT[3:35], PARENT)
    assert parent_of(None) is None
