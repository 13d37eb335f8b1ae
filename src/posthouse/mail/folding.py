"""Writes headers as lines: never longer than 998 octets, 78 where there is a place to break (RFC 5322, 2.1.1)."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from posthouse.mail.message import Address
from posthouse.mail.words import LONGEST, encoded_words, is_plain, mailbox

WIDTH: Final = 78
ENCODED_WIDTH: Final = 76
"""Characters of a line with an encoded word in it (RFC 2047, 2)."""
WORD_MAX: Final = 996
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PARAMETER_PIECE: Final = 50
_token = re.compile(r"[A-Za-z0-9!#$&+^_{}~.-]+").fullmatch
_quotable = re.compile(r"[A-Za-z0-9!#$&'()+,./:;=?@\[\]^_`{|}~ -]+").fullmatch


def unstructured(name: str, value: str) -> str:
    """A header of free text: Subject, and all of the sender's own. Lines end with CRLF, the last one too."""
    if is_plain(value):
        if len(name) + 2 + len(value) <= WIDTH:
            return f"{name}: {value}\r\n"
        words = value.split(" ")
        if all(0 < len(word) <= WORD_MAX for word in words):  # a break at a double space would be a line of spaces
            return folded(name, words)
    room = ENCODED_WIDTH - len(name) - 2
    return folded(name, encoded_words(value, first=room if room > LONGEST // 3 else LONGEST))


def addressed(name: str, addresses: Sequence[Address]) -> str:
    """A header of mailboxes."""
    words: list[str] = []
    for address in addresses:
        words += mailbox(address)
        words[-1] += ","
    words[-1] = words[-1][:-1]
    return folded(name, words)


def parametrised(name: str, value: str, parameters: Iterable[tuple[str, str]]) -> str:
    """A header such as Content-Type, its parameters quoted where needed, or encoded as RFC 2231 says."""
    words = [value]
    for key, text in parameters:
        words[-1] += ";"
        words += _parameter(key, text)
    return folded(name, words)


def folded(name: str, words: Sequence[str]) -> str:
    """The words after the name, a new line begun wherever the next word would not fit."""
    lines: list[str] = []
    line = f"{name}:"
    for word in words:
        encoded = word.startswith("=?")
        fits = len(line) + 1 + len(word) <= (ENCODED_WIDTH if encoded else WIDTH)
        first = len(line) == len(name) + 1 and not lines
        # A first line without content is allowed, but only taken where the word fits nowhere else.
        if fits or (first and not encoded and len(line) + 1 + len(word) <= WORD_MAX):
            line = f"{line} {word}"
        else:
            lines.append(line)
            line = f" {word}"
    lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def date(instant: float) -> str:
    """An instant as RFC 5322 writes it, in UTC: `Mon, 23 Nov 2026 09:05:07 +0000`."""
    at = datetime.fromtimestamp(int(instant), UTC)
    # Not strftime: its names follow the locale.
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} +0000"


def _parameter(key: str, text: str) -> list[str]:
    if _token(text):
        return [f"{key}={text}"]
    if len(key) + len(text) < WIDTH - 4 and _quotable(text) and "=?" not in text and text.strip(" ") == text:
        return [f'{key}="{text}"']
    encoded = quote(text, safe="!#$&+^_`{}~")
    if len(encoded) <= _PARAMETER_PIECE:
        return [f"{key}*=utf-8''{encoded}"]
    pieces = _cut(encoded)
    words = [f"{key}*{n}*={piece};" for n, piece in enumerate(pieces)]
    words[0] = f"{key}*0*=utf-8''{pieces[0]};"
    words[-1] = words[-1][:-1]
    return words


def _cut(encoded: str) -> list[str]:
    """Percent-encoded text in pieces, no `%41` cut in two."""
    return re.findall(rf"(?:%[0-9A-F]{{2}}|[^%]){{1,{_PARAMETER_PIECE // 3}}}", encoded)
