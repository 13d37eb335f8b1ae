"""Headers of the sender's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.headers import read_headers
from posthouse.mail.limits import Limits
from posthouse.mail.problem import Problem
from tests.mail.hostile import LINE_BREAKERS, hostile

LIMITS = Limits()


def read(headers: object) -> tuple[tuple[tuple[str, str], ...], list[tuple[str, str]]]:
    problems: list[Problem] = []
    found = read_headers(headers, LIMITS, problems)
    return found, [(problem.code, problem.field) for problem in problems]


def test_free_headers_are_kept_in_order() -> None:
    given_headers = {
        "X-Order": "17",
        "List-Unsubscribe": "<https://example.com/u?a=?b>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "In-Reply-To": "<a@example.com>",
        "X-Empty": "",
        "X-Word": "=?utf-8?q?a=0D=0Ab?= is only text",
    }
    assert read(given_headers) == (tuple(given_headers.items()), [])


def test_spaces_around_a_value_mean_nothing() -> None:
    assert read({"X-A": " a  b "}) == ((("X-A", "a  b"),), [])


@pytest.mark.parametrize(
    "name",
    [
        *("From", "to", "CC", "Bcc", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version"),
        *("DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "Received", "Return-Path", "Content-Type"),
        *("content-transfer-encoding", "Resent-Bcc", "Idempotency-Key", "X-Posthouse-Tag", "X-SMTPAPI"),
        *("X-Mailgun-Tag", "X-MC-Tags", "X-PM-Message-Stream", "X-SES-CONFIGURATION-SET", "Resend-Idempotency-Key"),
        *("X-MSYS-API", "X-MJ-CustomID", "X-Mailjet-Campaign", "X-Mailin-custom", "X-SG-EID"),
    ],
)
def test_a_reserved_header_is_refused(name: str) -> None:
    assert read({name: "x"}) == ((), [("header-reserved", f"headers.{name}")])


@pytest.mark.parametrize(
    "name",
    ["", "X A", "X:A", "X-A\r\nBcc", "X-A\n", "X-\x00", "X-É", "X\u2028", "x" * 77, "Bcc: v@example.com\r\nX"],
    ids=ascii,
)
def test_what_is_no_header_name_is_refused(name: str) -> None:
    found, problems = read({name: "x"})
    assert found == ()
    assert [code for code, _ in problems] == ["header-name"]
    assert problems[0][1].isprintable()


@pytest.mark.parametrize("breaker", LINE_BREAKERS, ids=ascii)
def test_a_value_is_one_line(breaker: str) -> None:
    assert read({"X-A": f"a{breaker}Bcc: v@example.com"}) == ((), [("line-unsafe", "headers.X-A")])


def test_a_value_is_a_string_of_at_most_998_bytes() -> None:
    assert read({"X-A": "é" * 499})[1] == []
    assert read({"X-A": "é" * 500})[1] == [("header-too-long", "headers.X-A")]
    assert read({"X-A": 17})[1] == [("field-type", "headers.X-A")]


def test_a_header_comes_once_in_whatever_case() -> None:
    assert read({"X-A": "1", "x-a": "2"}) == ((("X-A", "1"),), [("header-repeated", "headers.x-a")])


def test_fifty_headers_are_enough() -> None:
    assert read({f"X-{n}": "" for n in range(50)})[1] == []
    assert read({f"X-{n}": "" for n in range(51)}) == ((), [("headers-too-many", "headers")])
    assert read([("X-A", "b")]) == ((), [("field-type", "headers")])


@given(st.dictionaries(hostile, hostile | st.none() | st.integers(), max_size=5))
def test_what_is_kept_is_safe(headers: dict[str, object]) -> None:
    for name, value in read(headers)[0]:
        assert name.isascii()
        assert not set(name) & set(" \r\n\t:\x00")
        assert not set(value) & set("\r\n\t\x00\x85\u2028\u2029")
