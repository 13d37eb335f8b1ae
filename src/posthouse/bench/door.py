"""The server's side of HTTP/1.1 at its barest, on loopback: what the fake provider and the bare loop stand on.

No limits, no timeouts, no validation: it is no server for anybody but the benchmark.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import cast

import httptools
import msgspec


class Door(asyncio.Protocol):
    """One connection. A whole request has come in when `asked` is called; it answers with `say`, once, now or later."""

    transport: asyncio.Transport
    target = b""
    body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.transport.close()

    def on_message_begin(self) -> None:
        self.target = self.body = b""

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_body(self, chunk: bytes) -> None:
        self.body += chunk

    def on_message_complete(self) -> None:
        self.asked(self.parser.get_method())

    def asked(self, method: bytes) -> None:
        """A request is complete: `target` and `body` hold it until the next one begins."""
        raise NotImplementedError

    def say(self, status: bytes, body: bytes = b"", headers: bytes = b"") -> None:
        """Answer. status: `200 OK`. headers: whole lines, each with its line end."""
        # An answer may come after the caller has gone: writing to a closed transport raises.
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 %b\r\n%bcontent-length: %d\r\n\r\n%b" % (status, headers, len(body), body))


class Open(msgspec.Struct, frozen=True):
    """What a server of the benchmark says of itself when it listens, as one JSON line on its standard output."""

    port: int


async def serve(door: Callable[[], Door], port: int = 0) -> None:
    """Listen on 127.0.0.1 (port 0: any free one), say where, and stay until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(door, "127.0.0.1", port, backlog=1024)
    sys.stdout.buffer.write(msgspec.json.encode(Open(server.sockets[0].getsockname()[1])) + b"\n")
    sys.stdout.buffer.flush()
    await stop.wait()
    server.close()
