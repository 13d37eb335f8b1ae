import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.clock import rfc3339
from posthouse.intake.caller import Caller
from posthouse.store.values import SCAN, Query
from posthouse.web.answer import Refused
from posthouse.web.cursor import sealed
from posthouse.web.parameters import QUERY_MAX
from posthouse.web.query import read_query

CALLER = Caller("web", "example.com", seal=b"of web")
ADMIN = Caller("ops", None, admin=True, seal=b"of ops")
ID = "01a20ae0-e2cc-7ac8-b610-e32461741d70"


def refused(query: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as error:
        read_query(query, CALLER)
    assert error.value.answer.status == 400
    return [(p["code"], p["field"]) for p in msgspec.json.decode(error.value.answer.body)["problems"]]


def page(query: bytes, caller: Caller = CALLER) -> Query:
    return read_query(query, caller)[0]


def test_nothing_asked_for_is_the_first_page_of_the_pool() -> None:
    assert page(b"") == Query(limit=50, pool="example.com", scan=SCAN)
    assert page(b"status=&to=&limit=7", ADMIN) == Query(limit=7, scan=SCAN)


def test_all_filters_at_once() -> None:
    filters = (
        "status=sent&to=ann%2Bx%40example.org&tag=a+b&provider=first&since=2026-11-23T09:00:00Z"
        "&until=2026-11-23T10:00:00.5%2B01:00"
    )
    _, name = read_query(filters.encode(), CALLER)
    cursor = sealed(ID, CALLER, name)
    assert page(f"{filters}&limit=100&cursor={cursor}".encode()) == Query(
        limit=100,
        pool="example.com",
        status="sent",
        to="ann+x@example.org",
        tag="a b",
        provider="first",
        since=1795424400.0,
        until=1795424400.500999,
        after=ID,
        scan=SCAN,
    )


def test_a_plus_that_came_as_a_space_is_still_an_offset() -> None:
    assert page(b"since=2026-11-23T10:00:00+01:00").since == 1795424400.0


@pytest.mark.parametrize("limit", ["0", "101", "-1", "+5", "1.0", "five", "٣", "0100000", "000000100000", "1" * 5000])
def test_a_limit_is_a_number_from_1_to_100(limit: str) -> None:
    assert refused(f"limit={limit}".encode()) == (
        [("parameter-invalid", "limit")] if len(limit) < 100 else [("parameters-too-long", "")]
    )


@given(st.floats(0, 4e9))
def test_the_time_that_is_shown_of_a_message_finds_it(at: float) -> None:
    """Both stores compare these as they are."""
    shown = rfc3339(at)
    found = page(f"since={shown}&until={shown}".encode())
    assert found.since is not None
    assert found.until is not None
    assert found.since - 1e-6 <= at <= found.until + 1e-6, "but for what a clock does not tell"
    assert found.until < found.since + 0.001


@pytest.mark.parametrize("text", ["2026-11-23t09:00:00z", "2026-11-23T08:59:60Z", "2026-11-23T10:00:00 01:00"])
def test_an_instant_is_read_as_that_of_a_message(text: str) -> None:
    assert page(f"since={text}".encode()).since == 1795424400.0


@pytest.mark.parametrize(
    "instant",
    [
        *("yesterday", "2026-11-23", "2026-11-23T09:00:00", "99999-01-01T00:00:00Z", "1e9"),
        *("20261123T090000Z", "2026-W48-1T09:00:00Z", "2026-11-23T09Z", "2026-11-23X09:00:00Z"),
    ],
)
def test_an_instant_needs_its_offset(instant: str) -> None:
    assert refused(f"since={instant}".encode()) == [("parameter-invalid", "since")]


@pytest.mark.parametrize("cursor", ["1", ID.upper(), ID + "0", "../etc", "01a20ae0-e2cc-4ac8-b610-e32461741d70", ID])
def test_a_cursor_is_one_that_was_given(cursor: str) -> None:
    assert refused(f"cursor={cursor}".encode()) == [("parameter-invalid", "cursor")]


def test_every_problem_is_told_at_once() -> None:
    assert refused(b"status=lost&limit=0&cursor=x&since=x&until=x&pool=example.net&to=a&to=b") == [
        ("parameter-unknown", "pool"),
        ("parameter-unknown", "to"),
        ("parameter-invalid", "status"),
        ("parameter-invalid", "limit"),
        ("parameter-invalid", "cursor"),
        ("parameter-invalid", "since"),
        ("parameter-invalid", "until"),
    ]


def test_a_query_without_end_is_refused() -> None:
    assert refused(b"to=" + b"a" * QUERY_MAX) == [("parameters-too-long", "")]
    assert refused(b"a&" * 1_000_000) == [("parameters-too-long", "")]


def test_a_cursor_is_of_its_list_and_of_its_key() -> None:
    _, name = read_query(b"tag=a", CALLER)
    cursor = sealed(ID, CALLER, name)
    assert page(f"tag=a&limit=7&cursor={cursor}".encode()).after == ID
    assert refused(f"tag=b&cursor={cursor}".encode()) == [("parameter-invalid", "cursor")]
    with pytest.raises(Refused):
        page(f"tag=a&cursor={cursor}".encode(), ADMIN)
