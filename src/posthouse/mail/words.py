"""Text in headers as ASCII: RFC 2047 encoded words, written and read."""

import binascii
import re
from collections.abc import Iterable
from typing import Final

from posthouse.mail.charset import decoded
from posthouse.mail.message import Address
from posthouse.mail.text import is_encoded_word

LONGEST: Final = 75
"""Characters of one encoded word (RFC 2047, 2)."""
_QUOTABLE: Final = 400
"""Characters of a name that fit on a line whatever has to be escaped in it."""
_FRAME: Final = len("=?utf-8?q??=")

# What stands for itself in a word of any place, the strictest being a display name (RFC 2047, 5 (3)).
_PLAIN_BYTES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_QUOTED: Final = [chr(byte) if byte in _PLAIN_BYTES else "_" if byte == 32 else f"={byte:02X}" for byte in range(256)]

_atoms = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*").fullmatch
_to_escape = re.compile(r'(["\\])')
_word = re.compile(r"=\?([^?\s*]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]*)\?=")
word_at = re.compile(r"=\?[^?\s]{1,130}\?[bBqQ]\?[^?\s]*\?=").match
"""An encoded word at a place in a text: one unit, whatever signs are in it."""
_quoted_byte = re.compile(rb"=([0-9A-Fa-f]{2})")


def is_plain(text: str) -> bool:
    """Whether the text can stand in a header as it is, and will be read as it is."""
    return text.isascii() and text.isprintable() and not is_encoded_word(text) and text.strip(" ") == text


def ascii_text(text: str) -> str:
    """The text as the value of an unstructured header (Subject, custom ones), on one line of ASCII."""
    return text if is_plain(text) else " ".join(encoded_words(text))


def encoded_word(text: str) -> str:
    """The text in ASCII without a break: as it is, or as one encoded word however long (file names of providers)."""
    return text if is_plain(text) else encoded_words(text, first=_FRAME + 12 * len(text))[0]


def mailboxes(addresses: Iterable[Address]) -> str:
    """The addresses as the value of an address header, on one line. ASCII but for local parts that are not."""
    return ", ".join(" ".join(mailbox(address)) for address in addresses)


def mailbox(address: Address) -> list[str]:
    """One mailbox as words between which a line may be broken: its name, and the address in angle brackets."""
    name = address.name
    if not name:
        return [address.email]
    if not (name.isascii() and name.isprintable()) or is_encoded_word(name) or len(name) > _QUOTABLE:
        return [*encoded_words(name), f"<{address.email}>"]
    if _atoms(name):
        return [*name.split(" "), f"<{address.email}>"]
    escaped = _to_escape.sub(r"\\\1", name)
    return [f'"{escaped}"', f"<{address.email}>"]


def encoded_words(text: str, first: int = LONGEST) -> list[str]:
    """The text as encoded words, the first at most `first` characters long, cut between characters, never inside one.

    Read again, they are the text; the spaces between them do not count.
    """
    data = text.encode()
    quoted = 3 * len(data) - 2 * _plain_count(data) <= (len(data) + 2) // 3 * 4  # whether Q is no longer than B
    room = [(size - _FRAME) if quoted else (size - _FRAME) // 4 * 3 for size in (first, LONGEST)]
    words, start, used, left = [], 0, 0, room[0]
    for at, character in enumerate(text):
        cost = _cost(character, quoted)
        if used + cost > left and at > start:
            words.append(_write(text[start:at], quoted))
            start, used, left = at, 0, room[1]
        used += cost
    words.append(_write(text[start:], quoted))
    return words


def decode_words(text: str) -> str:
    """A header's text with its encoded words read, as readers of mail do it; what is no encoded word stays."""
    if "=?" not in text:
        return text
    found: list[str] = []
    pending: list[bytes] = []
    charset, end = "", 0
    for word in _word.finditer(text):
        between = text[end : word.start()]
        adjacent = bool(charset) and not between.strip()
        if charset and not (adjacent and word[1].lower() == charset):
            found.append(decoded(b"".join(pending), charset))  # words of one charset may share a character
            pending = []
        if not adjacent:
            found.append(between)
        pending.append(_read(word[2], word[3]))
        charset, end = word[1].lower(), word.end()
    if charset:
        found.append(decoded(b"".join(pending), charset))
    return "".join(found) + text[end:]


def _plain_count(data: bytes) -> int:
    return len(data) - len(data.translate(None, _PLAIN_BYTES + b" "))


def _cost(character: str, quoted: bool) -> int:
    if quoted:
        return len(_QUOTED[ord(character)]) if character.isascii() else 3 * len(character.encode())
    return len(character.encode())


def _write(text: str, quoted: bool) -> str:
    data = text.encode()
    if quoted:
        return f"=?utf-8?q?{''.join([_QUOTED[byte] for byte in data])}?="
    return f"=?utf-8?b?{binascii.b2a_base64(data, newline=False).decode('ascii')}?="


def _read(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return _quoted_byte.sub(lambda pair: bytes.fromhex(pair[1].decode()), raw.replace(b"_", b" "))
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw
