"""A connection of the HTTP door: uvicorn's, with an end to how long and how much the head of a request may be.

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

from posthouse.web.answer import FIXED, Answer, problem
from posthouse.web.body import SMALL

HEAD_S: Final = 10.0
"""How long the head of a request may take, from its first byte; the first one from the opening of the connection."""

HEAD_MAX: Final = 64 * 1024
"""Bytes of a head that is not complete yet."""

BODILESS: Final = (204, 304)
"""Statuses whose answers end with their head, and tell no length."""

WHOLE: Final = "posthouse.whole"
"""The extension of the ASGI scope that holds the cycle of the request: for `come_whole` and `send_whole`."""


class Connection(HttpToolsProtocol):
    """One connection; `hurry` must be called now and then."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting_since: float | None = self.loop.time()
        self._received = 0
        self._offered = False
        self._fed = b""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._waiting_since, self._received = self.loop.time(), 0

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after the head are trailers: nobody reads them, and they may be without end.
        if self._waiting_since is not None:
            super().on_header(name, value)

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

    def hurry(self) -> None:
        """Give up waiting for a head that takes too long."""
        since = self._waiting_since
        if since is None or self.loop.time() - since < HEAD_S or self.transport.is_closing():
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
            (b"connection", b"close"),
        )
        first = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n".encode()
        self.transport.write(first + b"".join(b"%s: %s\r\n" % header for header in headers) + b"\r\n" + answer.body)
        self.transport.close()


def come_whole(cycle: RequestResponseCycle) -> bytes | None:
    """A small body where it is here already, as it mostly is; None where it must be waited for, or is large."""
    if cycle.more_body or cycle.disconnected or len(cycle.body) > SMALL:
        return None
    body = bytes(cycle.body)
    cycle.body.clear()
    return body


def send_whole(cycle: RequestResponseCycle, answer: Answer) -> None:
    """Write head and body at once: half the system calls of two, and no answer that a crash can leave half written."""
    if cycle.disconnected:
        return
    close = (b"connection", b"close")
    cycle.keep_alive = cycle.keep_alive and close not in answer.headers
    content = [STATUS_LINE[answer.status]]
    for name, value in cycle.default_headers:
        content += (name, b": ", value, b"\r\n")
    for name, value in answer.headers:
        content += (name, b": ", value, b"\r\n")
    if not cycle.keep_alive and close not in answer.headers:
        content.append(b"connection: close\r\n")
    bodiless = answer.status in BODILESS
    content.append(b"\r\n" if bodiless else b"content-length: %d\r\n\r\n" % len(answer.body))
    if cycle.scope["method"] != "HEAD":
        content.append(answer.body)
    cycle.response_started = cycle.response_complete = True
    cycle.transport.write(b"".join(content))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def hurry(connections: Iterable[object]) -> None:
    """All of those that wait too long."""
    for connection in connections:
        if isinstance(connection, Connection):
            connection.hurry()
