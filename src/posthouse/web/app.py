"""The HTTP application: one table of routes, one place where every answer gets its headers."""

from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from secrets import token_hex
from typing import Any, Final

from posthouse.store.contract import StoreDown
from posthouse.telemetry import warn
from posthouse.web.answer import Answer, Header, Refused, problem, retry_after
from posthouse.web.connection import FIXED, WHOLE
from posthouse.web.health import Readiness, alive
from posthouse.web.messages import Messages, down

Headers = dict[bytes, bytes]

MOST_AT_ONCE: Final = 1000
"""Requests in hand at the same time; more are turned away at once instead of making all of them wait."""

NO_EXTENSIONS: Final[dict[str, Any]] = {}

ALIVE: Final = ("/healthz", "/healthcheck")

ONCE: Final = frozenset({b"authorization", b"x-api-key", b"content-type", b"content-encoding", b"idempotency-key"})
"""Headers that are believed: given twice, one reader may believe the first and the next one the last."""


class App:
    """An ASGI application."""

    def __init__(self, messages: Messages, readiness: Readiness, stopping: Callable[[], bool]) -> None:
        self._messages, self._readiness, self._stopping = messages, readiness, stopping
        self._in_hand = 0
        self._request_ids = RequestIds(token_hex(6))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return  # neither WebSockets nor a lifespan: the gateway starts and stops what there is
        headers: Headers = dict(scope["headers"])
        request_id = self._request_ids.of(headers)
        self._in_hand += 1
        try:
            given = await self._answer(scope, headers, receive, request_id)
        except ConnectionResetError:
            return  # whoever asked is gone
        finally:
            self._in_hand -= 1
        head = (*given.headers, (b"x-request-id", request_id), *FIXED)
        answer = Answer(given.status, given.body, head)
        send_whole = scope.get("extensions", NO_EXTENSIONS).get(WHOLE)
        if send_whole is None:
            await answer(scope, receive, send)
        else:
            send_whole(answer)

    async def _answer(self, scope: Any, headers: Headers, receive: Any, request_id: bytes) -> Answer:
        """An answer, whatever happens."""
        try:
            if self._in_hand > MOST_AT_ONCE and scope["path"] not in ALIVE:
                return problem(503, "busy", "Too many requests at once; send it again.", retry_after(1))
            if len(headers) != len(scope["headers"]):
                refuse_repeated(scope["headers"])
            return await self._route(scope["method"], scope["path"], scope, headers, receive)
        except Refused as refused:
            return refused.answer
        except StoreDown as error:
            return down(error)
        except ConnectionResetError:
            raise
        except Exception as error:
            warn(
                "a request ended in an internal error", request_id=request_id.decode(), path=scope["path"], error=error
            )
            return problem(500, "internal", "This is a fault of Posthouse; its log tells more under the request id.")

    async def _route(self, method: str, path: str, scope: Any, headers: Headers, receive: Any) -> Answer:
        if path == "/email" or path == "/email/":
            if method == "POST":
                if self._stopping():
                    detail = "This server is stopping; send it again."
                    return problem(503, "stopping", detail, retry_after(1), (b"connection", b"close"))
                return await self._messages.submit(headers, receive)
            return await _one(method, {"GET": lambda: self._messages.page(headers, scope["query_string"])}, "POST")
        if path.startswith("/email/"):
            message_id = path.removeprefix("/email/").rstrip("/")
            if "/" not in message_id:
                return await _one(
                    method,
                    {
                        "GET": lambda: self._messages.show(headers, message_id),
                        "DELETE": lambda: self._messages.cancel(headers, message_id),
                    },
                )
        if path in ALIVE:
            return await _one(method, {"GET": _alive})
        if path == "/readyz":
            return await _one(method, {"GET": self._readiness.ready})
        return problem(404, "unknown-path", "There is nothing at this path.")


def refuse_repeated(fields: Iterable[Header]) -> None:
    """Refused with 400 where a header that is believed is given twice."""
    seen: set[bytes] = set()
    for name, _ in fields:
        if name in seen and name in ONCE:
            raise Refused(problem(400, "header-repeated", f"Expected the header {name.decode()} once."))
        seen.add(name)


async def _one(method: str, calls: dict[str, Callable[[], Awaitable[Answer]]], *others: str) -> Answer:
    """The call for the method; 405 with what is allowed where there is none."""
    call = calls.get("GET" if method == "HEAD" else method)
    if call is None:
        allowed = ", ".join(sorted({*calls, *others, *(("HEAD",) if "GET" in calls else ())}))
        return problem(405, "method", f"Expected one of {allowed}.", (b"allow", allowed.encode()))
    return await call()


async def _alive() -> Answer:
    return alive()


class RequestIds:
    """Names for requests: a random beginning for the process, then a count. Asking for randomness each time is slow."""

    def __init__(self, beginning: str) -> None:
        self._beginning, self._count = beginning, count(1)

    def of(self, headers: Headers) -> bytes:
        """The caller's own, where it is a plain short word; otherwise a new one."""
        given = headers.get(b"x-request-id", b"")
        if 0 < len(given) <= 64 and given.replace(b"-", b"").replace(b"_", b"").isalnum():
            return given
        return b"%s-%d" % (self._beginning.encode(), next(self._count))
