"""Which characters may stand where: in one line of a header, in a name, in a file name, in a body."""

import re
from typing import Final

from posthouse.mail.problem import Flaw

_CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
# Embeddings, overrides and isolates reorder what stands beside them: `Ann <RLO>moc.elpmaxe@nna` is read as another
# address. The marks (U+200E, U+200F, U+061C) only lean on their neighbours, and Hebrew and Arabic names need them.
_REORDERING = "\u202a-\u202e\u2066-\u2069"
_MARKS = "\u200e\u200f\u061c"
# Not U+200C and U+200D: Persian names and family emoji are written with them.
_ZERO_WIDTH = "\u200b\u2060\ufeff"
_JOINERS = "\u200c\u200d"

_line = re.compile(f"[{_CONTROL}]").search
_name = re.compile(f"[{_CONTROL}{_REORDERING}{_ZERO_WIDTH}]").search
_disguise = re.compile(f"[{_CONTROL}{_REORDERING}{_MARKS}{_ZERO_WIDTH}]").search
_hidden = re.compile(f"[{_CONTROL}{_REORDERING}{_MARKS}{_ZERO_WIDTH}{_JOINERS}\u00ad\u180e]").search

LINE: Final = Flaw("line-unsafe", "Expected one line of text, without line breaks, tabs or other control characters.")
NAME: Final = Flaw(
    "name-unsafe", "Expected a name on one line, without control, bidirectional or zero-width characters."
)
BODY: Final = Flaw("text-unsafe", "Expected Unicode text without NUL characters and lone surrogates.")


def line_flaw(text: str) -> Flaw | None:
    """Whether the text may stand in a header: no C0, C1 control (tab, CR, LF, U+0085 among them), U+2028 or U+2029."""
    return None if text.isprintable() or not _line(text) else LINE


def name_flaw(text: str) -> Flaw | None:
    """Whether the text may be a display name: one line, nothing that reorders or hides what stands beside it."""
    return None if text.isprintable() or not _name(text) else NAME


def disguises(text: str) -> bool:
    """Whether the text holds what makes a file's name read as another: anything that moves or hides a character."""
    return not text.isprintable() and _disguise(text) is not None


def hides(text: str) -> bool:
    """Whether the text holds anything at all that is not seen or moves what is: no address needs it."""
    return not text.isprintable() and _hidden(text) is not None


def body_flaw(text: str) -> Flaw | None:
    """Whether the text may be a body: any Unicode, line breaks and tabs too, but no NUL, and nothing outside UTF-8."""
    if "\x00" in text:
        return BODY
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return BODY
    return None


def as_field(name: str) -> str:
    """A caller's own name for a field made safe to show: at most 80 characters, what cannot be printed as `?`."""
    clean = name if name.isprintable() else "".join(c if c.isprintable() else "?" for c in name[:81])
    return clean if len(clean) <= 80 else clean[:80] + "…"


def is_encoded_word(text: str) -> bool:
    """Whether the text might be read as an RFC 2047 encoded word, by however lenient a reader."""
    return "=?" in text and "?=" in text
