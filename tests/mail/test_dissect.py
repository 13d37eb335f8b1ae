"""MIME bytes taken apart, and the bombs that are not."""

import base64
import time
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.dissect import BAD_ENCODING, NO_BOUNDARY, TOO_DEEP, TOO_LARGE, TOO_MANY_PARTS, Dissected, dissect
from posthouse.mail.field import BAD_LINE, TOO_MANY, TOO_MANY_PARAMETERS, Field, Parametrised
from posthouse.mail.problem import Flaw
from tests.mail.hostile import TOKENS

TWO_PARTS = b"""\
Subject: x
Content-Type: multipart/mixed; boundary="b"

preamble
--b
Content-Type: text/plain; charset=utf-8

one
two
--b-
--b  \t
Content-Type: application/pdf
Content-Disposition: attachment; filename=a.pdf
Content-Transfer-Encoding: BASE64
Content-ID: <i@d>

YW
Jj
--b--
--b
not a part any more
"""


def contents(raw: bytes) -> list[bytes] | Flaw:
    found = dissect(raw)
    return found if isinstance(found, Flaw) else [leaf.content for leaf in found.leaves]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_parts_are_found_with_either_line_end(line_end: bytes) -> None:
    found = dissect(TWO_PARTS.replace(b"\n", line_end))
    assert isinstance(found, Dissected)
    assert found.fields[0] == Field("Subject", "x")
    assert found.type.value == "multipart/mixed"
    text, file = found.leaves
    assert text.type == Parametrised("text/plain", {"charset": "utf-8"})
    assert text.content == line_end.join((b"one", b"two", b"--b-"))
    assert (file.content, file.content_id, file.disposition.parameters) == (b"abc", "i@d", {"filename": "a.pdf"})


@pytest.mark.parametrize(
    ("raw", "bodies"),
    [
        (b"", [b""]),
        (b"\r\nonly a body", [b"only a body"]),
        (b"\nonly a body", [b"only a body"]),
        (b"Subject: only a header", [b""]),
        (b"A: b\r\n\r\n", [b""]),
        (b"A: b\r\n\nmixed", [b"mixed"]),
        (b"Content-Type: multipart/x; boundary=b\n\n--b\n\none\n--b\n\ntwo", [b"one", b"two"]),
        (b"Content-Type: multipart/x; boundary=b\n\n--b\n--b\n--b--", [b"", b""]),
        (b"Content-Type: multipart/x; boundary=b\n\n--b\n\n\n--b--", [b""]),
        (b"Content-Type: multipart/x; boundary=b\n\n--b\n\nx--b\n--bb\n --b\n--b--", [b"x--b\n--bb\n --b"]),
        (b"Content-Transfer-Encoding: quoted-printable\n\na=3D=\nb=C3=A9", [b"a=b\xc3\xa9"]),
        (b"Content-Transfer-Encoding: base64\n\n", [b""]),
        (b"Content-Transfer-Encoding: 8bit\n\n\xe9", [b"\xe9"]),
    ],
)
def test_odd_but_readable_messages_are_read(raw: bytes, bodies: list[bytes]) -> None:
    assert contents(raw) == bodies


@pytest.mark.parametrize(
    ("raw", "flaw"),
    [
        (b"no header\r\n\r\n", BAD_LINE),
        (b"Content-Type: multipart/mixed\n\nx", NO_BOUNDARY),
        (b"Content-Type: multipart/mixed; boundary=b\n\nx", NO_BOUNDARY),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b--", NO_BOUNDARY),
        (b"Content-Transfer-Encoding: x-uuencode\n\nx", BAD_ENCODING),
        (b"Content-Transfer-Encoding: base64\n\nYW?j", BAD_ENCODING),
        (b"Content-Transfer-Encoding: base64\n\nYWJ", BAD_ENCODING),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\nno header\n\n--b--", BAD_LINE),
        (b"Content-Disposition: x" + b"; a=b" * 31 + b"\n\nx", TOO_MANY_PARAMETERS),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(raw: bytes, flaw: Flaw) -> None:
    assert dissect(raw) == flaw


def nested(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)) + b"\nx"


def divided(parts: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * parts


BOMBS = {
    "parameters": (
        b"Content-Type: x" + b"".join(b";\n p*%d*=x" % n for n in range(5_000)) + b"\n\n",
        TOO_MANY_PARAMETERS,
    ),
    "parts": (divided(50_000), TOO_MANY_PARTS),
    "nesting": (nested(2_000), TOO_DEEP),
    "one long line": (b"To: " + b"a@example.com," * 8_000 + b"\n\n", BAD_LINE),
    "headers": (b"A: b\n" * 50_000, TOO_MANY),
    "header bytes": (b"A: " + b"b\n " * 100_000 + b"\n\n", TOO_LARGE),
    "no end of headers": (b"A: b" + b"x" * 1_000_000, TOO_LARGE),
    "parts in parts": (
        b"Content-Type: multipart/x; boundary=b\n\n" + b"--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\n" * 150,
        TOO_MANY_PARTS,
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(bomb: str) -> None:
    raw, flaw = BOMBS[bomb]
    begun = time.process_time()
    assert dissect(raw) == flaw
    assert time.process_time() - begun < 1


def test_the_limits_themselves_are_allowed() -> None:
    assert contents(nested(10)) == [b"x"]
    assert contents(nested(11)) == TOO_DEEP
    assert contents(divided(199)) == [b"x"] * 198 + [b"x\n"]
    assert contents(divided(200)) == TOO_MANY_PARTS


@pytest.mark.parametrize("nearly", [b"--b", b"\n--b", b"\n--bx", b"--b--", b"-", b"\n"])
def test_near_boundaries_cost_no_more_than_their_length(nearly: bytes) -> None:
    begun = time.process_time()
    dissect(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + nearly * (2_000_000 // len(nearly)))
    assert time.process_time() - begun < 3


BITS = [
    *(token.encode("utf-8", "replace") for token in TOKENS),
    *(
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: text/html; charset=x\r\n",
        b"\r\n--b\r\n",
        b"--b--",
    ),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n", b"YQ==", b"\xff"),
]


@given(st.lists(st.sampled_from(BITS), max_size=30).map(b"".join) | st.binary(max_size=200))
def test_nothing_makes_it_fail(raw: bytes) -> None:
    assert isinstance(dissect(raw), Dissected | Flaw)


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_the_standard_library_finds_the_same_parts(files: list[bytes]) -> None:
    parts = [
        b"--=_b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(file).replace(b"\n", b"\r\n")
        for file in files
    ]
    raw = b'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n' + b"\r\n".join([*parts, b"--=_b--\r\n"])
    theirs = [part.get_payload(decode=True) for part in message_from_bytes(raw, policy=policy.default).iter_parts()]
    assert contents(raw) == theirs == files
