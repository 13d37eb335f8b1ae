"""A provider on this machine, in SendGrid's words: takes messages as it is told to, and keeps its own ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import msgspec


class Manner(msgspec.Struct, frozen=True):
    """How a message is treated. takes: whether its recipient will have it. status None: no answer, it hangs up.

    cut: after so many bytes of the answer.
    """

    takes: bool
    status: int | None
    body: bytes = b""
    headers: str = ""
    delay_s: float = 0.0
    cut: int | None = None


ACCEPT = Manner(True, 202)
UNAVAILABLE = Manner(False, 503, b'{"errors":[{"message":"try later"}]}')
THROTTLE = Manner(False, 429, b'{"errors":[{"message":"too many requests"}]}', "Retry-After: 1\r\n")
UNAUTHORISED = Manner(False, 401, b'{"errors":[{"message":"authorization required"}]}')
HANG = Manner(True, 202, delay_s=3600.0)
HANG_UP = Manner(True, None)
ERROR_INSIDE = Manner(False, 202, b'{"errors":[{"message":"not taken, whatever the status says"}]}')


def cut_after(bytes_: int) -> Manner:
    """Accepts, and hangs up amid the words that say so."""
    return Manner(True, 202, cut=bytes_)


def slowly(delay_s: float) -> Manner:
    """Accepts; the answer takes that long."""
    return Manner(True, 202, delay_s=delay_s)


class Arrival(msgspec.Struct, frozen=True):
    """A message as it came, complete. id: Posthouse's. ref: the client's own name for it. taken: for good."""

    id: str
    ref: str | None
    taken: bool


class _Arguments(msgspec.Struct):
    posthouse_id: str
    ref: str | None = None


class _Mail(msgspec.Struct):
    custom_args: _Arguments


class Carrier:
    """manner(): asked for each message. waiting: messages that have arrived and have no answer yet."""

    def __init__(self, manner: Callable[[], Manner]) -> None:
        self.manner = manner
        self.arrivals: list[Arrival] = []
        self.waiting = 0
        self.port = 0
        self._news = asyncio.Condition()

    async def arrived(self, count: int, within_s: float = 30.0) -> None:
        """Wait until that many have come in all."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: len(self.arrivals) >= count)
        except TimeoutError:
            raise AssertionError(f"{len(self.arrivals)} of {count} messages have arrived in {within_s:g} s") from None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        number = 0
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = head.partition("content-length:")[2].partition("\r\n")[0]
            body = await reader.readexactly(int(length or 0))
            if head.startswith("post "):
                number += 1
                await self._mail(body, writer, number)
            else:
                await _say(writer, 200, b'{"scopes":["mail.send"]}')
            if writer.is_closing():
                return

    async def _mail(self, body: bytes, writer: asyncio.StreamWriter, number: int) -> None:
        manner, named = self.manner(), msgspec.json.decode(body, type=_Mail).custom_args
        del body
        async with self._news:
            self.arrivals.append(Arrival(named.posthouse_id, named.ref, manner.takes))
            self._news.notify_all()
        self.waiting += 1
        try:
            if manner.delay_s:
                await asyncio.sleep(manner.delay_s)
            if manner.status is None:
                writer.close()
            else:
                name = f"X-Message-Id: c{len(self.arrivals)}.{number}\r\n" if manner.takes else ""
                await _say(writer, manner.status, manner.body, manner.headers + name, manner.cut)
                if manner.cut is not None:
                    writer.close()
        finally:
            self.waiting -= 1


async def _say(
    writer: asyncio.StreamWriter, status: int, body: bytes, headers: str = "", cut: int | None = None
) -> None:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    writer.write((head.encode() + body)[:cut])
    await writer.drain()


@asynccontextmanager
async def carrying(manner: Manner | Callable[[], Manner] = ACCEPT, port: int = 0) -> AsyncIterator[Carrier]:
    """A carrier that listens, on any free port unless said; when the block is left it lets go of all connections."""
    carrier = Carrier((lambda: manner) if isinstance(manner, Manner) else manner)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await carrier.serve(reader, writer)
        finally:
            writer.transport.abort()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(connected, "127.0.0.1", port, backlog=512)
    carrier.port = listener.sockets[0].getsockname()[1]
    try:
        yield carrier
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
