"""One kept connection to a provider: an HTTP/1.1 request out, its answer in, as a value.

The bytes are read by llhttp (httptools); what is ours is the bookkeeping: how much of an answer came before it broke
off, and whether the connection may carry another request. One request at a time, never pipelined.
"""

import asyncio
import os
import zlib
from typing import TYPE_CHECKING, Final, cast

import httptools
import msgspec

from posthouse.providers.base import HttpResponse
from posthouse.routing.outcome import Unsure

if TYPE_CHECKING:
    from asyncio import Future, Transport

BODY_MAX: Final = 256 * 1024
"""Bytes of an answer that are read, after decompression."""

HEAD_MAX: Final = 64 * 1024
"""Bytes of all names and values of an answer's headers."""

TIMED_OUT: Final = "operation timed out"


class Cut(msgspec.Struct, frozen=True):
    """Status line and headers came whole, the body did not: stalled, broken off, or longer than we read."""

    response: HttpResponse
    why: str


Answered = HttpResponse | Cut | Unsure
"""What came of a request that was written: all of an answer, its head, or nothing that tells."""


class Connection(asyncio.Protocol):
    """rested_at: when the last answer was complete, by the loop's clock. reusable: it may carry another request."""

    transport: "Transport"

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answered: Future[Answered] | None = None
        self._head: HttpResponse | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._body = b""
        self._unpack: zlib._Decompress | None = None
        self.reusable = True
        self.rested_at = 0.0

    def ask(self, answered: "Future[Answered]", head: bytes, body: bytes) -> None:
        """Write a request. From here on it may have been taken, whatever follows; `answered` is told what came."""
        self._answered, self._head = answered, None
        self.transport.write(head + body if len(body) < BODY_MAX else head)
        if len(body) >= BODY_MAX:
            self.transport.write(body)

    def expire(self) -> None:
        """The deadline has passed."""
        self._broken(TIMED_OUT)

    def close(self) -> None:
        """Let go at once: what was not yet read is lost, what was not yet written is not sent."""
        self.reusable = False
        self.transport.abort()

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._answered is None:
            self.close()  # whoever speaks unasked would be taken for the answer to the next request
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
            self._broken(str(cause) if isinstance(cause, Flaw) else "it is not HTTP")

    def eof_received(self) -> None:
        """The transport closes itself then; until it has, nobody must write here."""
        self.reusable = False

    def connection_lost(self, error: Exception | None) -> None:
        self.reusable = False
        head = self._head
        if head is not None and error is None and not {"content-length", "transfer-encoding"} & head.headers.keys():
            self._whole()  # an answer without a length ends with its connection
        else:
            self._broken("the connection was closed" if error is None else reason(error))

    # What the parser tells

    def on_message_begin(self) -> None:
        if self._answered is None:
            raise Flaw("two answers to one request")
        self._headers, self._head_size, self._body, self._unpack = [], 0, b"", None

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > HEAD_MAX:
            raise Flaw(f"its headers are longer than {HEAD_MAX} bytes")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:
            headers = _readable(self._headers)
            self._head = HttpResponse(status, headers, b"")
            if headers.get("content-encoding", "").lower() in ("gzip", "x-gzip"):
                self._unpack = zlib.decompressobj(31)

    def on_body(self, chunk: bytes) -> None:
        if self._unpack is not None:
            try:
                chunk = self._unpack.decompress(chunk, BODY_MAX + 1 - len(self._body))
            except zlib.error:
                raise Flaw("it is not the gzip it says") from None
        self._body += chunk
        if len(self._body) > BODY_MAX:
            raise Flaw(f"longer than {BODY_MAX} bytes")

    def on_message_complete(self) -> None:
        if self._head is None:
            return  # 100 Continue, 103 Early Hints: the answer is still to come
        if self._unpack is not None and not self._unpack.eof:
            raise Flaw("its gzip ends early")
        self.reusable = self.reusable and self._parser.should_keep_alive()
        self._whole()

    # The end of a request

    def _whole(self) -> None:
        head, self._head = self._head, None
        if head is not None:
            self._told(msgspec.structs.replace(head, body=self._body) if self._body else head)

    def _broken(self, why: str) -> None:
        self.close()
        head, self._head = self._head, None
        self._told(Unsure(detail=f"no answer: {why}") if head is None else Cut(head, f"answer cut: {why}"))

    def _told(self, answer: Answered) -> None:
        answered, self._answered = self._answered, None
        if answered is not None and not answered.done():
            answered.set_result(answer)


class Flaw(Exception):
    """What is wrong with an answer, for a person."""


def _readable(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case. One that is there again is added to the first; no ASCII, and it is out."""
    pairs = [(name.decode("latin-1").lower(), value.decode("ascii")) for name, value in raw if value.isascii()]
    headers = dict(pairs)
    if len(headers) < len(pairs):
        headers = {name: ", ".join([value for other, value in pairs if other == name]) for name in headers}
    return headers


def reason(error: BaseException) -> str:
    """Why a connection failed, in the system's words, without addresses."""
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    if (message := getattr(error, "verify_message", None)) is not None:
        return f"certificate verify failed: {message}"
    number = getattr(error, "errno", None)
    if str(error).startswith("Multiple exceptions"):
        return "no address of it answers"
    if isinstance(error, OSError) and type(error).__module__ == "builtins" and number:
        return os.strerror(number)
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__
