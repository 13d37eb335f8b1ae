"""A connection of the HTTP door: uvicorn's, with an end to how long and how much the head of a request may be.

How long it rests between two requests is looked at here too, now and then: uvicorn sets a timer for each request.

uvicorn 0.54 waits for ever for a head and keeps whatever comes of it (as of 2026-11), from anybody, with or without a
key. What is no HTTP it answers in plain text; here that is an error like all others.
"""

import asyncio
import sys
from collections.abc import Iterable
from http import HTTPStatus
from secrets import token_hex
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from posthouse.web.answer import FIXED, Answer, Header, fixed_lines, lines, problem
from posthouse.web.body import SMALL

HEAD_S: Final = 10.0
"""How long the head of a request may take, from its first byte; the first one from the opening of the connection."""

KEPT_S: Final = 75.0
"""How long a connection at rest is kept: longer than proxies in front keep theirs."""

HEAD_MAX: Final = 64 * 1024
"""Bytes of a head that is not complete yet."""

CLOSE: Final = (b"connection", b"close")

BODILESS: Final = (204, 304)
"""Statuses whose answers end with their head, and tell no length."""

WHOLE: Final = "posthouse.whole"
"""The extension of the ASGI scope that holds the cycle of the request: for `come_whole` and `send_whole`."""


class Connection(HttpToolsProtocol):
    """One connection; `hurry` must be called now and then."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting_since: float | None = self.loop.time()
        self._resting_since: float | None = None
        self._received = 0
        self._offered = False
        self._fed = b""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._waiting_since, self._resting_since, self._received = self.loop.time(), None, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after the head are trailers: nobody reads them, and they may be without end.
        if self._waiting_since is not None:
            name = name.lower()
            self.headers.append((name, value))
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        self._offered = self.parser.should_upgrade()
        if self._offered:
            if self.parser.get_method() == b"CONNECT":
                raise ValueError("CONNECT")  # the parser takes it for a malformed request
            return
        self._waiting_since = None
        super().on_headers_complete()
        extensions: dict[str, Any] = {WHOLE: self.cycle}
        self.scope["extensions"] = extensions

    def on_message_complete(self) -> None:
        if not self._offered:
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self._fed = data
        super().data_received(data)
        if self._waiting_since is not None and not self.transport.is_closing():
            self._received += len(data)
            if self._received > HEAD_MAX:
                self._refuse(problem(431, "head-too-large", f"Expected headers of at most {HEAD_MAX} bytes."))

    def on_response_complete(self) -> None:
        """Go on with the next request, or rest: `hurry` ends that, so that no timer need be set and called off."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._waiting_since is None:  # otherwise the next head has begun to come
            self._resting_since = self.loop.time()

    def hurry(self) -> None:
        """Give up waiting for a head that takes too long, or for another request."""
        now, since = self.loop.time(), self._waiting_since
        if self._resting_since is not None and now - self._resting_since >= KEPT_S:
            self.transport.close()
        if since is None or now - since < HEAD_S or self.transport.is_closing():
            return
        if self._received:
            self._refuse(problem(408, "head-too-slow", f"Expected all headers within {HEAD_S:.0f} seconds."))
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # What came before it is a request, and gets its own answer; then it is over.
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        self._refuse(problem(400, "http", "Expected a request as HTTP/1.1 writes it."))

    def _unsupported_upgrade_warning(self) -> None:
        """Whoever offers another protocol is answered in this one: the request is read again without the offer.

        The parser stops behind such a head (Java's HttpClient offers h2c with every request in clear), and would take
        the body that follows for the next request.
        """
        stopped = sys.exception()
        assert isinstance(stopped, httptools.HttpParserUpgrade)  # noqa: S101  it is what this is called for
        rest = self._fed[stopped.args[0] :]
        kept = b"".join(b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade")
        version = self.parser.get_http_version().encode()
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, kept)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(head + rest)

    def _refuse(self, answer: Answer) -> None:
        """Answer, and close: where the next request would begin nobody can tell."""
        headers = (
            *self.server_state.default_headers,
            *answer.headers,
            (b"x-request-id", token_hex(8).encode()),
            *FIXED,
            (b"content-length", str(len(answer.body)).encode()),
            CLOSE,
        )
        first = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n".encode()
        self.transport.write(first + lines(headers) + b"\r\n" + answer.body)
        self.transport.close()


def come_whole(cycle: RequestResponseCycle) -> bytes | None:
    """A small body where it is here already, as it mostly is; None where it must be waited for, or is large."""
    if cycle.more_body or cycle.disconnected or len(cycle.body) > SMALL:
        return None
    body = bytes(cycle.body)
    cycle.body.clear()
    return body


def send_whole(cycle: RequestResponseCycle, answer: Answer, more: Iterable[Header]) -> None:
    """Write head and body at once: half the system calls of two, and no answer that a crash can leave half written.

    more: headers besides the answer's own.
    """
    if cycle.disconnected:
        return
    own, body = [*cycle.default_headers, *answer.headers, *more], answer.body
    if CLOSE in own:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        own.append(CLOSE)
    if answer.status not in BODILESS:
        own.append((b"content-length", b"%d" % len(body)))
    head = STATUS_LINE[answer.status] + lines(own) + fixed_lines(answer.fixed)
    cycle.response_started = cycle.response_complete = True
    cycle.transport.write(head + b"\r\n" if cycle.scope["method"] == "HEAD" else b"%b\r\n%b" % (head, body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def hurry(connections: Iterable[object]) -> None:
    """All of those that wait too long."""
    for connection in connections:
        if isinstance(connection, Connection):
            connection.hurry()
