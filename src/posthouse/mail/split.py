"""A second opinion on our own output: which headers a message has, by the plainest reading of its bytes.

Deliberately knows nothing of how `mime` writes and nothing of the standard library's parser, so that a fault in
either does not hide itself here.
"""

from collections.abc import Iterable
from typing import Final

LINE_MAX: Final = 998
"""Octets of a line without its end (RFC 5322, 2.1.1)."""
NAME_OCTETS: Final = bytes(octet for octet in range(33, 127) if octet != ord(":"))


class OutputBroken(Exception):
    """What we wrote is not what we were asked to write: our own fault, and nothing of it may leave."""


def expect(raw: bytes, names: Iterable[str]) -> None:
    """Raises OutputBroken unless the bytes have exactly these headers, as often as they are named."""
    wanted = sorted(names)
    try:
        found = sorted(header_names(raw))
    except ValueError as fault:
        raise OutputBroken(f"written as no message: {fault}") from fault
    if found != wanted:
        raise OutputBroken(f"{len(found)} headers were written where {len(wanted)} were asked for")


def header_names(raw: bytes) -> list[str]:
    """The names of all headers before the first empty line, in order and as written.

    Raises ValueError where the bytes are no header block: a line that is neither a header nor a continuation, a name
    with a forbidden character, a line too long or of white space alone, a bare CR or LF anywhere.
    """
    breaks = raw.count(b"\r\n")
    if raw.count(b"\r") != breaks or raw.count(b"\n") != breaks:
        raise ValueError("a bare CR or LF")
    head, end, _ = raw.partition(b"\r\n\r\n")
    if not end:
        raise ValueError("no empty line after the headers")
    names: list[str] = []
    for line in head.split(b"\r\n"):
        if len(line) > LINE_MAX:
            raise ValueError("a header line too long")
        if line[:1] in (b" ", b"\t"):
            if not names or not line.strip():
                raise ValueError("a continuation of nothing, or an empty one")
            continue
        name, colon, _ = line.partition(b":")
        if not colon or not name or name.translate(None, NAME_OCTETS):
            raise ValueError("a line that is no header")
        names.append(name.decode("ascii"))
    return names
