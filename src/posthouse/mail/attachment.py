"""Reads attachments: files as base64 inside JSON, or as bytes from a multipart form."""

import binascii
import re
from typing import Final

from posthouse.mail.fields import report_unknown
from posthouse.mail.limits import Limits
from posthouse.mail.message import Attachment
from posthouse.mail.problem import Flaw, Problem
from posthouse.mail.text import disguises

PARTS: Final = ("filename", "content", "content_type", "content_id")
TYPE_MAX: Final = 255
"""Characters of a media type with its parameters."""
DEFAULT_TYPE: Final = "application/octet-stream"
TYPES: Final[dict[str, str]] = {
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "eml": "message/rfc822",
    "gif": "image/gif",
    "gz": "application/gzip",
    "htm": "text/html",
    "html": "text/html",
    "ics": "text/calendar",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}
"""The media type of a file that came without one, by its ending. Images shown inline are shown by their type, and
a provider may drop a file whose ending and type disagree (Resend, as of 2026-11)."""
NOT_FILES: Final = ("multipart/", "message/partial", "message/external-body")
"""Types that are no file: parts of their own, a piece of something, a pointer to elsewhere."""

_LIST: Final = Flaw("field-type", "Expected a list of attachments.")
_OBJECT: Final = Flaw("field-type", "Expected an object with filename and content.")
_STRING: Final = Flaw("field-type", "Expected a string.")
_FILENAME: Final = Flaw(
    "attachment-filename",
    "Expected a plain file name: no folders, no control, bidirectional or zero-width characters.",
)
_CONTENT: Final = Flaw("attachment-content", "Expected standard base64 with padding, without line breaks.")
_TYPE: Final = Flaw(
    "attachment-type", "Expected a media type like application/pdf, and not multipart, message/partial or external."
)
_CONTENT_ID: Final = Flaw(
    "attachment-content-id", "Expected 1 to 128 characters of letters, digits and .!#$&*+=^_~@- without brackets."
)
_SAME_ID: Final = Flaw("content-id-repeated", "Expected a content id of its own.")

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]{1,127}"  # noqa: S105  a token of RFC 6838, 4.2
_PARAMETER = rf'; ?{_TOKEN}=(?:{_TOKEN}|"[A-Za-z0-9 !#$&^_.+:/-]{{0,127}}")'
type_is_good = re.compile(rf"{_TOKEN}/{_TOKEN}(?:{_PARAMETER}){{0,5}}").fullmatch
content_id_is_good = re.compile(r"[A-Za-z0-9.!#$&*+=^_~@-]{1,128}").fullmatch


def read_attachments(value: object, limits: Limits, problems: list[Problem]) -> tuple[Attachment, ...]:
    """All attachments, those that are wrong reported and left out."""
    if not isinstance(value, list | tuple):
        problems.append(_LIST.at("attachments"))
        return ()
    if len(value) > limits.attachments:
        flaw = Flaw("attachments-too-many", f"Expected at most {limits.attachments} attachments.")
        problems.append(flaw.at("attachments"))
        return ()
    read = [_attachment(one, f"attachments[{i}]", limits, problems) for i, one in enumerate(value)]
    kept = tuple([one for one in read if one is not None])
    if sum(len(one.content) for one in kept) > limits.attachment_bytes:
        flaw = Flaw("attachments-too-large", f"Expected at most {limits.attachment_bytes} bytes in all attachments.")
        problems.append(flaw.at("attachments"))
    seen: set[str] = set()
    for i, one in enumerate(read):
        if one is not None and one.content_id is not None:
            if one.content_id in seen:
                problems.append(_SAME_ID.at(f"attachments[{i}].content_id"))
            seen.add(one.content_id)
    return kept


def _attachment(value: object, field: str, limits: Limits, problems: list[Problem]) -> Attachment | None:
    if not isinstance(value, dict):
        problems.append(_OBJECT.at(field))
        return None
    report_unknown(value, PARTS, f"{field}.", problems)
    filename = value.get("filename")
    content = _bytes_of(value.get("content"))
    content_type = value.get("content_type")
    if content_type is None or content_type == "":
        content_type = _type_of(filename)
    content_id = value.get("content_id") or None
    judged = (
        ("filename", _filename_flaw(filename, limits)),
        ("content", content if isinstance(content, Flaw) else None),
        ("content_type", _type_flaw(content_type)),
        ("content_id", _content_id_flaw(content_id)),
    )
    found = [flaw.at(f"{field}.{part}") for part, flaw in judged if flaw]
    problems.extend(found)
    if found or isinstance(content, Flaw):
        return None
    return Attachment(str(filename), content, content_type, content_id)


def _filename_flaw(name: object, limits: Limits) -> Flaw | None:
    if not isinstance(name, str):
        return _STRING
    if not 0 < len(name) <= limits.filename or disguises(name) or "/" in name or "\\" in name:
        return _FILENAME
    return _FILENAME if name in (".", "..") or name != name.strip() else None


def _bytes_of(content: object) -> bytes | Flaw:
    if isinstance(content, bytes):
        return content
    if not isinstance(content, str):
        return _STRING
    try:
        return binascii.a2b_base64(content, strict_mode=True)
    except ValueError:  # binascii.Error is one, and so is what it raises for text outside ASCII
        return _CONTENT


def _type_of(filename: object) -> str:
    ending = filename.rpartition(".")[2].lower() if isinstance(filename, str) else ""
    return TYPES.get(ending, DEFAULT_TYPE)


def _type_flaw(content_type: object) -> Flaw | None:
    if not isinstance(content_type, str):
        return _STRING
    good = (
        len(content_type) <= TYPE_MAX and type_is_good(content_type) and not content_type.lower().startswith(NOT_FILES)
    )
    return None if good else _TYPE


def _content_id_flaw(content_id: object) -> Flaw | None:
    if content_id is None:
        return None
    if not isinstance(content_id, str):
        return _STRING
    return None if content_id_is_good(content_id) else _CONTENT_ID
