"""Writes the parts of a MIME message: texts, files, and the multiparts that hold them. Everything in 7 bits."""

import binascii
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import msgspec

from posthouse.mail.folding import parametrised
from posthouse.mail.message import Attachment
from posthouse.mail.split import LINE_MAX, expect

_NOT_7BIT: Final = bytes(byte for byte in range(256) if byte > 126 or (byte < 32 and byte not in b"\t\n"))
_BASE64_WIDTH: Final = 76


class Part(msgspec.Struct, frozen=True):
    """One part: its headers as (name, line with CRLF), and its body in pieces, so that large files are not copied."""

    headers: Sequence[tuple[str, str]]
    body: list[bytes]


def text_part(subtype: str, text: str) -> Part:
    """A text/plain or text/html part. Line breaks of any kind become CRLF, as text on the wire must have them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    data = text.encode()
    if _is_7bit(data):
        encoding, body = "7bit", data.replace(b"\n", b"\r\n")
    elif 2 * (len(data) - len(data.translate(None, _NOT_7BIT))) <= len(data) // 3:
        encoding, body = "quoted-printable", _quoted_printable(data)
    else:
        encoding, body = "base64", _base64(data.replace(b"\n", b"\r\n"))
    return Part(_text_headers(subtype, encoding), [body])


@cache
def _text_headers(subtype: str, encoding: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", parametrised("Content-Type", f"text/{subtype}", [("charset", "utf-8")])),
        ("Content-Transfer-Encoding", f"Content-Transfer-Encoding: {encoding}\r\n"),
    )


def file_part(file: Attachment) -> Part:
    """An attachment. Base64, but for mail inside mail, to which only 7-bit is allowed (RFC 2046, 5.2.1): where its
    bytes are not, it goes as a file that happens to hold mail (application/octet-stream)."""
    content_type, encoding, body = file.content_type, "base64", b""
    if content_type.lower().startswith("message/"):
        if _is_mail(file.content):
            encoding, body = "7bit", file.content
        else:
            content_type = "application/octet-stream"
    disposition = "inline" if file.inline else "attachment"
    headers = [
        ("Content-Type", parametrised("Content-Type", content_type, ())),
        ("Content-Transfer-Encoding", f"Content-Transfer-Encoding: {encoding}\r\n"),
        ("Content-Disposition", parametrised("Content-Disposition", disposition, [("filename", file.filename)])),
    ]
    if file.content_id is not None:
        headers.append(("Content-ID", f"Content-ID: <{file.content_id}>\r\n"))
    return Part(headers, [body or _base64(file.content)])


def multipart(kind: str, parts: Sequence[Part], seed: str, parameters: Iterable[tuple[str, str]] = ()) -> Part:
    """The parts in one, divided by a boundary that is made of the seed and in none of them."""
    boundary = _boundary(kind, parts, seed)
    delimiter = b"--" + boundary.encode()
    body = []
    for part in parts:
        head = "".join([line for _, line in part.headers]).encode()
        expect(head + b"\r\n", [name for name, _ in part.headers])
        body += [delimiter, b"\r\n", head, b"\r\n", *part.body, b"\r\n"]
    body += [delimiter, b"--\r\n"]
    named = [*parameters, ("boundary", boundary)]
    return Part([("Content-Type", parametrised("Content-Type", f"multipart/{kind}", named))], body)


def _boundary(kind: str, parts: Sequence[Part], seed: str) -> str:
    tries = 0
    while True:
        # `=_` is never in quoted-printable or base64; the kind keeps an inner boundary from beginning like an outer.
        boundary = f"=_{kind}_{seed}_{tries}"
        wanted = boundary.encode()
        if not any(wanted in piece for part in parts for piece in part.body):
            return boundary
        tries += 1


def _is_7bit(data: bytes) -> bool:
    """Whether the text, its lines ending in LF, arrives as it is: short ASCII lines that no relay will touch."""
    # Spaces at line ends are dropped on the way, and `From ` at a line's start becomes `>From ` in a mailbox file.
    touched = b" \n" in data or b"\t\n" in data or data.endswith((b" ", b"\t"))
    return not touched and not data.startswith(b"From ") and b"\nFrom " not in data and _is_short_ascii(data)


def _is_short_ascii(data: bytes) -> bool:
    if len(data.translate(None, _NOT_7BIT)) != len(data):
        return False
    return len(data) <= LINE_MAX or max(map(len, data.split(b"\n"))) <= LINE_MAX


def _is_mail(data: bytes) -> bool:
    """Whether the bytes can travel as they are: ASCII lines that end in CRLF and nothing else."""
    breaks = data.count(b"\r\n")
    clean = data.count(b"\r") == data.count(b"\n") == breaks > 0
    return clean and _is_short_ascii(data.replace(b"\r\n", b"\n"))


def _quoted_printable(data: bytes) -> bytes:
    encoded = b"\n" + binascii.b2a_qp(data, quotetabs=False, istext=True)
    return encoded.replace(b"\nFrom ", b"\n=46rom ").replace(b"\n", b"\r\n")[2:]


def _base64(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([encoded[at : at + _BASE64_WIDTH] for at in range(0, len(encoded), _BASE64_WIDTH)])
