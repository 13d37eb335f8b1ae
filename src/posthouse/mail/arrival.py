"""Reads MIME into the fields that `validate` judges: the way back from `mime.encode`, and the way in for SMTP.

What mail programs add for the road (Date, Message-ID, Received, signatures) is left out: Posthouse writes its own.
Everything else that means something either arrives in a field or is a problem.
"""

from typing import Final

import msgspec

from posthouse.mail.attachment import DEFAULT_TYPE, TYPES, content_id_is_good, type_is_good
from posthouse.mail.charset import decoded
from posthouse.mail.dissect import Leaf, dissect
from posthouse.mail.field import Field
from posthouse.mail.problem import Flaw, Problem, Refusal
from posthouse.mail.roll import read_roll
from posthouse.mail.text import as_field
from posthouse.mail.words import decode_words

HOPS_MAX: Final = 30
"""Received headers before a message is taken to go round in circles (RFC 5321, 6.3, asks for no less than 100 of
servers that relay; nothing that is handed in for the first time has passed so many)."""

ADDRESSED: Final = {"to": "to", "cc": "cc", "bcc": "bcc", "reply-to": "reply_to"}
LEFT_OUT: Final = frozenset(
    {
        *("date", "message-id", "mime-version", "sender", "return-path", "delivered-to", "received", "received-spf"),
        *("dkim-signature", "domainkey-signature", "authentication-results"),
    }
)
LEFT_OUT_PREFIXES: Final = ("content-", "arc-")
ONCE: Final = frozenset({"from", "subject", "date", "message-id", "sender", "content-type", "mime-version", *ADDRESSED})
SEALS: Final = frozenset(
    {"multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)
ENDINGS: Final = {kind: ending for ending, kind in reversed(TYPES.items())}

_LOOP: Final = Flaw("mime-loop", f"Expected at most {HOPS_MAX} Received headers.")
_TWICE: Final = Flaw("mime-header-repeated", "Expected the header once.")
_HEADER_TWICE: Final = Flaw("header-repeated", "Expected each header once, in whatever case.")
_SEALED: Final = Flaw("mime-sealed", "Expected a message that is not signed or encrypted as a whole.")
_ONE_SENDER: Final = Flaw("address-many", "Expected exactly one mailbox in From.")


class Arrival(msgspec.Struct, frozen=True):
    """A message as it came: the fields for `validate`, and the key by which it is known when it comes twice."""

    fields: dict[str, object]
    idempotency_key: str | None = None


def decode(raw: bytes) -> Arrival | Refusal:
    """The message's fields, or everything that keeps it from being read.

    Tolerates what mail programs really send (LF for CRLF, raw UTF-8, false character sets, groups, comments, encoded
    words where they do not belong). `X-Posthouse-Class`, `-Tag`, `-Metadata-NAME` and `Idempotency-Key` are read and
    removed. A further text or HTML part becomes an attachment.
    """
    dissected = dissect(raw)
    if isinstance(dissected, Flaw):
        return Refusal((dissected.at(""),))
    if dissected.type.value in SEALS:
        return Refusal((_SEALED.at(""),))
    problems = _excess(dissected.fields)
    fields: dict[str, object] = {}
    _read_people(dissected.fields, fields, problems)
    key = _read_labels(dissected.fields, fields)
    _read_headers(dissected.fields, fields, problems)
    _read_leaves(dissected.leaves, fields)
    return Refusal(tuple(problems)) if problems else Arrival(fields, key)


def _excess(headers: list[Field]) -> list[Problem]:
    names = [header.name.lower() for header in headers]
    found = [_TWICE.at(name) for name in sorted(ONCE) if names.count(name) > 1]
    if names.count("received") > HOPS_MAX:
        found.append(_LOOP.at("received"))
    return found


def _read_people(headers: list[Field], fields: dict[str, object], problems: list[Problem]) -> None:
    for header in headers:
        name = header.name.lower()
        if name == "subject":
            fields["subject"] = decode_words(header.value)
        elif name == "from" or name in ADDRESSED:
            roll = read_roll(header.value)
            if isinstance(roll, Flaw):
                problems.append(roll.at(name))
            elif name != "from":
                fields[ADDRESSED[name]] = roll
            elif len(roll) > 1:
                problems.append(_ONE_SENDER.at("from"))
            elif roll:
                fields["from"] = roll[0]


def _read_labels(headers: list[Field], fields: dict[str, object]) -> str | None:
    """The headers that speak to Posthouse. A header that is none of these stays, and will be refused as reserved."""
    tags: list[str] = []
    metadata: dict[str, str] = {}
    key = None
    for header in headers:
        name, value = header.name.lower(), decode_words(header.value)
        if name == "x-posthouse-class":
            fields["class"] = value
        elif name == "x-posthouse-tag":
            tags.append(value)
        elif name.startswith(METADATA):
            metadata[header.name[len(METADATA) :]] = value
        elif name == "idempotency-key":
            key = value
    fields.update({name: value for name, value in (("tags", tags), ("metadata", metadata)) if value})
    return key


METADATA: Final = "x-posthouse-metadata-"
READ: Final = frozenset({"from", "subject", *ADDRESSED, "x-posthouse-class", "x-posthouse-tag", "idempotency-key"})


def _read_headers(headers: list[Field], fields: dict[str, object], problems: list[Problem]) -> None:
    own: dict[str, str] = {}
    seen: set[str] = set()
    for header in headers:
        name = header.name.lower()
        if name in READ or name in LEFT_OUT or name.startswith((METADATA, *LEFT_OUT_PREFIXES)):
            continue
        if name in seen:
            problems.append(_HEADER_TWICE.at(f"headers.{as_field(header.name)}"))
        seen.add(name)
        own[header.name] = decode_words(header.value)
    if own:
        fields["headers"] = own


def _read_leaves(leaves: list[Leaf], fields: dict[str, object]) -> None:
    files: list[Leaf] = []
    for leaf in leaves:
        body = {"text/plain": "text", "text/html": "html"}.get(leaf.type.value or "text/plain")
        if body is None or body in fields or leaf.disposition.value == "attachment" or _filename(leaf):
            files.append(leaf)
        else:
            fields[body] = _text(leaf)
    if "text" not in fields and "html" not in fields:
        fields["text"] = ""  # scanners send a file and not a word
    if files:
        html = str(fields.get("html", ""))
        fields["attachments"] = [_attachment(leaf, number, html) for number, leaf in enumerate(files, 1)]


def _text(leaf: Leaf) -> str:
    return decoded(leaf.content, leaf.type.parameters.get("charset", "utf-8")).replace("\r\n", "\n")


def _filename(leaf: Leaf) -> str:
    name = leaf.disposition.parameters.get("filename") or leaf.type.parameters.get("name") or ""
    return name.replace("\\", "/").rpartition("/")[2].strip()


def _attachment(leaf: Leaf, number: int, html: str) -> dict[str, object]:
    kind = leaf.type.value
    ending = ENDINGS.get(kind, "bin")
    shown = bool(leaf.content_id) and content_id_is_good(leaf.content_id) is not None
    # Some programs give every file a content id; it means something where the HTML shows it, or it says inline.
    inline = shown and (leaf.disposition.value != "attachment" or f"cid:{leaf.content_id}" in html)
    return {
        "filename": _filename(leaf) or f"part-{number}.{ending}",
        "content": leaf.content,
        "content_type": _content_type(leaf),
        "content_id": leaf.content_id if inline else None,
    }


def _content_type(leaf: Leaf) -> str:
    kept = [
        f'; {name}="{text}"' if " " in text else f"; {name}={text}"
        for name, text in leaf.type.parameters.items()
        if name != "name"
    ]
    whole = leaf.type.value + "".join(kept)
    return next((kind for kind in (whole, leaf.type.value) if type_is_good(kind)), DEFAULT_TYPE)
