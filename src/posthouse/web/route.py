"""One call of the API as a value, and how a path finds it."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Literal
from urllib.parse import unquote_to_bytes

import msgspec

from posthouse.mail.address import domain_of_dns
from posthouse.mail.policy import NAME
from posthouse.web.answer import Answer
from posthouse.web.door import Door
from posthouse.web.request import NOTHING, Request

Access = Literal["anyone", "sender", "reader", "admin"]
"""Who may call. sender: a pool's key or an admin's, or nobody's where a pool is open. reader: one of those keys."""

Handler = Callable[[Door, Request], Awaitable[Answer]]

PLACES: Final = {
    "id": re.compile(r"[^/]+", re.DOTALL),  # the handler judges: a malformed id is as unknown as another pool's
    "domain": re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})+"),
    "provider": NAME,
}
"""What may stand in a path at a place in braces. A domain has a dot, so no other word of a path is one."""


class Parameter(msgspec.Struct, frozen=True):
    """Something a call is told beside its path and its body."""

    name: str
    where: Literal["query", "header"]
    words: str


class Route(msgspec.Struct, frozen=True):
    """One method of one path. HEAD goes with GET, a trailing slash with the path, and 401, 404 and 405 with all.

    path: a place is the name of one of `PLACES` in braces. body: the name of what is sent along, None for nothing.
    answers: status → what it means. shows: status → the name of what is shown then, one of `openapi.shapes.SHAPES`.
    key_in_body: whether the key may stand in the body, as in the stampman's calls.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    access: Access
    handler: Handler
    summary: str
    answers: dict[int, str]
    shows: dict[int, str] = {}
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None
    key_in_body: bool = False

    @property
    def hands_in(self) -> bool:
        """Whether the call makes a message, once however often it comes."""
        return any(parameter.name == "Idempotency-Key" for parameter in self.parameters)


class Methods(msgspec.Struct, frozen=True):
    """All routes of one path, by method. allow: the header that names them."""

    routes: dict[str, Route]
    allow: bytes


class Paths:
    """The table of routes, ready to be asked."""

    def __init__(self, routes: Iterable[Route]) -> None:
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            if by_path.setdefault(route.path, {}).setdefault(route.method, route) is not route:
                raise ValueError(f"{route.method} {route.path} is in the table twice")
        self._fixed: dict[bytes, Methods] = {}
        self._placed: list[tuple[list[str], Methods]] = []
        for path, given in by_path.items():
            methods = _methods(given)
            if "{" in path:
                self._placed.append((path[1:].split("/"), methods))
            else:
                self._fixed[path.encode()] = self._fixed[path.rstrip("/").encode() + b"/"] = methods
        self._placed.sort(key=lambda placed: [part.startswith("{") for part in placed[0]])

    def find(self, raw_path: bytes) -> tuple[Methods, dict[str, str]] | None:
        """The routes at a path as it stands in the request, and what stands at its places."""
        fixed = self._fixed.get(raw_path)
        if fixed is not None:
            return fixed, NOTHING
        parts = _parts(raw_path)
        if parts is None:
            return None
        fixed = self._fixed.get("/".join(["", *parts]).encode()) if b"%" in raw_path else None
        if fixed is not None:
            return fixed, NOTHING
        for pattern, methods in self._placed:
            found = _placed(pattern, parts)
            if found is not None:
                return methods, found
        return None


def _methods(routes: dict[str, Route]) -> Methods:
    allowed = sorted({*routes, *(("HEAD",) if "GET" in routes else ())})
    return Methods({**routes, **({"HEAD": routes["GET"]} if "GET" in routes else {})}, ", ".join(allowed).encode())


def _parts(raw_path: bytes) -> list[str] | None:
    """What stands between the slashes, each decoded once; None where one is empty, no text or holds a slash itself."""
    start, *parts = raw_path.split(b"/")
    if parts and not parts[-1]:
        parts.pop()
    try:
        texts = [unquote_to_bytes(part).decode() for part in parts]
    except UnicodeDecodeError:
        return None
    return None if start or any(not text or "/" in text for text in texts) else texts


def _placed(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    """What stands at the places of a pattern; None where the path is another."""
    if len(pattern) != len(parts):
        return None
    found = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if not wanted.startswith("{"):
            if wanted != part:
                return None
            continue
        name = wanted[1:-1]
        text = domain_of_dns(part) if name == "domain" else part
        if not PLACES[name].fullmatch(text):
            return None
        found[name] = text
    return found
