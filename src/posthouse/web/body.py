"""Reading a request's body: never more than allowed, never more than fits in memory, never for ever."""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from posthouse.web.answer import Refused, problem, retry_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SMALL: Final = 64 * 1024
"""Bodies up to this size are read at once; the number of connections bounds them."""

SLOWEST: Final = 1024
"""Bytes a second: who sends more slowly is cut off, after a minimum of patience."""

PATIENCE_S: Final = 10.0
LONGEST_S: Final = 120.0

QUEUE_S: Final = 2.0
"""How long a large body waits for memory before it is turned away."""


class Budget:
    """Memory for large bodies that are being read and taken in; one alone may always have what it needs."""

    def __init__(self, total: int) -> None:
        self._total, self._used = total, 0
        self._freed = asyncio.Condition()

    def _fits(self, size: int) -> bool:
        return self._used == 0 or self._used + size <= self._total

    @asynccontextmanager
    async def hold(self, size: int) -> "AsyncIterator[None]":
        """Reserve `size` bytes while the block runs. Refused with 503 where they do not become free in time."""
        try:
            async with asyncio.timeout(QUEUE_S), self._freed:
                await self._freed.wait_for(lambda: self._fits(size))
                self._used += size
        except TimeoutError:
            raise Refused(
                problem(
                    503,
                    "busy-with-large-messages",
                    "Other large messages are being taken in. Nothing of this one was kept; send it again.",
                    retry_after(2),
                )
            ) from None
        try:
            yield
        finally:
            async with self._freed:
                self._used -= size
                self._freed.notify_all()


def announced(headers: dict[bytes, bytes], most: int) -> int | None:
    """The announced length of the body, None where it is not announced. Refused with 413 where it is too long."""
    text = headers.get(b"content-length")
    if text is None:
        return None
    if not text.isdigit():
        raise Refused(problem(400, "content-length", "Expected a number of bytes in Content-Length."))
    length = int(text)
    if length > most:
        raise too_large(most)
    return length


async def read(receive: Any, most: int, expected: int | None) -> bytes | bytearray:
    """The whole body. Refused with 413 past `most` bytes, with 408 where it comes too slowly.

    receive: of ASGI; or the body itself, where it has come already.
    """
    if isinstance(receive, bytes):
        if len(receive) > most:
            raise too_large(most)
        return receive
    deadline_s = LONGEST_S if expected is None else min(LONGEST_S, PATIENCE_S + expected / SLOWEST)
    try:
        async with asyncio.timeout(deadline_s):
            first, more = await _piece(receive)
            if not more and len(first) <= most:
                return first
            body = bytearray(first)
            while more and len(body) <= most:
                piece, more = await _piece(receive)
                body += piece
    except TimeoutError:
        detail = f"Expected the whole body within {deadline_s:.0f} seconds."
        raise Refused(problem(408, "body-too-slow", detail, (b"connection", b"close"))) from None
    if len(body) > most:
        raise too_large(most)
    return body


async def _piece(receive: Any) -> tuple[bytes, bool]:
    """The next piece of the body, and whether there is more to come."""
    event = await receive()
    if event["type"] == "http.disconnect":
        raise ConnectionResetError
    return event.get("body", b""), event.get("more_body", False)


def too_large(most: int) -> Refused:
    return Refused(problem(413, "body-too-large", f"Expected a body of at most {most} bytes."))
