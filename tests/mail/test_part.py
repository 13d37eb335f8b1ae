"""The parts of a MIME message, as written."""

import binascii

import pytest
from hypothesis import given

from posthouse.mail.dissect import Dissected, dissect
from posthouse.mail.message import Attachment
from posthouse.mail.part import Part, file_part, multipart, text_part
from posthouse.mail.split import OutputBroken
from tests.mail.hostile import hostile, scripts


def encoding(part: Part) -> str:
    return dict(part.headers)["Content-Transfer-Encoding"].split(":")[1].strip()


def raw(part: Part) -> bytes:
    return "".join(line for _, line in part.headers).encode() + b"\r\n" + b"".join(part.body)


def read(part: Part) -> bytes:
    found = dissect(raw(part))
    assert isinstance(found, Dissected)
    return found.leaves[0].content


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "7bit"),
        ("Hello\n\n\tBob & <b>co</b>\n.\nend", "7bit"),
        ("x" * 998, "7bit"),
        (f"{'x' * 998}\n{'x' * 998}", "7bit"),
        ("x" * 999, "quoted-printable"),
        (f"a\n{'x' * 999}", "quoted-printable"),
        ("trailing \nspace", "quoted-printable"),
        ("trailing\t", "quoted-printable"),
        ("From me", "quoted-printable"),
        ("a\nFrom me", "quoted-printable"),
        ("bell \x07 rings", "quoted-printable"),
        ("naïve, but mostly ASCII and long enough", "quoted-printable"),
        ("Ωμέγα", "base64"),
    ],
)
def test_text_is_written_in_the_plainest_encoding_that_keeps_it(text: str, expected: str) -> None:
    part = text_part("plain", text)
    assert encoding(part) == expected
    assert read(part).decode() == text.replace("\n", "\r\n")


@given(scripts | hostile.filter(lambda text: "\ud800" not in text))
def test_text_arrives_with_every_line_break_as_crlf(text: str) -> None:
    part = text_part("html", text)
    body = b"".join(part.body)
    assert body.isascii()
    assert body.count(b"\r") == body.count(b"\n") == body.count(b"\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 998
    assert not body.startswith(b"From ")
    assert b"\nFrom " not in body
    assert read(part).decode() == text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_no_mailbox_file_changes_a_line_that_begins_with_from() -> None:
    assert b"".join(text_part("plain", "From me\n From me\nFrom me").body) == b"=46rom me\r\n From me\r\n=46rom me"


@pytest.mark.parametrize("content", [b"", b"a", bytes(range(256)) * 9, b"\r\n.\r\n", b"From "])
def test_a_file_arrives_byte_for_byte(content: bytes) -> None:
    part = file_part(Attachment("a.bin", content))
    assert encoding(part) == "base64"
    assert read(part) == content
    assert all(len(line) <= 76 for line in b"".join(part.body).split(b"\r\n"))


def test_a_file_says_its_name_and_whether_it_is_shown() -> None:
    assert [line for _, line in file_part(Attachment("a.png", b"", "image/png", "i@d")).headers] == [
        "Content-Type: image/png\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Disposition: inline; filename=a.png\r\n",
        "Content-ID: <i@d>\r\n",
    ]
    assert file_part(Attachment("é b.png", b"")).headers[2] == (
        "Content-Disposition",
        "Content-Disposition: attachment; filename*=utf-8''%C3%A9%20b.png\r\n",
    )


def test_mail_inside_mail_travels_as_it_is_or_as_a_file() -> None:
    good, bad = b"Subject: x\r\n\r\nhi\r\n", b"Subject: x\n\nhi\n"
    as_mail, as_file = (file_part(Attachment("a.eml", content, "message/rfc822")) for content in (good, bad))
    assert (encoding(as_mail), read(as_mail)) == ("7bit", good)
    assert (encoding(as_file), read(as_file)) == ("base64", bad)
    assert dict(as_file.headers)["Content-Type"] == "Content-Type: application/octet-stream\r\n"
    for content in (b"", b"no line end", b"Subject: \xe9\r\n", b"a\r\n" + b"x" * 999, b"a\rb\r\n"):
        assert encoding(file_part(Attachment("a.eml", content, "message/rfc822"))) == "base64"


def test_a_boundary_is_in_none_of_the_parts() -> None:
    trap = text_part("plain", "--=_mixed_seed_0\n=_mixed_seed_1")
    written = raw(multipart("mixed", [trap, trap], "seed"))
    assert b'boundary="=_mixed_seed_2"' in written
    assert written.count(b"--=_mixed_seed_2") == 3
    assert raw(multipart("mixed", [trap, trap], "seed")) == written


def test_a_part_whose_headers_are_more_than_they_should_be_is_not_written() -> None:
    for kind in ("a/b\r\nX-Evil: 1", "a/b\nX-Evil: 1", "a/b\r\n\r\nevil"):
        with pytest.raises(OutputBroken):
            multipart("mixed", [file_part(Attachment("a", b"", kind))], "seed")


def test_base64_is_what_the_standard_library_makes_of_it() -> None:
    body = b"".join(file_part(Attachment("a", bytes(range(256)))).body)
    assert binascii.a2b_base64(body) == bytes(range(256))
