"""`GET /openapi.json`: the document, made when it is first asked for, and kept as the bytes that are sent."""

from functools import cache
from hashlib import sha256
from typing import Final

import msgspec

from posthouse.web.answer import FIXED, JSON, Answer
from posthouse.web.door import Door
from posthouse.web.request import Request

KEPT: Final = ((b"cache-control", b"no-cache"), *(header for header in FIXED if header[0] != b"cache-control"))
"""The headers of every answer; this one may be kept, and asked for anew."""


async def shown(door: Door, request: Request) -> Answer:
    """GET /openapi.json"""
    body, version = made()
    tag = (b"etag", version)
    known = request.headers.get(b"if-none-match", b"")
    if known.strip() == b"*" or version in [one.strip().removeprefix(b"W/") for one in known.split(b",")]:
        return Answer(304, b"", (tag,), KEPT)
    return Answer(200, body, (JSON, tag), KEPT)


@cache
def made() -> tuple[bytes, bytes]:
    """The document in JSON, and its ETag."""
    # Imported here: a server that nobody asks for the document does not pay for it, and the table names this call.
    from posthouse.web.openapi.document import document
    from posthouse.web.routes import ROUTES

    body = msgspec.json.encode(document(ROUTES))
    return body, b'"%s"' % sha256(body).hexdigest()[:16].encode()
