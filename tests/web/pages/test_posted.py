"""What a browser's form means."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.web.answer import Refused
from posthouse.web.pages.posted import Posted, is_form, posted


def said(*pairs: tuple[str, str]) -> Posted:
    return posted(urlencode(pairs).encode())


def test_what_is_empty_was_not_said() -> None:
    form = said(("from", "ann@example.com"), ("cc", ""), ("subject", ""))
    assert form.body() == b"from=ann%40example.com"
    assert form.shown == {"from": "ann@example.com"}


def test_a_field_of_several_has_one_on_each_line() -> None:
    form = said(("to", "ann@example.com\r\n\r\n bob@example.org "), ("text", "one\r\ntwo"))
    assert parse_qsl(form.body()) == [
        (b"to", b"ann@example.com"),
        (b"to", b"bob@example.org"),
        (b"text", b"one\ntwo"),
    ]
    assert form.shown["to"] == "ann@example.com\n\n bob@example.org "


def test_addresses_go_as_the_list_that_the_call_takes() -> None:
    form = said(("addresses", "ann@example.com\r\nbob@example.org"), ("reason", "asked"))
    expected = {"addresses": ["ann@example.com", "bob@example.org"], "reason": "asked"}
    assert msgspec.json.decode(form.body()) == expected
    assert form.headers()[b"content-type"] == b"application/json"


def test_the_pages_own_fields_become_the_method_and_headers() -> None:
    form = said(("_token", "t"), ("_method", "DELETE"), ("_wait", "10"), ("_once", "k"), ("force", "true"))
    assert (form.method, form.own["token"], form.body()) == ("DELETE", "t", b"force=true")
    assert form.headers() == {
        b"content-length": b"10",
        b"content-type": b"application/x-www-form-urlencoded",
        b"prefer": b"wait=10",
        b"idempotency-key": b"k",
    }


def test_a_form_that_says_nothing_sends_nothing() -> None:
    assert said(("_token", "t")).headers() == {b"content-length": b"0"}


def test_a_text_can_be_the_whole_body() -> None:
    form = said(("_raw", '{"messages": []}'), ("_method", "PUT"))
    assert (form.method, form.body()) == ("PUT", b'{"messages": []}')
    assert form.shown == {"_raw": '{"messages": []}'}


@pytest.mark.parametrize("method", ["GET", "TRACE", "delete", "", "DELETE\r\n"])
def test_no_other_method_can_be_meant(method: str) -> None:
    assert said(("_method", method)).method == "POST"


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", b"&".join(b"a=1" for _ in range(2000))])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        posted(body)


@given(st.lists(st.tuples(st.text(), st.text())))
def test_no_form_is_too_strange(pairs: list[tuple[str, str]]) -> None:
    form = said(*pairs)
    headers: dict[bytes, Any] = form.headers()
    assert int(headers[b"content-length"]) == len(form.body())
    assert not any(b"\n" in value or b"\r" in value for value in headers.values() if b"idem" not in value)


def test_which_bodies_are_forms() -> None:
    assert is_form({b"content-type": b"application/x-www-form-urlencoded; charset=utf-8"})
    assert not is_form({b"content-type": b"application/json"})
    assert not is_form({b"content-type": b"application/x-www-form-urlencoded", b"content-encoding": b"gzip"})
    assert not is_form({})
