"""Reads a provider's request back, the way the provider would: what arrived, whatever the shape it travelled in.

Nothing of the code under test is used here: JSON is read by `json`, forms by python-multipart, mail by `email`.
"""

import json
import re
from base64 import b64decode
from collections.abc import Iterable
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default as policy
from email.utils import getaddresses
from typing import Any
from urllib.parse import unquote

import msgspec
from python_multipart.multipart import MultipartParser, parse_options_header

from posthouse.providers.base import HttpRequest

Person = tuple[str, str]
"""Address and display name."""


class File(msgspec.Struct, frozen=True):
    """name: the file name, or the content id of what is shown inline."""

    name: str
    content_type: str
    content: bytes
    inline: bool = False


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a provider has it. `bcc` without names: nobody sees them."""

    id: str
    message_id: str
    sender: Person
    to: list[Person] = []
    cc: list[Person] = []
    bcc: list[str] = []
    reply_to: list[Person] = []
    subject: str = ""
    text: str | None = None
    html: str | None = None
    headers: dict[str, str] = {}
    files: list[File] = []
    tags: list[str] = []
    metadata: dict[str, str] = {}


def decoded(text: str) -> str:
    """A header's text with its encoded words read."""
    return str(make_header(decode_header(text)))


def people(text: str) -> list[Person]:
    """The mailboxes of an address header. (The header registry of `email` keeps spaces between encoded words.)"""
    return [(address, decoded(name)) for name, address in getaddresses([text.replace("\r\n", "")])]


def sendgrid(request: HttpRequest) -> Arrived:
    body = json.loads(request.body)
    envelopes = body["personalizations"]
    headers = body["headers"]
    metadata = body["custom_args"]
    replies = body.get("reply_to_list") or [one for one in [body.get("reply_to")] if one]
    content = {part["type"]: part["value"] for part in body["content"]}
    assert list(content) in (["text/plain"], ["text/html"], ["text/plain", "text/html"])
    return Arrived(
        id=metadata.pop("posthouse_id"),
        message_id=headers.pop("Message-ID"),
        sender=json_person(body["from"]),
        to=[json_person(one) for envelope in envelopes for one in envelope["to"]],
        cc=[json_person(one) for envelope in envelopes for one in envelope.get("cc", [])],
        bcc=[one["email"] for envelope in envelopes for one in envelope.get("bcc", [])],
        reply_to=[json_person(one) for one in replies],
        subject=body["subject"],
        text=content.get("text/plain"),
        html=content.get("text/html"),
        headers={name: decoded(value) for name, value in headers.items()},
        files=[sendgrid_file(one) for one in body.get("attachments", [])],
        tags=body.get("categories", []),
        metadata=metadata,
    )


def json_person(one: dict[str, str]) -> Person:
    assert set(one) <= {"email", "name"}
    return one["email"], one.get("name", "")


def sendgrid_file(one: dict[str, str]) -> File:
    inline = one["disposition"] == "inline"
    name = one["content_id"] if inline else decoded(one["filename"])
    return File(name, one["type"], b64decode(one["content"], validate=True), inline)


def mandrill(request: HttpRequest) -> Arrived:
    message = json.loads(request.body)["message"]
    assert message["merge"] is False
    assert message["preserve_recipients"] is True
    headers = message["headers"]
    metadata = message["metadata"]
    found: dict[str, list[Person]] = {"to": [], "cc": [], "bcc": []}
    for one in message["to"]:
        found[one["type"]].append((one["email"], one.get("name", "")))
    kinds = (("attachments", False), ("images", True))
    return Arrived(
        id=metadata.pop("posthouse_id"),
        message_id=headers.pop("Message-Id"),
        sender=(message["from_email"], message.get("from_name", "")),
        to=found["to"],
        cc=found["cc"],
        bcc=[email for email, _ in found["bcc"]],
        reply_to=people(headers.pop("Reply-To")) if "Reply-To" in headers else [],
        subject=message.get("subject", ""),
        text=message.get("text"),
        html=message.get("html"),
        headers={name: decoded(value) for name, value in headers.items()},
        files=[
            File(decoded(one["name"]), one["type"], b64decode(one["content"], validate=True), inline)
            for kind, inline in kinds
            for one in message.get(kind, [])
        ],
        tags=message.get("tags", []),
        metadata=metadata,
    )


class FormPart(msgspec.Struct):
    headers: dict[str, str] = {}
    content: bytes = b""
    header: str = ""

    @property
    def name(self) -> str:
        return self.option(b"name") or ""

    @property
    def filename(self) -> str | None:
        return self.option(b"filename")

    def option(self, name: bytes) -> str | None:
        value = parse_options_header(self.headers["content-disposition"])[1].get(name)
        return None if value is None else re.sub("%(22|5C|0D|0A)", lambda found: unquote(found[0]), value.decode())


def form_parts(request: HttpRequest) -> list[FormPart]:
    """The parts of a multipart form, as python-multipart reads them."""
    parts: list[FormPart] = []

    def begin() -> None:
        parts.append(FormPart({}))

    def name(data: bytes, start: int, end: int) -> None:
        parts[-1].header = data[start:end].decode("ascii").lower()

    def value(data: bytes, start: int, end: int) -> None:
        parts[-1].headers[parts[-1].header] = data[start:end].decode("latin-1")

    def content(data: bytes, start: int, end: int) -> None:
        parts[-1].content += data[start:end]

    kind, options = parse_options_header(request.headers["content-type"])
    assert kind == b"multipart/form-data"
    parser = MultipartParser(
        options[b"boundary"],
        {"on_part_begin": begin, "on_header_field": name, "on_header_value": value, "on_part_data": content},
    )
    assert parser.write(request.body) == len(request.body)
    parser.finalize()
    return parts


def mailgun(request: HttpRequest) -> Arrived:
    parts = form_parts(request)
    fields = [(part.name, part.content.decode()) for part in parts if part.filename is None]
    files = [part for part in parts if part.filename is not None]

    def every(name: str) -> list[str]:
        return [value for field, value in fields if field == name]

    def prefixed(prefix: str) -> dict[str, str]:
        return {field[2:]: value for field, value in fields if field.startswith(prefix)}

    metadata, headers = prefixed("v:"), prefixed("h:")
    id = metadata.pop("posthouse_id")
    if request.url.endswith(".mime"):
        [mime] = [part.content for part in files if part.name == "message"]
        found = read_mime(mime, every("to"), id)
        return msgspec.structs.replace(found, tags=every("o:tag"), metadata=metadata)
    return Arrived(
        id=id,
        message_id=headers.pop("Message-Id"),
        sender=people(every("from")[0])[0],
        to=[one for text in every("to") for one in people(text)],
        cc=[one for text in every("cc") for one in people(text)],
        bcc=[email for text in every("bcc") for email, _ in people(text)],
        reply_to=people(headers.pop("Reply-To")) if "Reply-To" in headers else [],
        subject=every("subject")[0],
        text=next(iter(every("text")), None),
        html=next(iter(every("html")), None),
        headers={name: decoded(value) for name, value in headers.items()},
        files=[
            File(part.filename or "", part.headers["content-type"], part.content, part.name == "inline")
            for part in files
        ],
        tags=every("o:tag"),
        metadata=metadata,
    )


def ses(request: HttpRequest) -> Arrived:
    body = json.loads(request.body)
    envelope = body["Destination"]
    [tag] = body["EmailTags"]
    assert tag["Name"] == "posthouse_id"
    assert list(body["Content"]) == ["Raw"]
    everybody = [email for field in ("ToAddresses", "CcAddresses", "BccAddresses") for email in envelope.get(field, [])]
    found = read_mime(b64decode(body["Content"]["Raw"]["Data"], validate=True), everybody, tag["Value"])
    assert [email for email, _ in found.to] == envelope.get("ToAddresses", [])
    assert [email for email, _ in found.cc] == envelope.get("CcAddresses", [])
    return found


ORDINARY = {"from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version"}


def read_mime(raw: bytes, envelope: Iterable[str], id: str) -> Arrived:
    """A finished message: whoever is in its envelope and in none of its headers is a bcc."""
    mail, folded = message_from_bytes(raw, policy=policy), message_from_bytes(raw)
    assert "bcc" not in mail
    to, cc, sender, reply_to = (people(folded.get(name, "")) for name in ("To", "Cc", "From", "Reply-To"))
    to = [] if to == [("", "")] else to  # undisclosed-recipients:;
    shown = {email for email, _ in to + cc}
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    own = [(name, str(value)) for name, value in mail.items() if name.lower() not in ORDINARY]
    own = [(name, value) for name, value in own if not name.lower().startswith("content-")]
    metadata = "X-Posthouse-Metadata-"
    return Arrived(
        id=id,
        message_id=str(mail["message-id"]),
        sender=sender[0],
        to=to,
        cc=cc,
        bcc=[email for email in envelope if email not in shown],
        reply_to=reply_to,
        subject=str(mail["subject"] or ""),
        text=None if text is None else body_of(text),
        html=None if html is None else body_of(html),
        headers={name: value for name, value in own if not name.startswith("X-Posthouse-")},
        files=sorted((mime_file(part) for part in mail.walk() if is_file(part)), key=lambda file: file.inline),
        tags=[value for name, value in own if name == "X-Posthouse-Tag"],
        metadata={name.removeprefix(metadata): value for name, value in own if name.startswith(metadata)},
    )


def body_of(part: Any) -> str:
    """The text of a part. Mail ends a line with CRLF, and a text with the end of a line."""
    return str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")


def is_file(part: Any) -> bool:
    return part.get_content_disposition() is not None


def mime_file(part: Any) -> File:
    inline = part.get_content_disposition() == "inline"
    name = str(part["content-id"]).strip("<>") if inline else part.get_filename()
    return File(name, str(part.get_content_type()), part.get_payload(decode=True), inline)
