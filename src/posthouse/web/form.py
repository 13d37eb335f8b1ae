"""Forms: the same fields as JSON, as a browser or curl writes them; files become attachments."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from posthouse.web.answer import Refused, problem
from posthouse.web.multipart import Malformed, Part
from posthouse.web.multipart import parts as split

FIELDS_MAX: Final = 1200
"""Fields and files: enough for 1,000 recipients written one by one."""

LISTS: Final = frozenset({"to", "cc", "bcc", "recipients", "toaddress", "reply_to", "tags", "require_tags"})
"""Fields that may be written several times."""


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
    """Name → value; a list where the field is one of several. Refused with 400 where another one is repeated."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in LISTS:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise Refused(problem(400, "form", f"Expected the field {name[:64]!r} once."))
        else:
            found[name] = value
    return found
