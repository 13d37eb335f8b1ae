"""Letters as people write them: several scripts, attachments, images inside the text; and how to read them again.

They are read with the standard library, which took no part in writing them.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from random import Random
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec

PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
ALL_BYTES: Final = bytes(range(256)) * 40
PDF: Final = b"%PDF-1.7\r\n" + Random(7).randbytes(100_000) + b"\n%%EOF\r"
LINES: Final = b"From here\r\n.\r\n..\n--boundary\r\n" + b"x" * 5000 + b"\r\r\n\n"


class File(msgspec.Struct, frozen=True):
    """content_id: where it is shown inside the HTML."""

    filename: str
    content: bytes
    content_type: str
    content_id: str | None = None


class Person(NamedTuple):
    email: str
    name: str = ""


class Letter(msgspec.Struct, frozen=True):
    """name: of the letter itself, for those who read what the tests say."""

    name: str
    sender: Person
    to: tuple[Person, ...]
    subject: str
    text: str
    html: str | None = None
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    headers: dict[str, str] = {}
    files: tuple[File, ...] = ()

    @property
    def envelope(self) -> list[str]:
        """Everybody it goes to."""
        return [person.email for person in (*self.to, *self.cc, *self.bcc)]


GREEK: Final = Letter(
    name="greek",
    sender=Person("post@example.com", "Ταχυδρομείο"),
    to=(Person("library@example.org", "Βιβλιοθήκη"),),
    cc=(Person("archive@example.net", "Αρχείο, το παλιό"),),
    reply_to=(Person("answers@example.com", "Απαντήσεις"),),
    subject="Καλημέρα από την Αθήνα — το τιμολόγιό σας είναι έτοιμο και περιμένει να το δείτε",
    text="Αγαπητή βιβλιοθήκη,\n\nσας στέλνουμε το τιμολόγιο.\n.\nFrom εδώ\n",
    html='<p>Αγαπητή <b>βιβλιοθήκη</b>,<br><img src="cid:logo@example.com"></p>\n',
    headers={"X-Campaign": "Άνοιξη"},
    files=(
        File("λογότυπο.png", PNG, "image/png", "logo@example.com"),
        File("τιμολόγιο αρ. 17.pdf", PDF, "application/pdf"),
    ),
)
ARABIC: Final = Letter(
    name="arabic",
    sender=Person("post@example.com", "مكتب البريد"),
    to=(Person("library@example.org", "المكتبة"), Person("archive@example.net", "الأرشيف")),
    subject="مرحبا بالعالم",
    text="السلام عليكم\n\nهذه رسالة من اليمين إلى اليسار، وفيها 123 و English.\n",
    html='<div dir="rtl">السلام عليكم</div>',
    files=(File("تقرير سنوي.csv", "الاسم,العدد\r\nكتاب,٣\r\n".encode(), "text/csv; charset=utf-8"),),
)
CHINESE: Final = Letter(
    name="chinese",
    sender=Person("post@example.com", "邮局"),
    to=(Person("library@example.org", "图书馆"),),
    bcc=(Person("archive@example.net"),),
    subject="您好，这是一封很长的邮件主题，用来检查编码字在行与行之间是否正确地折叠而不会把一个汉字切成两半",
    text="尊敬的客户：\n" + "这是没有空格的很长的一行。" * 200 + "\n此致",
    html='<p>尊敬的客户<img src="cid:a.png"><img src="cid:b.png"></p>',
    files=(
        File("图一.png", PNG, "image/png", "a.png"),
        File("图二.png", PNG + b"\x00", "image/png", "b.png"),
        File("说明书（第二版）.bin", ALL_BYTES, "application/octet-stream"),
    ),
)
EMOJI: Final = Letter(
    name="emoji",
    sender=Person("post@example.com", "🐎 Posthouse"),
    to=(Person("ann@example.org", "Ann 👩‍👩‍👧‍👦"),),
    subject="👋🏽 Hello 🌍! Zwölf Boxkämpfer jagen Viktor 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    text="🎉" * 500 + "\n\tTabs\tand trailing spaces   \n\n\n=20 =?utf-8?q?not_an_encoded_word?=\n",
    files=(File("🎁 für dich.txt", "Überraschung! 🎁\n".encode(), "text/plain"),),
)
CYRILLIC: Final = Letter(
    name="cyrillic",
    sender=Person("post@example.com", "Почта, «Россия»"),
    to=(Person("library@example.org", "Библиотека имени Почты"),),
    cc=(Person("archive@example.net", "Архив"),),
    bcc=(Person("hidden@example.net", "Скрыто"),),
    subject="Отчёт за ноябрь",
    text="Здравствуйте!\n-- \nС уважением,\nПочта",
    html="<p>Здравствуйте!</p>",
    files=(
        File("отчёт.tar.gz", LINES, "application/gzip"),
        File("письмо.eml", b"From: a@example.com\r\nSubject: x\r\n\r\nbody\r\n", "message/rfc822"),
        File("пустой", b"", "application/octet-stream"),
        File("страница.html", "<p>Привет</p>".encode(), "text/html; charset=utf-8"),
    ),
)
LETTERS: Final = (GREEK, ARABIC, CHINESE, EMOJI, CYRILLIC)


# Three ways to post one.

Posted = tuple[str, bytes]
"""Content-Type and body."""

BOUNDARY: Final = "----formBoundary7MA4YWxkTrZu0gW"


def as_json(letter: Letter) -> Posted:
    people = {"to": letter.to, "cc": letter.cc, "bcc": letter.bcc, "reply_to": letter.reply_to}
    fields: dict[str, Any] = {
        "from": letter.sender._asdict(),
        **{field: [person._asdict() for person in several] for field, several in people.items()},
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "headers": letter.headers or None,
        "attachments": [{**msgspec.to_builtins(f), "content": b64encode(f.content).decode()} for f in letter.files],
    }
    return "application/json", json.dumps(fields, ensure_ascii=False).encode()


def as_form(letter: Letter) -> Posted:
    """As browsers and curl write it: names of files in UTF-8, as they are."""
    return _form(letter, lambda filename: f'filename="{filename}"')


def as_extended_form(letter: Letter) -> Posted:
    """As several libraries write it: names of files as RFC 2231 says (urllib3 1.26 does so, and reqwest)."""
    return _form(letter, lambda filename: f"filename*=utf-8''{quote(filename, safe='')}")


def _form(letter: Letter, named: Callable[[str], str]) -> Posted:
    people = [("from", (letter.sender,)), ("to", letter.to), ("cc", letter.cc), ("bcc", letter.bcc)]
    pairs = [(field, mailbox(one)) for field, several in [*people, ("reply_to", letter.reply_to)] for one in several]
    pairs += [("subject", letter.subject), ("text", letter.text)]
    pairs += [("html", letter.html)] if letter.html is not None else []
    parts = [(f'name="{name}"', "", value.encode()) for name, value in pairs]
    for file in letter.files:
        name, filename = ("attachment", file.filename) if file.content_id is None else ("inline", file.content_id)
        parts.append((f'name="{name}"; {named(filename)}', file.content_type, file.content))
    written = []
    for disposition, kind, content in parts:
        typed = f"Content-Type: {kind}\r\n" if kind else ""
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{typed}\r\n"
        written += [head.encode(), content, b"\r\n"]
    return f"multipart/form-data; boundary={BOUNDARY}", b"".join([*written, f"--{BOUNDARY}--\r\n".encode()])


def mailbox(person: Person) -> str:
    return f'"{person.name}" <{person.email}>' if person.name else person.email


def unchanged(letter: Letter) -> Letter:
    return letter


def of_a_form(letter: Letter) -> Letter:
    """What a form can tell of it: no headers, and an image inside goes by its content id alone."""
    files = [msgspec.structs.replace(f, filename=f.content_id or f.filename) for f in letter.files]
    return msgspec.structs.replace(letter, headers={}, files=tuple(files))


WAYS: Final[dict[str, tuple[Callable[[Letter], Posted], Callable[[Letter], Letter]]]] = {
    "json": (as_json, unchanged),
    "form": (as_form, of_a_form),
    "extended form": (as_extended_form, of_a_form),
}
"""How it is posted, and what of it must arrive."""


# What arrived.


def compare(raw: bytes, letter: Letter, id: str) -> None:
    """Whether these bytes are this letter, field by field and part by part. id: Posthouse's."""
    well_formed(raw)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not any(part.defects for part in message.walk())
    names = [name.lower() for name in message.keys()]  # noqa: SIM118  a mapping with repeated keys
    assert len(names) == len(set(names))
    assert "bcc" not in names
    assert message["Message-ID"] == f"<{id}@{letter.sender.email.rpartition('@')[2]}>"
    assert message["Date"].datetime.tzinfo is not None
    people = {"From": (letter.sender,), "To": letter.to, "Cc": letter.cc, "Reply-To": letter.reply_to}
    for field, several in people.items():
        assert people_in(message, field) == list(several), field
    assert str(message["Subject"]) == letter.subject
    for name, value in letter.headers.items():
        assert str(message[name]) == value
    compare_parts(message, letter)


def compare_parts(message: EmailMessage, letter: Letter) -> None:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    # The end of a message is the end of a line: where the text is all there is, it may get one.
    ended = plain is message and not letter.text.endswith("\n")
    assert text_of(plain) == letter.text + "\n" * ended
    assert (None if html is None else text_of(html)) == letter.html
    found = [file_in(part) for part in leaves(message) if part is not plain and part is not html]
    inside = [file for file in letter.files if file.content_id is not None]
    wanted = [*inside, *(file for file in letter.files if file.content_id is None)]
    assert [file.filename for file in found] == [file.filename for file in wanted]
    for file, wish in zip(found, wanted, strict=True):
        assert file.content == wish.content, wish.filename
        assert (file.content_type, file.content_id) == (wish.content_type.partition(";")[0], wish.content_id)


def well_formed(raw: bytes) -> None:
    """Seven bits, in short lines that end as they should."""
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def people_in(message: EmailMessage, field: str) -> list[Person]:
    header = message[field]
    return [] if header is None else [Person(one.addr_spec, one.display_name) for one in header.addresses]


def leaves(message: MIMEPart) -> list[MIMEPart]:
    """All parts that hold content; an attached message is one of them, whole."""
    if message.get_content_maintype() != "multipart":
        return [message]
    return [leaf for part in message.iter_parts() if isinstance(part, MIMEPart) for leaf in leaves(part)]


def text_of(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode(part.get_content_charset("ascii")).replace("\r\n", "\n")


def file_in(part: MIMEPart) -> File:
    content = part.get_payload(decode=True)
    if part.get_content_type() == "message/rfc822":
        (inner,) = part.iter_parts()
        content = inner.as_bytes(policy=policy.SMTP)
    assert isinstance(content, bytes)
    content_id = part["Content-ID"]
    known = None if content_id is None else str(content_id).strip("<>")
    return File(part.get_filename() or "", content, part.get_content_type(), known)
