"""One kept connection of the load: posts when told to, and tells what was answered."""

import asyncio
from typing import Protocol, cast

import httptools


class Told(Protocol):
    """Who has callers, and is told by them."""

    callers: "set[Caller]"

    def next(self, caller: "Caller") -> None:
        """The caller is free."""
        ...

    def answered(self, status: int, since: float) -> None: ...

    def gone(self, caller: "Caller") -> None:
        """Its connection has ended, by either side."""
        ...


class Caller(asyncio.Protocol):
    """waiting: a message was sent, and is not answered. since: the instant its latency counts from."""

    transport: asyncio.Transport

    def __init__(self, volley: Told) -> None:
        self.volley = volley
        self.parser = httptools.HttpResponseParser(self)
        self.since = 0.0
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.volley.callers.add(self)

    def send(self, message: bytes, since: float) -> None:
        self.waiting = True
        self.since = since
        self.transport.write(message)

    def hang_up(self) -> None:
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.transport.close()

    def on_message_complete(self) -> None:
        self.waiting = False
        self.volley.answered(self.parser.get_status_code(), self.since)
        if self.parser.should_keep_alive():
            self.volley.next(self)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.volley.gone(self)
