"""Address headers as mail programs write them."""

import time

import pytest
from hypothesis import given

from posthouse.mail.problem import Flaw
from posthouse.mail.roll import UNREADABLE, read_roll
from tests.mail.hostile import hostile


@pytest.mark.parametrize(
    ("written", "people"),
    [
        ("", []),
        ("a@example.com", [("a@example.com", "")]),
        ("a@example.com, b@example.com,", [("a@example.com", ""), ("b@example.com", "")]),
        ("Ann Lee <a@example.com>", [("a@example.com", "Ann Lee")]),
        ("Ann   Lee<a@example.com>", [("a@example.com", "Ann Lee")]),
        ('"Lee, Ann" <a@example.com>, Bob <b@example.com>', [("a@example.com", "Lee, Ann"), ("b@example.com", "Bob")]),
        (r'"the \"A\" \\"  <a@example.com>', [("a@example.com", 'the "A" \\')]),
        ('"  spaces  kept "<a@example.com>', [("a@example.com", "  spaces  kept ")]),
        ('Ann "the A" Lee <a@example.com>', [("a@example.com", "Ann the A Lee")]),
        ("a@example.com (Ann (the A))", [("a@example.com", "")]),
        ("(first) Ann (middle\\)) Lee <a@example.com> (last)", [("a@example.com", "Ann Lee")]),
        ("=?utf-8?q?=C3=A9?= =?utf-8?q?e?= <a@example.com>", [("a@example.com", "ée")]),
        (
            "=?utf-8?q?Lee,_Ann:_<A>?= <a@example.com>, b@example.com",
            [("a@example.com", "Lee, Ann: <A>"), ("b@example.com", "")],
        ),
        ("a=b@example.com", [("a=b@example.com", "")]),
        ('"=?utf-8?q?=C3=A9?=" <a@example.com>', [("a@example.com", "é")]),
        ("undisclosed-recipients:;", []),
        (
            "Team: a@example.com, B <b@example.com>;, c@example.com",
            [("a@example.com", ""), ("b@example.com", "B"), ("c@example.com", "")],
        ),
        ("<@relay.example.com:a@example.com>", [("@relay.example.com:a@example.com", "")]),
        ("a@example.com; b@example.com", [("a@example.com", ""), ("b@example.com", "")]),
        ("Ann Lee", [("Ann Lee", "")]),
        ("<>", [("", "")]),
    ],
)
def test_a_roll_is_read(written: str, people: list[tuple[str, str]]) -> None:
    assert read_roll(written) == [{"email": email, "name": name} for email, name in people]


@pytest.mark.parametrize(
    "written",
    ['"Ann <a@example.com>', "Ann <a@example.com", "(a@example.com", "A <a@example.com> <b@example.com>", "\\", '"\\'],
)
def test_what_is_not_closed_is_not_guessed(written: str) -> None:
    assert read_roll(written) == (UNREADABLE if written != "\\" else [{"email": "\\", "name": ""}])


@pytest.mark.parametrize(
    "bomb",
    [
        "(",
        "(a) ",
        '"" ',
        '"a',
        "<",
        "a,",
        "a:",
        "\\",
        " ",
        "=?utf-8?q?a?= ",
        "=?",
        "=?a?q?",
        "a <b>,",
        "(" * 50 + ")" * 50,
    ],
)
def test_reading_is_linear(bomb: str) -> None:
    begun = time.process_time()
    read_roll(bomb * (250_000 // len(bomb)))
    assert time.process_time() - begun < 3


@given(hostile)
def test_nothing_makes_it_fail(text: str) -> None:
    assert isinstance(read_roll(text), list | Flaw)
