"""Headers as lines."""

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.field import Parametrised, read_fields
from posthouse.mail.field import parametrised as read_parametrised
from posthouse.mail.folding import addressed, date, parametrised, unstructured
from posthouse.mail.message import Address
from posthouse.mail.roll import read_roll
from posthouse.mail.split import header_names
from posthouse.mail.words import decode_words
from tests.mail.hostile import hostile, scripts

names = st.sampled_from(["Subject", "X-A", "X-" + "n" * 74])
texts = (scripts | hostile | st.text(max_size=200)).filter(
    lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)
)

encoded_word = re.compile(r"=\?[^? ]+\?[BQbq]\?[^? ]*\?=").search


def value_of(written: str) -> str:
    """What an independent reading of the lines gives back."""
    fields = read_fields(written.encode())
    assert isinstance(fields, list)
    (field,) = fields
    return field.value


@given(names, texts)
def test_free_text_is_one_header_and_reads_as_the_text(name: str, text: str) -> None:
    written = unstructured(name, text)
    assert header_names(written.encode() + b"\r\n") == [name]
    assert decode_words(value_of(written)) == text
    assert all(len(line) <= 76 for line in written.split("\r\n") if encoded_word(line) and name != "X-" + "n" * 74)


@given(
    st.text("ab c=?", max_size=300) | st.sampled_from(["x" * 998, "x" * 996, "y " * 400 + "y", "a" + " " * 200 + "b"])
)
def test_lines_break_at_spaces(text: str) -> None:
    lines = unstructured("Subject", text).split("\r\n")[:-1]
    assert all(line.strip() for line in lines)
    assert all(len(line) <= 78 or " " not in line.strip() or line.startswith("Subject: ") for line in lines)
    assert decode_words(value_of("\r\n".join(lines) + "\r\n")) == text


def test_a_long_word_is_not_torn() -> None:
    link = f"<https://example.com/{'x' * 970}>"
    assert unstructured("List-Unsubscribe", link) == f"List-Unsubscribe:\r\n {link}\r\n"
    assert unstructured("X-A", "x" * 500) == f"X-A: {'x' * 500}\r\n"


addresses = st.lists(
    st.builds(
        Address, st.sampled_from(["a@example.com", "é@example.com", f"{'x' * 64}@{'y' * 60}.example.com"]), texts
    ),
    min_size=1,
    max_size=5,
)


@given(addresses)
def test_mailboxes_read_as_they_were(people: list[Address]) -> None:
    written = addressed("To", people)
    assert header_names(written.encode() + b"\r\n") == ["To"]
    assert read_roll(value_of(written)) == [{"email": one.email, "name": one.name} for one in people]


def test_a_thousand_recipients_are_a_header_of_short_lines() -> None:
    written = addressed("To", [Address(f"person{n}@example.com", "Ann Lee") for n in range(1_000)])
    assert max(map(len, written.split("\r\n"))) <= 78


@given(texts)
def test_a_parameter_reads_as_it_was(text: str) -> None:
    written = parametrised("Content-Disposition", "attachment", [("filename", text)])
    assert header_names(written.encode() + b"\r\n") == ["Content-Disposition"]
    assert read_parametrised(value_of(written)) == Parametrised("attachment", {"filename": text})


@given(scripts.filter(bool))
def test_the_standard_library_reads_parameters_the_same(text: str) -> None:
    written = parametrised("Content-Disposition", "attachment", [("filename", text)])
    read = message_from_bytes(written.encode() + b"\r\n", policy=policy.default)
    assert read["Content-Disposition"].params["filename"] == text


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (0.0, "Thu, 01 Jan 1970 00:00:00 +0000"),
        (1795424707.9, "Mon, 23 Nov 2026 09:05:07 +0000"),
        (1835395200.0, "Tue, 29 Feb 2028 00:00:00 +0000"),
        (4102444799.0, "Thu, 31 Dec 2099 23:59:59 +0000"),
    ],
)
def test_a_date_is_written_in_english_and_utc(instant: float, written: str) -> None:
    assert date(instant) == written
