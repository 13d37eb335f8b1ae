"""The client of all providers that speak HTTP: kept connections, one deadline a call, and no doubt where there is none.

A call either never left (the name, the connection, the handshake or a free place failed: Deferred or Throttled), or
was written on a connection, and then only its answer tells. Nothing is ever written twice from here. Connections at
rest are let go early, so that a server seldom closes one while a request is on its way to it.

No redirects, no proxy, no cookies, no compression asked for; TLS from 1.2, verified against the system's roots.
"""

import asyncio
import ssl
from functools import lru_cache
from typing import Final, Self
from urllib.parse import urlsplit

import msgspec

import posthouse
from posthouse.providers.base import HttpRequest, readable
from posthouse.providers.wire import Answered, Connection, reason
from posthouse.routing.outcome import Deferred, Throttled

CONNECT_S: Final = 5.0
ROOM_S: Final = 1.0
IDLE_S: Final = 4.0  # shorter than the 5 s after which many servers let go (Node, uvicorn): whoever closes first wins

_FIXED: Final = f"\r\nUser-Agent: posthouse/{posthouse.__version__}\r\n"
_FIXED_LINES: Final = 3
"""Line ends in a head, up to the length of the body, besides those of the request's own headers."""

_OURS: Final = frozenset({"host", "user-agent", "content-length", "connection", "transfer-encoding"})
"""Headers that are written here: a second one of the same name would be another request, or break a signature."""


class Origin(msgspec.Struct, frozen=True):
    """Where connections go. Requests to the same origin share them."""

    host: str
    port: int
    tls: bool


class Call(msgspec.Struct, frozen=True):
    """A request, written out."""

    origin: Origin
    head: bytes
    body: bytes


class Client:
    """Make it inside an event loop, or before: the first call ties it to its loop.

    max_connections: calls in flight at most, all providers together; one that finds no room within a second is
    answered Throttled.
    """

    def __init__(self, max_connections: int) -> None:
        self._places = asyncio.Semaphore(max_connections)
        self._rested: dict[Origin, list[Connection]] = {}
        self._reaper: asyncio.TimerHandle | None = None
        self._context: ssl.SSLContext | None = None

    async def call(self, call: Call, timeout_s: float) -> Answered | Deferred | Throttled:
        """One request, one answer, one deadline over all of it. Cancelled, it is cut off where it stands."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        if self._places.locked():
            try:
                async with asyncio.timeout(min(ROOM_S, timeout_s)):
                    await self._places.acquire()
            except TimeoutError:
                return Throttled(detail="no free connection: all are in use", retry_after_s=ROOM_S)
        else:
            await self._places.acquire()
        try:
            connection = self._kept(call.origin, loop)
            if connection is None:
                try:
                    async with asyncio.timeout(min(CONNECT_S, timeout_s)):
                        connection = await self._connected(call.origin, loop)
                except OSError as error:
                    return Deferred(detail=f"not connected: {readable(reason(error))}")
                if not connection.reusable:
                    return Deferred(detail="not connected: closed before anything was said")
            return await self._exchange(connection, call, deadline, loop)
        finally:
            self._places.release()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections at rest; those in use go with their calls."""
        for connections in self._rested.values():
            for connection in connections:
                connection.close()
        self._rested.clear()
        if self._reaper is not None:
            self._reaper.cancel()

    async def _exchange(
        self, connection: Connection, call: Call, deadline: float, loop: asyncio.AbstractEventLoop
    ) -> Answered:
        answered: asyncio.Future[Answered] = loop.create_future()
        timer = loop.call_at(deadline, connection.expire)
        try:
            connection.ask(answered, call.head, call.body)
            answer = await answered
        except BaseException:
            connection.close()
            raise
        finally:
            timer.cancel()
        if connection.reusable:
            self._rest(call.origin, connection, loop)
        else:
            connection.close()
        return answer

    def _kept(self, origin: Origin, loop: asyncio.AbstractEventLoop) -> Connection | None:
        """A connection at rest that may still be used, the last one used first."""
        connections = self._rested.get(origin)
        while connections:
            connection = connections.pop()
            if connection.reusable and loop.time() - connection.rested_at < IDLE_S:
                return connection
            connection.close()
        return None

    def _rest(self, origin: Origin, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        connection.rested_at = loop.time()
        self._rested.setdefault(origin, []).append(connection)
        if self._reaper is None:
            self._reaper = loop.call_later(IDLE_S, self._reap, loop)

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let go of what has rested for too long; come again while anything rests."""
        oldest = loop.time() - IDLE_S
        for origin, connections in list(self._rested.items()):
            for connection in connections:
                if connection.rested_at <= oldest:
                    connection.close()
            kept = [connection for connection in connections if connection.reusable]
            if kept:
                self._rested[origin] = kept
            else:
                del self._rested[origin]
        self._reaper = loop.call_later(IDLE_S, self._reap, loop) if self._rested else None

    async def _connected(self, origin: Origin, loop: asyncio.AbstractEventLoop) -> Connection:
        """OSError, ssl.SSLError (one of them) and TimeoutError say why not: nothing of a request has left then."""
        context = await self._tls() if origin.tls else None
        try:
            _, connection = await loop.create_connection(Connection, origin.host, origin.port, ssl=context)
        except UnicodeError as error:  # a host name that IDNA does not know
            raise OSError("the host name is not valid") from error
        return connection

    async def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            context = await asyncio.to_thread(ssl.create_default_context)  # reads the roots from disk
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols(["http/1.1"])
            self._context = context
        return self._context


def prepare(request: HttpRequest) -> Call:
    """The request as it goes over the wire. ValueError where it cannot be written: a line break in a header."""
    origin, head = _head(request.method, request.url, *request.headers.items())
    return Call(origin, b"%b%d\r\n\r\n" % (head, len(request.body)), request.body)


@lru_cache(64)
def _head(method: str, url: str, *headers: tuple[str, str]) -> tuple[Origin, bytes]:
    """Where to, and the head up to the length of the body: most providers are asked with the same each time."""
    origin, start = _target(method, url)
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    head = f"{start}{_FIXED}{lines}Content-Length: ".encode("ascii")
    expected = len(headers) + _FIXED_LINES
    if not _OURS.isdisjoint([name.lower() for name, _ in headers]):
        raise ValueError("a header is given that the client writes itself")
    if head.count(b"\n") != expected or head.count(b"\r") != expected or b"\0" in head:
        raise ValueError("a header holds a line break or a NUL")
    return origin, head


@lru_cache(1024)
def _target(method: str, url: str) -> tuple[Origin, str]:
    """Where to, and the first lines of the head. ValueError for what is not a URL."""
    parts = urlsplit(url)
    host, tls = parts.hostname, parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not host or parts.scheme not in ("http", "https") or not path.isascii() or not path.isprintable() or " " in path:
        raise ValueError("expected an http:// or https:// URL")
    port = parts.port or (443 if tls else 80)
    name = f"[{host}]" if ":" in host else host
    shown = name if parts.port is None else f"{name}:{parts.port}"
    return Origin(host, port, tls), f"{method} {path} HTTP/1.1\r\nHost: {shown}"
