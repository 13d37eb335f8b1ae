"""A message as MIME: the bytes that SMTP servers and raw APIs take, and the way back.

Written by hand and not with the standard library, whose header encoding has let line breaks through in several
releases (CVE-2024-6923, CVE-2026-1299), and whose parser takes seconds for 50 KB of hostile headers. What is written
is read again by `split`, which shares no code with it, before it is given away.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from posthouse.mail.arrival import Arrival, decode
from posthouse.mail.folding import addressed, date, unstructured
from posthouse.mail.message import Envelope, Message
from posthouse.mail.part import Part, file_part, multipart, text_part
from posthouse.mail.split import OutputBroken, expect

__all__ = ["Arrival", "OutputBroken", "decode", "encode"]

_NOBODY: Final = "To: undisclosed-recipients:;\r\n"


def encode(envelope: Envelope, extra: Iterable[tuple[str, str]] = ()) -> bytes:
    """The whole message (RFC 5322, 2045 to 2047, 2231): CRLF lines, in 7 bits but for a local part that is not.

    To and Cc name everybody the message was written to, also those no longer owed; Bcc is never written. The same
    envelope gives the same bytes, on every attempt. Text gets CRLF line ends (and may get one at its very end, where it
    is the only part); everything else arrives byte for byte.

    extra: more headers, in order (a provider's labels). Raises OutputBroken instead of returning anything that is
    not exactly what was asked for.
    """
    message = envelope.message
    content = _content(message, hashlib.sha256(envelope.id.encode()).hexdigest()[:32])
    headers = [*_envelope_headers(envelope), *_named(message.headers), *_named(extra), *content.headers]
    head = "".join([line for _, line in headers]).encode()
    raw = b"".join((head, b"\r\n", *content.body))
    if not raw.endswith(b"\r\n"):
        raw += b"\r\n"
    expect(raw, [name for name, _ in headers])
    return raw


def _envelope_headers(envelope: Envelope) -> list[tuple[str, str]]:
    message = envelope.message
    headers = [
        ("Date", f"Date: {date(envelope.accepted_at)}\r\n"),
        ("From", addressed("From", (message.sender,))),
    ]
    if message.to:
        headers.append(("To", addressed("To", message.to)))
    elif not message.cc:
        headers.append(("To", _NOBODY))
    if message.cc:
        headers.append(("Cc", addressed("Cc", message.cc)))
    if message.reply_to:
        headers.append(("Reply-To", addressed("Reply-To", message.reply_to)))
    return [
        *headers,
        ("Subject", unstructured("Subject", message.subject)),
        ("Message-ID", f"Message-ID: {envelope.message_id}\r\n"),
        ("MIME-Version", "MIME-Version: 1.0\r\n"),
    ]


def _named(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, unstructured(name, value)) for name, value in headers]


def _content(message: Message, seed: str) -> Part:
    """The parts, nested as mail programs expect them: mixed(related(alternative(text, HTML), inline…), file…)."""
    texts = [
        text_part(kind, text) for kind, text in (("plain", message.text), ("html", message.html)) if text is not None
    ]
    texts = texts or [text_part("plain", "")]
    content = multipart("alternative", texts, seed) if len(texts) > 1 else texts[0]
    # Without HTML there is nothing that could show a file inside it.
    shown = [file_part(file) for file in message.attachments if file.inline and message.html is not None]
    if shown:
        root = "multipart/alternative" if len(texts) > 1 else "text/html"
        content = multipart("related", [content, *shown], seed, [("type", root)])
    files = [file_part(file) for file in message.attachments if not file.inline or message.html is None]
    return multipart("mixed", [content, *files], seed) if files else content
