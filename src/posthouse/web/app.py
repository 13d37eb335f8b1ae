"""The HTTP application: finds the route of a call and who calls, and gives every answer its headers."""

import asyncio
from collections.abc import Iterable
from itertools import count
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, Any, Final

from posthouse.metrics.described import OTHER_PATH, PAGE
from posthouse.store.contract import StoreDown
from posthouse.telemetry import warn
from posthouse.web.answer import Answer, Header, Refused, problem, retry_after
from posthouse.web.auth import WRONG, admit, key_in_body, presented, wrong_key
from posthouse.web.connection import WHOLE, come_whole, send_whole
from posthouse.web.cors import NO_ORIGINS
from posthouse.web.door import Door
from posthouse.web.followed import followed
from posthouse.web.metrics import SCRAPE
from posthouse.web.pages.accept import PATHS, wants_page
from posthouse.web.refusal import down
from posthouse.web.request import Headers, Request
from posthouse.web.route import Paths
from posthouse.web.routes import ROUTES

if TYPE_CHECKING:
    from posthouse.web.pages.site import Site

MOST_AT_ONCE: Final = 1000
"""Requests in hand at the same time; more are turned away at once instead of making all of them wait."""

ROUTE: Final = "posthouse.route"
"""Where the scope holds the path of the route that was found, for the metrics."""

NO_EXTENSIONS: Final[dict[str, Any]] = {}

ALIVE: Final = ("/healthz", "/healthcheck")

ONCE: Final = frozenset({b"authorization", b"x-api-key", b"content-type", b"content-encoding", b"idempotency-key"})
"""Headers that are believed: given twice, one reader may believe the first and the next one the last."""


class App:
    """An ASGI application.

    development: whether the key is the one that everybody knows. secret: 32 random bytes that seal what browsers keep;
    all processes behind one address need the same.
    """

    def __init__(self, door: Door, *, development: bool = False, secret: bytes | None = None) -> None:
        self.door = door
        self._development, self._secret = development, secret or token_bytes(32)
        self._site: Site | None = None
        self._paths = Paths((*ROUTES, SCRAPE))
        self._in_hand = 0
        self._request_ids = RequestIds(token_hex(6))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return  # neither WebSockets nor a lifespan: the gateway starts and stops what there is
        headers: Headers = dict(scope["headers"])
        # Taken out: the cycle holds its scope, and what holds itself stays until the collector stops all to find it.
        cycle = scope.pop("extensions", NO_EXTENSIONS).get(WHOLE)
        if cycle is not None and (body := come_whole(cycle)) is not None:
            receive = body
        request_id = self._request_ids.of(headers)
        self._in_hand += 1
        began = self.door.clock.monotonic()
        try:
            if wants_page(headers.get(b"accept")) or scope["path"].startswith(PATHS):
                given = await self._page(scope, headers, receive, request_id)
            else:
                given = await self._answer(scope, headers, receive, request_id)
        except ConnectionResetError:
            return  # whoever asked is gone
        finally:
            self._in_hand -= 1
        route = scope.get(ROUTE) or self._pattern(scope)
        self.door.tally.requested(route, given.status, self.door.clock.monotonic() - began)
        more: tuple[Header, ...] = ((b"x-request-id", request_id),)
        if self.door.cors is not NO_ORIGINS:
            more += self.door.cors.headers(headers)
        if cycle is None:
            await Answer(given.status, given.body, (*given.headers, *more, *given.fixed))(scope, receive, send)
        else:
            send_whole(cycle, given, more)

    async def _page(self, scope: Any, headers: Headers, receive: Any, request_id: bytes) -> Answer:
        """The answer as a page. What makes pages is loaded for the first of them, beside the loop: it takes a while."""
        try:
            if self._site is None:
                made = await asyncio.to_thread(self._make_site)
                self._site = self._site or made
            return await self._site.answer(scope, headers, receive, request_id)
        except ConnectionResetError:
            raise
        except Exception as error:
            return _fault(request_id, scope["path"], error)

    def _make_site(self) -> "Site":
        from posthouse.web.pages.site import Site

        return Site(self.door, self._paths, self._answer, self._development, self._secret)

    async def _answer(self, scope: Any, headers: Headers, receive: Any, request_id: bytes) -> Answer:
        """An answer, whatever happens."""
        key: bytes | None = None
        handing_in = False
        try:
            if self._in_hand > MOST_AT_ONCE and scope["path"] not in ALIVE:
                return problem(503, "busy", "Too many requests at once; send it again.", retry_after(1))
            if len(headers) != len(scope["headers"]):
                refuse_repeated(scope["headers"])
                headers[b"prefer"] = b", ".join([value for name, value in scope["headers"] if name == b"prefer"])
            method, found = scope["method"], self._paths.find(scope["raw_path"])
            if found is None:
                return problem(404, "unknown-path", "There is nothing at this path.")
            methods, parameters = found
            route = methods.routes.get(method)
            if route is None:
                asked = self.door.cors.preflight(headers, methods.allow) if method == "OPTIONS" else None
                expected = f"Expected one of {methods.allow.decode()}."
                return asked or problem(405, "method", expected, (b"allow", methods.allow))
            scope[ROUTE], handing_in = route.path, route.hands_in
            key, fields = presented(headers), None
            if key is None and route.key_in_body:
                key, fields = await key_in_body(self.door, route, headers, receive)
            caller = admit(self.door, route.access, headers, key)
            client = scope.get("client")
            address, name = client[0] if client else None, request_id.decode()
            query = scope["query_string"]
            request = Request(method, headers, query, receive, caller, parameters, fields, address, name)
            if self.door.tracer is not None:
                return await followed(self.door.tracer, self.door, route, request)
            return await route.handler(self.door, request)
        except Refused as refused:
            guessed = refused.answer is WRONG and key is not None
            return wrong_key(self.door, scope) if guessed else refused.answer
        except StoreDown as error:
            return down(error, handing_in)
        except ConnectionResetError:
            raise
        except Exception as error:
            return _fault(request_id, scope["path"], error)

    def _pattern(self, scope: Any) -> str:
        """What stands for a path in the metrics, where no route was called: never the path itself."""
        if scope["path"].startswith(PATHS):
            return PAGE
        found = self._paths.find(scope["raw_path"])
        return OTHER_PATH if found is None else next(iter(found[0].routes.values())).path


def _fault(request_id: bytes, path: str, error: Exception) -> Answer:
    warn("a request ended in an internal error", request_id=request_id.decode(), path=path, error=error)
    return problem(500, "internal", "This is a fault of Posthouse; its log tells more under the request id.")


def refuse_repeated(fields: Iterable[Header]) -> None:
    """Refused with 400 where a header that is believed is given twice."""
    seen: set[bytes] = set()
    for name, _ in fields:
        if name in seen and name in ONCE:
            raise Refused(problem(400, "header-repeated", f"Expected the header {name.decode()} once."))
        seen.add(name)


class RequestIds:
    """Names for requests: a random beginning for the process, then a count. Asking for randomness each time is slow."""

    def __init__(self, beginning: str) -> None:
        self._beginning, self._count = beginning.encode(), count(1)

    def of(self, headers: Headers) -> bytes:
        """The caller's own, where it is a plain short word; otherwise a new one."""
        given = headers.get(b"x-request-id")
        if given is not None and len(given) <= 64 and given.replace(b"-", b"").replace(b"_", b"").isalnum():
            return given
        return b"%b-%d" % (self._beginning, next(self._count))
