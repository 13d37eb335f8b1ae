"""A message as MIME: what is asked for, exactly, and nothing that anybody slipped in."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.attachment import TYPES
from posthouse.mail.message import Address, Attachment, Envelope, Message
from posthouse.mail.mime import Arrival, OutputBroken, decode, encode
from posthouse.mail.split import header_names
from posthouse.mail.text import body_flaw, line_flaw, name_flaw
from posthouse.mail.validate import Submission, validate
from tests.mail.hostile import TOKENS, hostile, scripts

ID = "019ab0c1-0000-7000-8000-000000000001"
ANN, BOB = Address("ann@example.com", "Ann"), Address("bob@example.net")
OURS = ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"]

LANGUAGES = {
    "Greek": "Καλημέρα κόσμε, τι κάνεις;",
    "Arabic": "مرحبا بالعالم، كيف حالك؟",
    "Chinese": "你好，世界！今天怎么样？",
    "Japanese": "こんにちは世界。お元気ですか？",
    "Cyrillic": "Привет, мир! Как дела?",
    "Hebrew": "שלום עולם",
    "emoji": "👩‍🚀👨‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ✓",
    "mostly ASCII": "naïve café, and a long line of plain words behind it",
}


def envelope(**fields: Any) -> Envelope:
    whole: dict[str, Any] = {"sender": ANN, "to": (BOB,), "subject": "Hi", "text": "Hello"} | fields
    return Envelope(ID, Message(**whole), 1795424707.9)


def theirs(raw: bytes) -> EmailMessage:
    """The message as the standard library reads it."""
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not [part.defects for part in read.walk() if part.defects]
    return read


def their_people(raw: bytes, header: str) -> list[tuple[str, str]]:
    """As the older half of the standard library reads them: the newer puts spaces between encoded words of a name."""
    values = message_from_bytes(raw).get_all(header, [])
    return [(str(make_header(decode_header(name))), email) for name, email in getaddresses(values)]


def content(part: Any) -> bytes:
    return bytes(part.get_payload(decode=True))


def test_a_small_message_is_written_like_this() -> None:
    assert encode(envelope()) == (
        b"Date: Mon, 23 Nov 2026 09:05:07 +0000\r\n"
        b"From: Ann <ann@example.com>\r\n"
        b"To: bob@example.net\r\n"
        b"Subject: Hi\r\n"
        b"Message-ID: <019ab0c1-0000-7000-8000-000000000001@example.com>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Hello\r\n"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_arrives_byte_for_byte(language: str) -> None:
    words = LANGUAGES[language]
    text, html = f"{words}\n" * 20, f"<p>{words}</p>\n" * 20
    file = Attachment(f"{words[:20].strip('?؟？;')}.pdf", words.encode("utf-16"), "application/pdf")
    picture = Attachment("p.png", bytes(range(256)), "image/png", "p@example.com")
    sent = envelope(
        sender=Address("ann@example.com", words),
        to=(Address("bob@example.net", words), Address("carl@example.net", words[::-1])),
        reply_to=(Address("r@example.com", words),),
        subject=words * 5,
        text=text,
        html=html,
        headers=(("X-Words", words),),
        attachments=(file, picture),
    )
    raw = encode(sent)
    assert raw.isascii()
    read = theirs(raw)
    assert read["Subject"] == words * 5
    assert read["X-Words"] == words
    for name, people in (
        ("From", (sent.message.sender,)),
        ("To", sent.message.to),
        ("Reply-To", sent.message.reply_to),
    ):
        assert their_people(raw, name) == [(one.name, one.email) for one in people]
    assert read.get_content_type() == "multipart/mixed"
    related, attached = read.iter_parts()
    alternative, shown = related.iter_parts()
    plain, rich = alternative.iter_parts()
    assert content(plain) == text.replace("\n", "\r\n").encode()
    assert content(rich) == html.replace("\n", "\r\n").encode()
    assert (content(attached), attached.get_filename()) == (file.content, file.filename)
    assert (content(shown), shown["Content-ID"], shown.get_content_disposition()) == (
        picture.content,
        "<p@example.com>",
        "inline",
    )
    assert related["Content-Type"].params["type"] == "multipart/alternative"


@pytest.mark.parametrize(
    ("fields", "tree"),
    [
        ({}, "text/plain"),
        ({"text": None, "html": "x"}, "text/html"),
        ({"html": "x"}, "multipart/alternative(text/plain text/html)"),
        ({"attachments": (Attachment("a", b""),)}, "multipart/mixed(text/plain application/octet-stream)"),
        (
            {"text": None, "html": "x", "attachments": (Attachment("a", b"", "image/png", "i"),)},
            "multipart/related(text/html image/png)",
        ),
        ({"attachments": (Attachment("a", b"", "image/png", "i"),)}, "multipart/mixed(text/plain image/png)"),
        (
            {"html": "x", "attachments": (Attachment("a", b"", "image/png", "i"), Attachment("b", b"", "text/csv"))},
            "multipart/mixed(multipart/related(multipart/alternative(text/plain text/html) image/png) text/csv)",
        ),
        ({"text": None}, "text/plain"),
    ],
)
def test_parts_are_nested_as_mail_programs_expect(fields: dict[str, Any], tree: str) -> None:
    def drawn(part: Any) -> str:
        inner = " ".join(map(drawn, part.iter_parts()))
        return f"{part.get_content_type()}({inner})" if inner else str(part.get_content_type())

    assert drawn(theirs(encode(envelope(**fields)))) == tree


def test_nobody_sees_a_blind_copy() -> None:
    hidden = Address("hidden@example.com", "Hidden")
    raw = encode(envelope(bcc=(hidden,), cc=(BOB,)))
    assert b"idden" not in raw
    alone = encode(envelope(to=(), bcc=(hidden,)))
    assert b"idden" not in alone
    assert theirs(alone)["To"] == "undisclosed-recipients:;"
    assert theirs(encode(envelope(to=(), cc=(BOB,))))["To"] is None


def test_the_headers_do_not_change_from_attempt_to_attempt() -> None:
    first = envelope(to=(BOB, ANN), html="x")
    again = msgspec.structs.replace(first, recipients=("bob@example.net",))
    assert encode(first) == encode(again)
    assert encode(first) != encode(msgspec.structs.replace(first, id=ID[:-1] + "2"))


def test_more_headers_may_be_asked_for() -> None:
    raw = encode(envelope(), [("X-Posthouse-Tag", "a"), ("X-Posthouse-Tag", "é")])
    assert theirs(raw).get_all("X-Posthouse-Tag") == ["a", "é"]


def test_an_international_local_part_goes_as_utf8() -> None:
    raw = encode(envelope(to=(Address("jürgen@example.com", "Jürgen"),)))
    assert "=?utf-8?q?J=C3=BCrgen?= <jürgen@example.com>\r\n".encode() in raw


def test_headers_of_the_senders_own_arrive_as_they_are() -> None:
    link = f"<https://example.com/u?t={'x' * 900}>"
    own = (("List-Unsubscribe", link), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), ("X-Empty", ""))
    read = theirs(encode(envelope(headers=own)))
    assert tuple((name, str(read[name])) for name, _ in own) == own


CORPUS = (
    "=?utf-8?q?a=0D=0ABcc:_v@example.com?=",
    "=?utf-8?b?YQ0KQmNjOiB2QGV4YW1wbGUuY29t?=",
    "=?us-ascii?Q?=0A?=",
    "a =?utf-8?q?=0D=0A?= b",
    "=?utf-8?q?a",
    "?=",
    "=?x?y?z?=",
)


@pytest.mark.parametrize("evil", CORPUS)
def test_an_encoded_word_in_the_input_is_only_text(evil: str) -> None:
    named = Address("ann@example.com", evil)
    file = Attachment(f"{evil}.pdf", b"")
    raw = encode(
        envelope(sender=named, to=(named,), subject=evil, headers=(("X-A", evil),), attachments=(file,)),
        [("X-B", evil)],
    )
    assert header_names(raw) == [*OURS[:-1], "X-A", "X-B", "Content-Type"]
    read = theirs(raw)
    assert [read["Subject"], read["X-A"], read["X-B"]] == [evil] * 3
    assert [read[name].addresses[0].display_name for name in ("From", "To")] == [evil] * 2
    assert read["Bcc"] is None


UNCHECKED = st.lists(st.sampled_from([token for token in TOKENS if token != "\ud800"]), max_size=6).map("".join)


@given(UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED, UNCHECKED)
def test_even_what_validation_would_have_refused_makes_no_header(
    name: str, subject: str, value: str, filename: str, kind: str, tag: str
) -> None:
    """I17: either exactly the headers that were asked for, or nothing at all."""
    person = Address("ann@example.com", name)
    file = Attachment(filename, b"x", kind, value)
    sent = envelope(
        sender=person,
        cc=(person,),
        subject=subject,
        text=value,
        html=subject,
        headers=(("X-A", value),),
        attachments=(file,),
    )
    try:
        raw = encode(sent, [("X-B", tag)])
    except OutputBroken:
        return
    assert sorted(header_names(raw)) == sorted([*OURS, "Cc", "X-A", "X-B"])
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")


@pytest.mark.parametrize("name", ["X-A\r\nBcc", "X-A: b\r\nBcc", "", "X A", "X-É", "X-A\nBcc"], ids=ascii)
def test_a_header_name_that_is_more_than_a_name_stops_the_message(name: str) -> None:
    with pytest.raises(OutputBroken):
        encode(envelope(headers=((name, "v@example.com"),)))
    with pytest.raises(OutputBroken):
        encode(envelope(), [(name, "v@example.com")])


def test_an_address_that_is_more_than_an_address_stops_the_message() -> None:
    for email in ("a@example.com>\r\nBcc: <v@example.com", "a@example.com\nBcc: v@example.com"):
        with pytest.raises(OutputBroken):
            encode(envelope(to=(Address(email),)))


def test_a_text_cannot_pretend_to_be_the_next_part() -> None:
    boundary = re.findall(rb'boundary="([^"]+)"', encode(envelope(html="x")))[0].decode()
    trap = f"--{boundary}\nContent-Type: text/html\n\n<script>\n--{boundary}--\n"
    raw = encode(envelope(text=trap, html="x"))
    plain, rich = theirs(raw).iter_parts()
    assert content(plain) == trap.replace("\n", "\r\n").encode()
    assert content(rich) == b"x"


lines = scripts | hostile.filter(lambda text: line_flaw(text) is None)
names = scripts | hostile.filter(lambda text: name_flaw(text) is None)
bodies = scripts | hostile.filter(lambda text: "\r" not in text and body_flaw(text) is None)
emails = st.sampled_from(["a@example.com", "b.c+d@example.net", "é@example.org", f"{'x' * 64}@example.com"])
people = st.lists(st.builds(Address, emails, names), max_size=4, unique_by=lambda one: one.email).map(tuple)
files = st.lists(
    st.builds(
        Attachment,
        filename=scripts.map(lambda text: text.strip() + ".x") | st.sampled_from(["a.pdf", "a;b.txt", "m.eml"]),
        content=st.binary(max_size=300) | st.just(b"Subject: x\r\n\r\nhi\r\n"),
        content_type=st.sampled_from([*TYPES.values(), "text/csv; charset=utf-8", "application/octet-stream"]),
        content_id=st.none(),
    ),
    max_size=3,
).map(tuple)
pictures = st.lists(
    st.builds(
        Attachment, st.just("p.png"), st.binary(max_size=50), st.just("image/png"), st.sampled_from(["a@b", "i", "x.y"])
    ),
    max_size=3,
    unique_by=lambda one: one.content_id,
).map(tuple)
messages: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    to=people,
    cc=people,
    bcc=st.just(["hidden@example.com"]),
    reply_to=people,
    subject=lines,
    text=bodies,
    html=st.none() | bodies,
    headers=st.dictionaries(st.sampled_from(["X-A", "X-Long-Name-Of-A-Header", "In-Reply-To"]), lines, max_size=3),
    attachments=st.tuples(pictures, files).map(lambda both: both[0] + both[1]),
)


@given(messages)
def test_what_was_encoded_decodes_to_the_same_message(fields: dict[str, Any]) -> None:
    """Every message that validation takes comes back as it was; a text that is alone may end in a line break more."""
    good = validate(
        {
            **fields,
            "from": {"email": "ann@example.com", "name": "Ann"},
            **{
                name: [{"email": one.email, "name": one.name} for one in fields[name]]
                for name in ("to", "cc", "reply_to")
            },
            "attachments": [msgspec.structs.asdict(file) for file in fields["attachments"]],
        }
    )
    if not isinstance(good, Submission):
        return
    sent = good.message
    raw = encode(Envelope(ID, sent, 0.0))
    arrived = decode(raw)
    assert isinstance(arrived, Arrival), arrived
    back = validate(arrived.fields | {"bcc": fields["bcc"]})
    assert isinstance(back, Submission), back
    alone = not sent.attachments and sent.html is None
    expected = msgspec.structs.replace(
        sent,
        text=back.message.text if alone and back.message.text == ended(sent.text) else sent.text,
        attachments=tuple(
            sorted(map(as_sent, sent.attachments), key=lambda file: not (file.inline and sent.html is not None))
        ),
    )
    assert back.message == expected


def ended(text: str | None) -> str | None:
    return None if text is None else f"{text}\n"


def as_sent(file: Attachment) -> Attachment:
    """Mail whose bytes cannot travel as mail goes as a file."""
    if file.content_type == "message/rfc822" and file.content != b"Subject: x\r\n\r\nhi\r\n":
        return msgspec.structs.replace(file, content_type="application/octet-stream")
    return file
