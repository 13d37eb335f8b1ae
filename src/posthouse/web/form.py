"""Forms: the same fields as JSON, as a browser or curl writes them; files become attachments."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from posthouse.web.answer import Refused, problem

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

FIELDS_MAX: Final = 1200
"""Enough for 1,000 recipients written one by one."""

FILES_MAX: Final = 50
TEXT_MAX: Final = 2**20
"""Bytes of one field that is not a file."""

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


async def multipart(body: bytes | bytearray, content_type: str) -> dict[str, Any]:
    """The fields and files of a `multipart/form-data` body. A file in a field `inline` is shown by `cid:` its name."""
    from starlette.datastructures import Headers, UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    async def stream() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body), 65536):
            yield bytes(body[start : start + 65536])
        yield b""

    headers = Headers({"content-type": content_type})
    parser = MultiPartParser(headers, stream(), max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=TEXT_MAX)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise Refused(
            problem(
                400,
                "multipart",
                f"Expected multipart/form-data with at most {FIELDS_MAX} fields of {TEXT_MAX} bytes and "
                f"{FILES_MAX} files.",
            )
        ) from None
    try:
        pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
        found = fields(pairs)
        if files:
            found["attachments"] = [await _attachment(name, file) for name, file in files]
        return found
    finally:
        await form.close()


async def _attachment(name: str, file: "UploadFile") -> dict[str, Any]:
    attachment: dict[str, Any] = {"filename": file.filename or "", "content": await file.read()}
    if file.content_type:
        attachment["content_type"] = file.content_type
    if name == "inline":
        attachment["content_id"] = file.filename or ""
    return attachment


def fields(pairs: list[tuple[str, str]]) -> dict[str, Any]:
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
