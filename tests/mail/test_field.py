"""Header blocks and parameters, as mail programs write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.field import BAD_LINE, TOO_MANY, TOO_MANY_PARAMETERS, Field, Parametrised, parametrised, read_fields
from posthouse.mail.problem import Flaw
from tests.mail.hostile import hostile


def test_fields_are_read_with_either_line_end() -> None:
    fields = [Field("Subject", "a b  c"), Field("X-Empty", ""), Field("to", "é <a@example.com>")]
    block = "Subject: a\r\n b\r\n\t c\r\nX-Empty:\r\nto : é <a@example.com>  \r\n".encode()
    assert read_fields(block) == read_fields(block.replace(b"\r\n", b"\n")) == read_fields(block.rstrip()) == fields
    assert read_fields(b"") == []


def test_bytes_that_are_not_utf8_are_read_as_windows_1252() -> None:
    assert read_fields(b"Subject: caf\xe9 \x80") == [Field("Subject", "café €")]


@pytest.mark.parametrize(
    "block",
    [
        b"no colon",
        b" folded nothing",
        b": empty",
        b"a b: c",
        b"\xc3\xa9: c",
        b"A: b\n\nC: d",
        b"A: " + b"x" * 996,
        b"A\rB: c",
    ],
)
def test_what_is_no_header_line_is_refused(block: bytes) -> None:
    assert read_fields(block) == BAD_LINE


def test_the_limits_of_a_block() -> None:
    assert isinstance(read_fields(b"A: b\r\n" * 500), list)
    assert read_fields(b"A: b\r\n" * 501) == TOO_MANY
    assert isinstance(read_fields(b"A: " + b"x" * 995 + b"\r\n"), list)


@pytest.mark.parametrize(
    ("written", "value", "parameters"),
    [
        ("", "", {}),
        ("Text/HTML", "text/html", {}),
        ("text/plain; charset=UTF-8;Format=flowed", "text/plain", {"charset": "UTF-8", "format": "flowed"}),
        ('attachment; filename="a; \\"b\\".txt"', "attachment", {"filename": 'a; "b".txt'}),
        ("attachment; filename=a b.txt ; size=3", "attachment", {"filename": "a b.txt", "size": "3"}),
        ("attachment; filename*=utf-8''%C3%A9%20a.txt", "attachment", {"filename": "é a.txt"}),
        ("attachment; filename*=iso-8859-1'de'%E9.txt", "attachment", {"filename": "é.txt"}),
        ("attachment; filename=plain.txt; filename*=utf-8''%C3%A9.txt", "attachment", {"filename": "é.txt"}),
        ("attachment; filename*1*=%A9.txt; filename*0*=utf-8''%C3", "attachment", {"filename": "é.txt"}),
        ('attachment; filename*0="a "; filename*1=b.txt', "attachment", {"filename": "a b.txt"}),
        ('attachment; filename="=?utf-8?q?=C3=A9.txt?="', "attachment", {"filename": "é.txt"}),
        ("attachment; filename=a; filename=b", "attachment", {"filename": "a"}),
        ("attachment; filename*=%E2%9C%93", "attachment", {"filename": "✓"}),
        ('attachment; filename="unclosed; x=y', "attachment", {"filename": '"unclosed', "x": "y"}),
        ("a; =b; ;;; c", "a", {}),
    ],
)
def test_parameters_are_read(written: str, value: str, parameters: dict[str, str]) -> None:
    assert parametrised(written) == Parametrised(value, parameters)


def test_thirty_parameters_are_enough() -> None:
    assert isinstance(parametrised("a" + "".join(f"; p{n}=1" for n in range(30))), Parametrised)
    assert parametrised("a" + "".join(f"; p{n}=1" for n in range(31))) == TOO_MANY_PARAMETERS
    assert parametrised("a" + "".join(f"; p*{n}*=1" for n in range(5_000))) == TOO_MANY_PARAMETERS


@pytest.mark.parametrize("nearly", ['; a="', "; a", ";", "; ", "\\", ' "', "; a*0*=%", "=", ";a=;"])
def test_reading_is_linear(nearly: str) -> None:
    begun = time.process_time()
    parametrised("text/plain" + nearly * (250_000 // len(nearly)))
    assert time.process_time() - begun < 2


@given(hostile, st.binary(max_size=80))
def test_nothing_makes_it_fail(text: str, block: bytes) -> None:
    assert isinstance(parametrised(text), Parametrised | Flaw)
    assert isinstance(read_fields(block), list | Flaw)
    assert isinstance(read_fields(b"A: b\r\n" + block), list | Flaw)
