"""Forms: the same fields as JSON, as a browser or curl writes them; files become attachments."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from posthouse.web import strictjson
from posthouse.web.answer import Refused, problem
from posthouse.web.multipart import Malformed, Part
from posthouse.web.multipart import parts as split

FIELDS_MAX: Final = 1200
"""Fields and files: enough for 1,000 recipients written one by one."""

LISTS: Final = frozenset(
    {
        *("to", "cc", "bcc", "reply_to", "tags", "require_tags"),
        *("recipients", "toaddress", "to_recipients", "to_cc", "to_bcc"),
    }
)
"""Fields that may be written several times."""

MAPS: Final = frozenset({"headers", "metadata"})
"""Fields that are written as JSON, or entry by entry: `metadata[order]=17`."""

_ENTRY: Final = re.compile(r"(headers|metadata)\[(.+)\]", re.DOTALL)


def urlencoded(body: bytes | bytearray) -> dict[str, Any]:
    """The fields of an `application/x-www-form-urlencoded` body."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise Refused(
            problem(400, "form", f"Expected a form of at most {FIELDS_MAX} fields, percent-encoded UTF-8.")
        ) from None
    return fields(pairs)


def multipart(body: bytes | bytearray, content_type: str) -> dict[str, Any]:
    """The fields and files of a `multipart/form-data` body. A file in a field `inline` is shown by `cid:` its name."""
    try:
        parts = split(body, content_type, FIELDS_MAX)
        # A browser sends an empty part for a file that nobody chose.
        files = [_attachment(part) for part in parts if part.filename or (part.filename == "" and part.content)]
        found = fields([(part.name, part.text) for part in parts if part.filename is None])
    except Malformed as error:
        raise Refused(problem(400, "multipart", f"The form cannot be read: {error}.")) from None
    if files and found.setdefault("attachments", files) is not files:
        raise Refused(problem(400, "form", "Expected files in parts of their own, and no field 'attachments'."))
    return found


def _attachment(part: Part) -> dict[str, Any]:
    attachment: dict[str, Any] = {"filename": part.filename, "content": part.content}
    if part.content_type:
        attachment["content_type"] = part.content_type
    if part.name == "inline":
        attachment["content_id"] = part.filename
    return attachment


def fields(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Name → value; a list where the field is one of several, a mapping where it is one of names and values.

    Refused with 400 where another one is repeated.
    """
    found: dict[str, Any] = {}
    entries: dict[str, dict[str, Any]] = {}
    for name, value in pairs:
        entry = _ENTRY.fullmatch(name)
        if entry is not None:
            _once(entries.setdefault(entry[1], {}), entry[2], value, name)
        elif name in LISTS:
            found.setdefault(name, []).append(value)
        else:
            _once(found, name, value, name)
    for name in MAPS & found.keys():
        found[name] = _mapping(found[name])
    for name, given in entries.items():
        _once(found, name, given, name)
    return found


def _once(found: dict[str, Any], key: str, value: Any, name: str) -> None:
    if key in found:
        raise Refused(problem(400, "form", f"Expected the field {name[:64]!r} once."))
    found[key] = value


def _mapping(value: str) -> Any:
    """The JSON object in the text; otherwise the text, for the one who judges what such a field may be."""
    try:
        return strictjson.decode(value.encode()) if value else value
    except strictjson.Malformed:
        return value
