"""The fields that a body brings, whatever it is written in: JSON, a form, a form with files."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from posthouse.mail.field import parametrised
from posthouse.mail.problem import Flaw
from posthouse.web import form, strictjson
from posthouse.web.answer import Refused, problem
from posthouse.web.body import SMALL, announced, read, too_large
from posthouse.web.door import Door
from posthouse.web.request import Headers, Request

T = TypeVar("T")


async def given(door: Door, request: Request, use: Callable[[dict[str, Any]], Awaitable[T]]) -> T:
    """What `use` makes of the body's fields; memory is held for a large one until it is done."""
    headers = request.headers
    come = early(door, request)
    if come is not None:
        return await use(come)
    length = announced(headers, door.max_body)
    if length is not None and length <= SMALL:
        return await use(fields(headers, await read(request.receive, SMALL, length)))
    # Its text, its parts and its packed form stand in memory beside each other for a moment.
    async with door.budget.hold(door.max_body if length is None else length):
        return await use(fields(headers, await read(request.receive, door.max_body, length)))


def early(door: Door, request: Request) -> dict[str, Any] | None:
    """The fields where they need not be waited for: they were read already, or the whole body came with the head."""
    body = request.receive
    if request.fields is not None or not isinstance(body, bytes):
        return request.fields
    if len(body) > door.max_body:
        raise too_large(door.max_body)
    return fields(request.headers, body)


async def small(door: Door, headers: Headers, receive: Any) -> dict[str, Any]:
    """The fields of a body of a few lines; none where there is no body."""
    most = min(SMALL, door.max_body)
    body = await read(receive, most, announced(headers, most) or 0)
    return fields(headers, body) if body else {}


async def few(door: Door, request: Request) -> dict[str, Any]:
    """The fields of a call that needs a few of them, or none. What comes with a GET means nothing, and is left."""
    if request.fields is not None:
        return request.fields
    return await small(door, request.headers, request.receive) if request.method == "POST" else {}


def fields(headers: Headers, body: bytes | bytearray) -> dict[str, Any]:
    """The body's fields, by its media type. Refused with 415 for another one, 400 where it is not what it says."""
    if headers.get(b"content-type") == b"application/json" and b"content-encoding" not in headers:
        return _json(body)  # nearly all of them
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused(problem(415, "content-encoding", "Expected a body without Content-Encoding."))
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    kind = parametrised(content_type)
    if isinstance(kind, Flaw) or kind.parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refused(problem(415, "charset", "Expected charset=utf-8, or none said."))
    match kind.value:
        case "application/json":
            return _json(body)
        case "application/x-www-form-urlencoded":
            return form.urlencoded(body)
        case "multipart/form-data":
            return form.multipart(body, content_type)
        case _:
            expected = "application/json, application/x-www-form-urlencoded or multipart/form-data"
            raise Refused(problem(415, "media-type", f"Expected Content-Type {expected}."))


def _json(body: bytes | bytearray) -> dict[str, Any]:
    try:
        return strictjson.decode(body)
    except strictjson.Malformed as error:
        raise Refused(problem(400, "json", f"The body cannot be read: {error}.")) from None
