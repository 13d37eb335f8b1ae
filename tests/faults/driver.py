"""The client's side: posts messages, and keeps a ledger of what it was told about each, or that it was told nothing."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

import msgspec

from tests.faults.server import KEY

Fate = Literal["answered", "refused", "silent", "half"]
"""refused: no connection. silent: the connection ended without a byte of an answer. half: amid the answer."""

PATIENCE_S = 30.0
BREATH_S = 0.02
SETTLED_S = 100.0
"""Longer than a lease: what was claimed by a commit whose answer was lost is taken up when that has run out."""


class Answer(msgspec.Struct, frozen=True):
    """What became of one post. ref: the client's name for the message. id, state: Posthouse's, where it gave them.

    last: no other post may follow on this connection.
    """

    ref: str
    fate: Fate
    status: int | None = None
    id: str | None = None
    state: str | None = None
    retry_after: str | None = None
    last: bool = False
    seconds: float = 0.0

    @property
    def accepted(self) -> bool:
        return self.status in (200, 202)


class _Told(msgspec.Struct):
    id: str | None = None
    status: Any = None


def message(ref: str, **fields: object) -> dict[str, object]:
    """A small message that carries its name through Posthouse to the carrier, in its metadata."""
    return {
        "from": "Faults <faults@example.com>",
        "to": f"reader-{ref}@example.net",
        "subject": f"Message {ref}",
        "text": "Something to read.\n" * 20,
        "metadata": {"ref": ref},
        **fields,
    }


class Caller:
    """One connection to the server, made when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, ref: str, *, wait_s: int | None = None, once: bool = False, **fields: object) -> Answer:
        """Post a small message. once: under an Idempotency-Key, its ref; wait_s: ask to be told the final state."""
        headers = f"Idempotency-Key: {ref}\r\n" if once else ""
        headers += f"Prefer: wait={wait_s}\r\n" if wait_s is not None else ""
        return await self.send(ref, [msgspec.json.encode(message(ref, **fields))], headers)

    async def send(self, ref: str, pieces: Sequence[bytes], headers: str = "") -> Answer:
        """Post a body that is given in pieces. An answer that comes before its end ends the connection."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            reader, writer = await self._connected()
        except OSError:
            return Answer(ref, "refused")
        head = (
            f"POST /email HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {sum(map(len, pieces))}\r\n{headers}\r\n"
        )
        writing = asyncio.create_task(_write(writer, [head.encode() + pieces[0], *pieces[1:]]))
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await _answer(ref, reader)
        except TimeoutError:
            answer = Answer(ref, "silent")
        if answer.fate != "answered" or answer.last or not writing.done():
            writing.cancel()
            await self.close()
        with suppress(asyncio.CancelledError):
            await writing
        return msgspec.structs.replace(answer, seconds=loop.time() - began)

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None or self._streams[0].at_eof():
            await self.close()
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self._streams


async def _write(writer: asyncio.StreamWriter, pieces: Sequence[bytes]) -> None:
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()


async def _answer(ref: str, reader: asyncio.StreamReader) -> Answer:
    begun = False
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        begun = True
        first, *lines = head[:-4].split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(fields.get("content-length", "0")))
    except asyncio.IncompleteReadError as error:
        return Answer(ref, "half" if begun or error.partial else "silent")
    except ConnectionError:
        return Answer(ref, "half" if begun else "silent")
    status, told = int(first.split(" ")[1]), msgspec.json.decode(body, type=_Told)
    state = told.status if isinstance(told.status, str) else None
    last = fields.get("connection", "").lower() == "close"
    return Answer(ref, "answered", status, told.id, state, fields.get("retry-after"), last)


class Ledger:
    """Every answer, in the order in which it came."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self._news = asyncio.Condition()

    async def enter(self, answer: Answer) -> None:
        async with self._news:
            self.answers.append(answer)
            self._news.notify_all()

    async def reached(self, count: int) -> None:
        """Wait until there are that many."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.answers) >= count)

    async def accepts(self, count: int) -> None:
        """Wait until so many posts have been accepted."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.accepted) >= count)

    @property
    def accepted(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.accepted]

    @property
    def unanswered(self) -> list[str]:
        """The refs that no post was accepted for."""
        good = {answer.ref for answer in self.answers if answer.accepted}
        return list(dict.fromkeys(answer.ref for answer in self.answers if answer.ref not in good))


async def load(
    port: int,
    refs: Iterator[str],
    ledger: Ledger,
    callers: int,
    go_on: Callable[[], bool],
    *,
    undaunted: bool = False,
    **fields: Any,
) -> None:
    """So many callers, each posting its next message when the last is answered, until told so or left alone.

    undaunted: whoever is left alone connects anew, and waits a moment where nobody listens or the store is away.
    """

    async def call() -> None:
        caller = Caller(port)
        while go_on():
            answer = await caller.post(next(refs), **fields)
            await ledger.enter(answer)
            if answer.fate != "answered" and not undaunted:
                break
            if answer.fate == "refused" or answer.status == 503:
                await asyncio.sleep(BREATH_S)
        await caller.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(call())


async def settle(port: int, refs: Iterable[str], ledger: Ledger, callers: int = 8) -> None:
    """Post these again, under their keys, and wait until each has come to its end.

    One that takes its time (202), or that no provider can carry now (503), is asked for again for a while.
    """
    left, loop = iter(dict.fromkeys(refs)), asyncio.get_running_loop()
    end = loop.time() + SETTLED_S

    async def wait() -> None:
        caller = Caller(port)
        for ref in left:
            while True:
                answer = await caller.post(ref, once=True, wait_s=25)
                if answer.status not in (202, 503) or loop.time() > end:
                    break
                await asyncio.sleep(10 * BREATH_S)
            assert answer.status == 200, answer
            await ledger.enter(answer)
        await caller.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(wait())
