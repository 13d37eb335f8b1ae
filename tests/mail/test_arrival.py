"""MIME as it arrives, read into fields."""

from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.arrival import Arrival, decode
from posthouse.mail.problem import CODES, Refusal
from posthouse.mail.validate import Submission, validate
from tests.mail.test_dissect import BITS, divided, nested


def fields(raw: bytes) -> dict[str, Any]:
    found = decode(raw)
    assert isinstance(found, Arrival), found
    return found.fields


def problems(raw: bytes) -> list[tuple[str, str]]:
    found = decode(raw)
    return [(problem.code, problem.field) for problem in found.problems] if isinstance(found, Refusal) else []


HEAD = b"From: Ann <ann@example.com>\r\nTo: bob@example.com\r\n"


def test_the_headers_of_a_message_become_fields() -> None:
    raw = """\
From: =?utf-8?q?Ann_=C3=89?= <ann@example.com>
To: "B, ob" <bob@example.com>,
\tcarl@example.com
Cc: Team: d@example.com;
Bcc: e@example.com
Reply-To: r@example.com
Subject: =?iso-8859-1?q?caf=E9?=
 =?iso-8859-1?q?_au_lait?=
In-Reply-To: <1@example.com>
X-Mailer: m
Date: Mon, 23 Nov 2026 09:05:07 +0000
Message-ID: <2@example.com>
Received: from a
Received: from b
DKIM-Signature: v=1
ARC-Seal: i=1
MIME-Version: 1.0
Content-Language: en
Sender: s@example.com

hi
""".replace("\n", "\r\n").encode()
    assert fields(raw) == {
        "from": {"email": "ann@example.com", "name": "Ann É"},
        "to": [{"email": "bob@example.com", "name": "B, ob"}, {"email": "carl@example.com", "name": ""}],
        "cc": [{"email": "d@example.com", "name": ""}],
        "bcc": [{"email": "e@example.com", "name": ""}],
        "reply_to": [{"email": "r@example.com", "name": ""}],
        "subject": "café au lait",
        "headers": {"In-Reply-To": "<1@example.com>", "X-Mailer": "m"},
        "text": "hi\n",
    }


def test_headers_that_speak_to_posthouse_are_read_and_removed() -> None:
    raw = HEAD + (
        b"x-posthouse-class: otp\r\nX-Posthouse-Tag: a\r\nX-Posthouse-Tag: =?utf-8?q?=C3=A9?=\r\n"
        b"X-Posthouse-Metadata-Order: 17\r\nX-POSTHOUSE-METADATA-b: 2\r\nIdempotency-Key: k1\r\n\r\nhi"
    )
    found = decode(raw)
    assert isinstance(found, Arrival)
    assert found.idempotency_key == "k1"
    assert {name: found.fields.get(name) for name in ("class", "tags", "metadata", "headers")} == {
        "class": "otp",
        "tags": ["a", "é"],
        "metadata": {"Order": "17", "b": "2"},
        "headers": None,
    }


def test_a_sender_who_is_nobody_is_left_to_the_pool() -> None:
    assert "from" not in fields(b"From: \r\nTo: bob@example.com\r\n\r\nhi")


def test_headers_that_steer_a_provider_are_not_swallowed() -> None:
    for name in (b"X-SMTPAPI", b"X-Mailgun-Tag", b"X-Posthouse-Pool"):
        found = validate(fields(HEAD + name + b": x\r\n\r\nhi"))
        assert isinstance(found, Refusal)
        assert found.problems[0].code == "header-reserved"


def test_an_encoded_line_break_does_not_pass() -> None:
    evil = b"=?utf-8?q?a=0D=0ABcc:_v@example.com?="
    for header in (b"Subject: " + evil, b"X-A: " + evil, b"Cc: " + evil + b" <c@example.com>"):
        found = validate(fields(HEAD + header + b"\r\n\r\nhi"))
        assert isinstance(found, Refusal)


def test_a_message_of_the_standard_library_arrives_whole() -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Ann É <ann@example.com>", "bob@example.com", "Ωμέγα 👩‍🚀"
    mail.set_content("Καλημέρα\nκόσμε\n")
    mail.add_alternative('<p>Καλημέρα <img src="cid:logo@example.com"></p>\n', subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(b"png", "image", "png", cid="<logo@example.com>", filename="logo.png")  # type: ignore[union-attr]
    mail.add_attachment(b"%PDF", "application", "pdf", filename="Übersicht.pdf")
    mail.add_attachment("a;b\n", subtype="csv", filename="a.csv")
    found = fields(mail.as_bytes())
    assert (found["text"], found["html"]) == ("Καλημέρα\nκόσμε\n", '<p>Καλημέρα <img src="cid:logo@example.com"></p>\n')
    assert found["attachments"] == [
        {"filename": "logo.png", "content": b"png", "content_type": "image/png", "content_id": "logo@example.com"},
        {"filename": "Übersicht.pdf", "content": b"%PDF", "content_type": "application/pdf", "content_id": None},
        {"filename": "a.csv", "content": b"a;b\r\n", "content_type": "text/csv; charset=utf-8", "content_id": None},
    ]
    assert isinstance(validate(found), Submission)


PARTS = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def test_a_second_text_becomes_a_file() -> None:
    second = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ntwo\r\n"
    parts = b"--b\r\n\r\none\r\n" + second + b"--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--"
    found = fields(HEAD + PARTS + parts)
    assert (found["text"], found["html"]) == ("one", "<p>")
    assert found["attachments"] == [
        {"filename": "part-1.txt", "content": b"two", "content_type": "text/plain; charset=utf-8", "content_id": None}
    ]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Content-Type: text/plain\r\nContent-Disposition: attachment", ("part-1.txt", "text/plain", None)),
        (b"Content-Type: text/plain; name=a.txt", ("a.txt", "text/plain", None)),
        (b'Content-Disposition: attachment; filename="C:\\\\x\\\\a.pdf"', ("a.pdf", "text/plain", None)),
        (
            b"Content-Type: text/calendar; method=REQUEST; charset=utf-8",
            ("part-1.ics", "text/calendar; method=REQUEST; charset=utf-8", None),
        ),
        (b"Content-Type: image/png\r\nContent-ID: <i@d>", ("part-1.png", "image/png", "i@d")),
        (
            b"Content-Type: image/png\r\nContent-ID: <i@d>\r\nContent-Disposition: attachment",
            ("part-1.png", "image/png", None),
        ),
        (
            b"Content-Type: image/png\r\nContent-ID: <shown@d>\r\nContent-Disposition: attachment",
            ("part-1.png", "image/png", "shown@d"),
        ),
        (b"Content-Type: image/png\r\nContent-ID: <i d>", ("part-1.png", "image/png", None)),
        (b"Content-Type: not a type; x=y", ("part-1.bin", "application/octet-stream", None)),
        (b"Content-Type: message/rfc822", ("part-1.eml", "message/rfc822", None)),
        (b'Content-Type: application/pdf; name="=?utf-8?q?=C3=A9.pdf?="', ("é.pdf", "application/pdf", None)),
    ],
)
def test_files_are_named_and_typed_as_well_as_they_can_be(head: bytes, expected: tuple[str, str, str | None]) -> None:
    html = b"--b\r\nContent-Type: text/html\r\n\r\n<img src=cid:shown@d>\r\n"
    found = fields(HEAD + PARTS + html + b"--b\r\n" + head + b"\r\n\r\nx\r\n--b--")
    (file,) = found["attachments"]
    assert (file["filename"], file["content_type"], file["content_id"]) == expected
    assert isinstance(validate(found), Submission)


def test_a_scanner_that_sends_a_file_and_no_word_is_understood() -> None:
    found = fields(
        HEAD + b"Content-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==\r\n"
    )
    assert (found["text"], found["attachments"][0]["content"]) == ("", b"a")
    assert isinstance(validate(found), Submission)


REACHED = {
    "mime-headers-too-large": b"A: " + b"b\n " * 100_000,
    "mime-headers-too-many": b"A: b\n" * 501,
    "mime-header-line": b"no header\n\nx",
    "mime-header-repeated": HEAD + b"to: c@example.com\r\n\r\nx",
    "mime-loop": HEAD + b"Received: x\r\n" * 31 + b"\r\nx",
    "mime-parts-too-many": divided(300),
    "mime-too-deep": nested(20),
    "mime-parameters-too-many": b"Content-Type: x" + b"; a=b" * 31 + b"\n\nx",
    "mime-boundary": b"Content-Type: multipart/mixed; boundary=b\n\nx",
    "mime-transfer-encoding": b"Content-Transfer-Encoding: base64\n\n?",
    "mime-sealed": b"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--",
}


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("mime-")])
def test_every_code_can_be_reached(code: str) -> None:
    assert [found for found, _ in problems(REACHED[code])] == [code]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"From: a@example.com, b@example.com\r\nSubject: x", [("address-many", "from")]),
        (b'From: "a\r\nTo: (b', [("address-invalid", "from"), ("address-invalid", "to")]),
        (b"X-A: 1\r\nx-a: 2", [("header-repeated", "headers.x-a")]),
        (
            b"Subject: a\r\nsubject: b\r\nFrom: a@example.com\r\nFrom: b@example.com",
            [("mime-header-repeated", "from"), ("mime-header-repeated", "subject")],
        ),
    ],
)
def test_what_has_two_readings_is_refused(head: bytes, expected: list[tuple[str, str]]) -> None:
    assert problems(head + b"\r\n\r\nx") == expected


@given(st.lists(st.sampled_from([HEAD, *BITS]), max_size=30).map(b"".join) | st.binary(max_size=200))
def test_nothing_makes_it_fail(raw: bytes) -> None:
    found = decode(raw)
    if isinstance(found, Arrival):
        assert isinstance(validate(found.fields), Submission | Refusal)
