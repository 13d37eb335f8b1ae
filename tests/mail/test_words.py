"""Text in headers as ASCII, and back."""

from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.message import Address
from posthouse.mail.words import ascii_text, decode_words, encoded_word, encoded_words, mailboxes
from tests.mail.hostile import hostile, scripts

unicode = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@given(unicode | scripts, st.integers(25, 75))
def test_encoded_words_are_short_ascii_and_read_as_the_text(text: str, first: int) -> None:
    words = encoded_words(text, first)
    assert len(words[0]) <= first
    assert all(word.isascii() and " " not in word and len(word) <= 75 for word in words)
    assert decode_words(" ".join(words)) == decode_words("\t ".join(words)) == text


@given(unicode | scripts | hostile.filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)))
def test_ascii_text_is_ascii_on_one_line_and_reads_as_the_text(text: str) -> None:
    for written in (ascii_text(text), encoded_word(text)):
        assert written.isascii()
        assert written.isprintable()
        assert decode_words(written) == text


@given(scripts.filter(lambda text: text.strip() == text and "  " not in text))
def test_the_standard_library_reads_it_too(text: str) -> None:
    assert str(make_header(decode_header(ascii_text(text)))) == text


def test_what_is_plain_stays_as_it_is() -> None:
    assert ascii_text("Your order = 17?") == encoded_word("Your order = 17?") == "Your order = 17?"
    assert ascii_text("") == encoded_word("") == ""


def test_what_only_looks_encoded_is_encoded() -> None:
    assert ascii_text("=?utf-8?q?a=0D=0ABcc:?=") == "=?utf-8?b?PT91dGYtOD9xP2E9MEQ9MEFCY2M6Pz0=?="


def test_the_shorter_encoding_is_taken() -> None:
    assert ascii_text("naïve and long enough to be worth it") == "=?utf-8?q?na=C3=AFve_and_long_enough_to_be_worth_it?="
    assert ascii_text("你好") == "=?utf-8?b?5L2g5aW9?="


def test_a_file_name_is_one_word_however_long() -> None:
    assert encoded_word("é" * 255).count("=?utf-8?b?") == 1


def test_mailboxes_are_written_as_rfc_5322_has_them() -> None:
    addresses = [
        Address("a@example.com"),
        Address("b@example.com", "Bob O'Neil"),
        Address("c@example.com", 'Lee, "C"'),
        Address("d@example.com", "John Q. Public"),
        Address("e@example.com", "=?x?="),
        Address("é@example.com", "é"),
        Address("f@example.com", " f "),
    ]
    assert mailboxes(addresses) == (
        "a@example.com, Bob O'Neil <b@example.com>, "
        r'"Lee, \"C\"" <c@example.com>, "John Q. Public" <d@example.com>, '
        "=?utf-8?b?PT94Pz0=?= <e@example.com>, =?utf-8?b?w6k=?= <é@example.com>, "
        '" f " <f@example.com>'
    )


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("plain", "plain"),
        ("=?iso-8859-1?Q?a?= b", "a b"),
        ("=?iso-8859-1?Q?a?= =?iso-8859-1?Q?b?=", "ab"),
        ("=?iso-8859-1?Q?a_b?=", "a b"),
        ("=?UTF-8?B?4pyTIOKckw?=", "✓ ✓"),
        ("=?utf-8*en?q?=E2=9C=93?=", "✓"),
        ("=?utf-8?b?4pw=?= =?utf-8?b?kw==?=", "✓"),
        ("=?windows-1251?Q?=CF=F0=E8?=", "При"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?nonsense?q?=E2=9C=93?=", "✓"),
        ("=?utf-8?q?=FF?=", "ÿ"),
        ("=?utf-8?b?!?=", ""),
        ("=?utf-8?b?A?=", "A"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
        ("a=?utf-8?q?b?=c", "abc"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?utf-8?q?a=0D=0Ab?=", "a\r\nb"),
    ],
)
def test_words_are_read_as_mail_programs_write_them(written: str, text: str) -> None:
    assert decode_words(written) == text


@given(hostile)
def test_nothing_makes_reading_fail(text: str) -> None:
    decode_words(text)


def test_reading_is_linear() -> None:
    assert decode_words("=?utf-8?q?a?= " * 20_000) == "a" * 20_000 + " "
    for nearly in ("=?a?q?", "=?", "=?utf-8?q?a", "?="):
        decode_words(nearly * 50_000)
