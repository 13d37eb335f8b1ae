"""Takes a `multipart/form-data` body apart (RFC 7578), strictly: what is not whole or not clear is refused.

The body lies in memory already, so this is a search for delimiters and nothing is guessed: a body that ends before its
last delimiter would otherwise lose its last file in silence, and text in another character set would be misread.
"""

from typing import Final

import msgspec

from posthouse.mail.field import Parametrised, parametrised, read_fields
from posthouse.mail.problem import Flaw

BOUNDARY_MAX: Final = 70
HEADERS_MAX: Final = 8 * 1024
"""Bytes of the headers of one part."""

_AS_IT_IS: Final = ("", "7bit", "8bit", "binary")
_UTF8: Final = ("", "utf-8", "utf8", "us-ascii")


class Malformed(ValueError):
    """It is not such a body; the text says what was expected."""


class Part(msgspec.Struct, frozen=True):
    """One field of a form. filename: None where it is text; content_type: as the sender wrote it, or empty."""

    name: str
    filename: str | None
    content_type: str
    content: bytes

    @property
    def text(self) -> str:
        """The content of a field that is no file."""
        kind = _parametrised(self.content_type)
        if kind.parameters.get("charset", "").lower() not in _UTF8:
            raise Malformed("expected text in UTF-8")
        return _decoded(self.content)


def parts(body: bytes | bytearray, content_type: str, most: int) -> list[Part]:
    """All parts in their order, at most `most`. Malformed says why not. content_type: of the body."""
    delimiter = b"--" + _boundary(content_type)
    at = 0 if body.startswith(delimiter) else body.find(b"\r\n" + delimiter) + 2
    if at == 1:
        raise Malformed("expected the boundary that the Content-Type names")
    view, found, after = memoryview(body), list[Part](), at + len(delimiter)
    while body[after : after + 2] != b"--":
        if body[after : after + 2] != b"\r\n":
            raise Malformed("expected a line break after the boundary")
        if len(found) == most:
            raise Malformed(f"expected at most {most} parts")
        following = body.find(b"\r\n" + delimiter, after)
        if following < 0:
            raise Malformed("expected the boundary after the last part; the body seems to be cut")
        head = body.find(b"\r\n\r\n", after, min(following + 2, after + HEADERS_MAX))
        if head < 0:
            raise Malformed(f"expected each part with headers of at most {HEADERS_MAX} bytes")
        found.append(_part(bytes(view[after + 2 : head]), bytes(view[min(head + 4, following) : following])))
        after = following + 2 + len(delimiter)
    return found


def _boundary(content_type: str) -> bytes:
    parameters = _parametrised(content_type).parameters
    boundary = parameters.get("boundary", "")
    if not 0 < len(boundary) <= BOUNDARY_MAX or not (boundary.isascii() and boundary.isprintable()):
        raise Malformed("expected a boundary in the Content-Type")
    return boundary.encode("ascii")


def _part(head: bytes, content: bytes) -> Part:
    _decoded(head)
    fields = read_fields(head)
    if isinstance(fields, Flaw):
        raise Malformed("expected each part to have headers that can be read")
    named = {field.name.lower(): field.value for field in fields}
    if len(named) != len(fields):
        raise Malformed("expected each header of a part once")
    disposition = _parametrised(named.get("content-disposition", ""))
    name = disposition.parameters.get("name")
    if disposition.value != "form-data" or name is None:
        raise Malformed("expected each part to have a Content-Disposition: form-data with a name")
    if named.get("content-transfer-encoding", "").lower() not in _AS_IT_IS:
        raise Malformed("expected each part as it is, without a Content-Transfer-Encoding")
    return Part(name, disposition.parameters.get("filename"), named.get("content-type", ""), content)


def _parametrised(value: str) -> Parametrised:
    found = parametrised(value)
    if isinstance(found, Flaw):
        raise Malformed("expected headers with fewer parameters")
    return found


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("expected names and text in UTF-8") from None
