"""Other people's character sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.charset import decoded


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        *(("Ελληνικά", name) for name in ("utf-8", "UTF-8", "iso-8859-7", "windows-1253")),
        *(("Кириллица", name) for name in ("koi8-r", "windows-1251", "utf-16")),
        *(("中文", name) for name in ("gb2312", "gbk", "big5", "gb18030")),
        *(("日本語", name) for name in ("iso-2022-jp", "shift_jis", "euc-jp")),
        ("한국어", "euc-kr"),
        ("مرحبا", "windows-1256"),
    ],
)
def test_the_character_sets_of_mail_are_known(text: str, charset: str) -> None:
    assert decoded(text.encode(charset), charset) == text


def test_mail_that_lies_is_read_as_what_it_is() -> None:
    assert decoded("é✓".encode(), "us-ascii") == "é✓"
    assert decoded("é✓".encode(), "iso-8859-1") == "é✓"
    assert decoded("é✓".encode(), "x-unknown") == "é✓"
    assert decoded(b"caf\xe9 \x80", "utf-8") == "café €"
    assert decoded(b"caf\xe9", "us-ascii") == "café"
    assert decoded("é✓".encode(), "iso-8859-99") == "é✓"


@pytest.mark.parametrize(
    "codec", ["zlib", "rot13", "unicode_escape", "punycode", "idna", "utf-7", "base64", "undefined", "../x", ""]
)
def test_a_codec_that_is_no_character_set_is_not_used(codec: str) -> None:
    assert decoded(b"\\x41+AEE-", codec) == "\\x41+AEE-"


@given(
    st.binary(max_size=60),
    st.text(max_size=10) | st.sampled_from(["utf-8", "iso-2022-jp", "utf-16", "hz", "big5", "cp932"]),
)
def test_nothing_makes_it_fail(data: bytes, charset: str) -> None:
    decoded(data, charset)
