"""Reads header blocks: bytes to fields, and fields with parameters to their parts."""

import re
from typing import Final

import msgspec

from posthouse.mail.charset import decoded
from posthouse.mail.problem import Flaw
from posthouse.mail.words import decode_words

FIELDS_MAX: Final = 500
LINE_MAX: Final = 998
"""Octets of one line without its end."""
PARAMETERS_MAX: Final = 30

TOO_MANY: Final = Flaw("mime-headers-too-many", f"Expected at most {FIELDS_MAX} header fields.")
BAD_LINE: Final = Flaw(
    "mime-header-line", f"Expected header lines with a name and a colon, of at most {LINE_MAX} octets."
)
TOO_MANY_PARAMETERS: Final = Flaw("mime-parameters-too-many", f"Expected at most {PARAMETERS_MAX} parameters.")

_name = re.compile(rb"[!-9;-~]{1,200}").fullmatch
_parameter = re.compile(r';\s*([^\s=;"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_numbered = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?").fullmatch
_escaped = re.compile(r"\\(.)")
_percent = re.compile(rb"%([0-9A-Fa-f]{2})")


class Field(msgspec.Struct, frozen=True):
    """One header: its name as written, its value on one line, encoded words in it not yet read."""

    name: str
    value: str


class Parametrised(msgspec.Struct, frozen=True):
    """A value such as Content-Type's: what comes first, in lower case, and the parameters by name in lower case."""

    value: str = ""
    parameters: dict[str, str] = {}


def read_fields(block: bytes) -> list[Field] | Flaw:
    """The fields of a header block. Lines may end in CRLF or LF; a fold, and a tab, is read as one space."""
    lines = block.replace(b"\r\n", b"\n").split(b"\n")
    if not lines[-1]:
        lines.pop()
    found: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        if len(line) > LINE_MAX:
            return BAD_LINE
        if line[:1] in (b" ", b"\t"):
            if not found:
                return BAD_LINE
            found[-1][1].append(line[1:])
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if not colon or not _name(name):
            return BAD_LINE
        found.append((name, [value]))
        if len(found) > FIELDS_MAX:
            return TOO_MANY
    return [Field(name.decode("ascii"), _text(b" ".join(values))) for name, values in found]


def parametrised(value: str) -> Parametrised | Flaw:
    """The value with its parameters: quoted, continued and extended as RFC 2231 says, or encoded as others do it."""
    first, _, _ = value.partition(";")
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_parameter.finditer(value, len(first))):
        if count >= PARAMETERS_MAX:
            return TOO_MANY_PARAMETERS
        name, text = match[1].lower(), match[2].strip()
        if text.startswith('"') and text.endswith('"') and len(text) > 1:
            text = _escaped.sub(r"\1", text[1:-1])
        numbered = _numbered(name)
        if numbered is None or not (numbered[2] or numbered[3]):
            plain.setdefault(name, decode_words(text))
        else:
            pieces.setdefault(numbered[1], {})[int(numbered[2] or 0)] = (text, bool(numbered[3]))
    for name, numbered_pieces in pieces.items():
        plain[name] = _joined([numbered_pieces[n] for n in sorted(numbered_pieces)])
    return Parametrised(first.strip().lower(), plain)


def _joined(pieces: list[tuple[str, bool]]) -> str:
    """The pieces of an RFC 2231 value as one text; the first names the character set: `utf-8''%C3%A9`."""
    charset = "utf-8"
    text, extended = pieces[0]
    if extended and text.count("'") >= 2:
        charset, _, text = text.split("'", 2)
        pieces = [(text, True), *pieces[1:]]
    data = b"".join(
        _percent.sub(lambda pair: bytes.fromhex(pair[1].decode("ascii")), piece.encode("utf-8", "replace"))
        if encoded
        else piece.encode("utf-8", "replace")
        for piece, encoded in pieces
    )
    return decoded(data, charset or "utf-8")


def _text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("cp1252", "replace")
    return text.replace("\t", " ").strip(" ")
