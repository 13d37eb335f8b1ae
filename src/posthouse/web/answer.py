"""What goes back: JSON, and errors as RFC 9457 writes them."""

from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import msgspec

from posthouse.mail.problem import Problem

Header = tuple[bytes, bytes]

JSON: Final = (b"content-type", b"application/json")
PROBLEM: Final = (b"content-type", b"application/problem+json")

FIXED: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"vary", b"Accept"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Headers of every answer that is no page: not kept, not the same to a browser, not guessed about, not shown inside
another's page."""

_json = msgspec.json.Encoder()


class Answer(msgspec.Struct, frozen=True):
    """A complete HTTP answer. fixed: the headers of its kind; a page brings a policy of its own."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = (JSON,)
    fixed: tuple[Header, ...] = FIXED

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it: an Answer is an ASGI application. HEAD is told the length of what GET would bring."""
        length = (b"content-length", str(len(self.body)).encode())
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.headers, length]})
        await send({"type": "http.response.body", "body": body})


def lines(headers: Sequence[Header]) -> bytes:
    """Headers as they go over the wire."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


fixed_lines: Final = lru_cache(64)(lines)
"""The same of those that belong to a kind of answer: there are few kinds."""


def answer(status: int, value: Any, *headers: Header) -> Answer:
    return Answer(status, _json.encode(value), (JSON, *headers))


def problem(
    status: int, kind: str, detail: str, *headers: Header, problems: Sequence[Problem] = (), **members: object
) -> Answer:
    """An error. kind: a stable kebab-case name, the last part of `type`. detail: what was expected, for a person."""
    document: dict[str, object] = {
        "type": f"urn:posthouse:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    if problems:
        document["problems"] = problems
    return Answer(status, _json.encode(document), (PROBLEM, *headers))


def retry_after(seconds: int) -> Header:
    return (b"retry-after", str(seconds).encode())


class Refused(Exception):
    """Ends the handling of a request with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer
