"""A provider that speaks HTTP: an adapter that translates, one call over the wire, one deadline.

What "never left" means here is read from the causes pyreqwest 0.15.1 reports, never from the class it raises: a
request that was read and not answered comes as `ConnectError` too. The whole table of faults stands as a test
against a real server (tests/providers/test_http.py); the reasons are in docs/decisions/0002-http-client.md.

Kept connections: one that the server has closed is replaced unseen. One that it closes while our request is on its way
leaves doubt, and nothing is ever sent twice from here; connections at rest are let go early (`IDLE_S`) to make it rare.

A deadline shorter than `CONNECT_S` ends before the library says "not connected": then a server that never answered the
handshake leaves doubt where there is none.

A cancelled call is not called back: pyreqwest finishes it in its own thread, at the latest at the deadline. So
cancellation after the first byte leaves doubt, and passes through as our own doing.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PoolTimeoutError

import posthouse
from posthouse.providers.base import HttpRequest, HttpResponse, NotSent, is_loopback, readable
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unsure

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyreqwest.client import Client
    from pyreqwest.request import StreamRequest
    from pyreqwest.response import Response

    from posthouse.clock import Clock
    from posthouse.mail.message import Envelope
    from posthouse.providers.base import Adapter

CONNECT_S: Final = 5.0
ROOM_S: Final = 1.0
IDLE_S: Final = 4.0  # shorter than the 5 s after which many servers let go (Node, uvicorn): whoever closes first wins
BODY_MAX: Final = 256 * 1024
NOT_CONNECTED: Final = "client error (Connect)"


class Cut(msgspec.Struct, frozen=True):
    """Status line and headers came whole, the body did not: stalled, broken off, or longer than we read."""

    response: HttpResponse
    why: str


def open_client(max_connections: int) -> "Client":
    """The one client of all providers: kept connections, no redirects, no proxy, no cookies, TLS verified.

    max_connections: calls in flight at most, all providers together; one that finds no room within a second is
    answered Throttled. Roots are the system's (`SSL_CERT_FILE` names others).
    """
    return (
        ClientBuilder()
        .user_agent(f"posthouse/{posthouse.__version__}")
        .no_proxy()
        .follow_redirects(False)
        .referer(False)
        .default_cookie_store(False)
        .brotli(False)
        .zstd(False)
        .deflate(False)
        .connect_timeout(timedelta(seconds=CONNECT_S))
        .max_connections(max_connections)
        .pool_timeout(timedelta(seconds=ROOM_S))
        .pool_max_idle_per_host(max_connections)
        .pool_idle_timeout(timedelta(seconds=IDLE_S))
        .build()
    )


class HttpProvider:
    """An adapter with its settings, ready to send. Cheap to make: the client belongs to all of them.

    Raises ValueError when the provider's address is neither https nor on this machine.
    """

    __slots__ = ("_adapter", "_client", "_clock", "_settings")

    def __init__(self, adapter: "Adapter", settings: msgspec.Struct, client: "Client", clock: "Clock") -> None:
        check_address(adapter.probe(settings, clock.now()).url)
        self._adapter = adapter
        self._settings = settings
        self._client = client
        self._clock = clock

    async def send(self, envelope: "Envelope", timeout_s: float) -> Outcome:
        """Hand the message over. Raises nothing but NotSent (no byte has left) and CancelledError."""
        match await call(self._prepare(lambda now: self._adapter.request(envelope, self._settings, now), timeout_s)):
            case HttpResponse() as response:
                return self._judge(response, envelope)
            case Cut() as cut:
                return judge_cut(cut, self._judge(cut.response, envelope))
            case lost:
                return lost

    async def probe(self, timeout_s: float) -> Outcome:
        """Ask whether the provider would carry mail. A question leaves no doubt: no answer is Deferred."""
        match await call(self._prepare(lambda now: self._adapter.probe(self._settings, now), timeout_s)):
            case HttpResponse() as response:
                return self._adapter.probed(response)
            case Cut(response, why):
                return Deferred(status=response.status, detail=why)
            case Unsure(detail=detail):
                return Deferred(detail=detail)
            case lost:
                return lost

    async def close(self) -> None:
        """Nothing to let go of: the kept connections are the client's."""

    def _prepare(self, write: "Callable[[float], HttpRequest]", timeout_s: float) -> "StreamRequest":
        try:
            return prepare(self._client, write(self._clock.now()), timeout_s)
        except Exception as error:
            raise NotSent(f"{self._adapter.SPEC.name}: the request could not be written") from error

    def _judge(self, response: HttpResponse, envelope: "Envelope") -> Outcome:
        # An adapter that breaks on an answer must not look like a request that never left.
        try:
            return self._adapter.outcome(response, envelope, self._clock.now())
        except Exception as error:
            return Unsure(status=response.status, detail=f"answer not understood: {type(error).__name__}")


def check_address(url: str) -> None:
    """ValueError unless the URL is https, or http to this very machine: keys are never sent in clear."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # a broken IPv6 address
        raise ValueError("base_url: expected an https:// address, got one that cannot be read") from None
    if host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        return
    raise ValueError(f"base_url: expected https:// (or http:// at a loopback address), got {parts.scheme}://{host}")


def prepare(client: "Client", request: HttpRequest, timeout_s: float) -> "StreamRequest":
    """The call, ready to leave. Raises ValueError where it cannot be written (a line break in a header)."""
    return (
        client.request(request.method, request.url)
        .headers(request.headers)
        .body_bytes(request.body)
        .timeout(timedelta(seconds=timeout_s))
        .streamed_read_buffer_limit(0)  # else the head is kept from us until the body is read, or lost with it
        .build_streamed()
    )


async def call(prepared: "StreamRequest") -> HttpResponse | Cut | Outcome:
    """One request, one answer, one deadline over all of it; what goes wrong on the way is an Outcome."""
    head: HttpResponse | None = None
    try:
        async with prepared as response:
            head = HttpResponse(response.status, headers_of(response), b"")
            if head.headers.get("content-length") == "0":
                return head
            body = await response.body_reader.read(BODY_MAX + 1)
    except Exception as error:
        return lost(error) if head is None else Cut(head, f"answer cut: {why(error)}")
    if not body:
        return head
    if len(body) > BODY_MAX:
        return Cut(head, f"answer cut: longer than {BODY_MAX} bytes")
    return HttpResponse(head.status, head.headers, body.to_bytes())


def headers_of(response: "Response") -> dict[str, str]:
    """Headers by lower-case name; repeated ones joined by a comma, those that are not ASCII left out."""
    try:
        found = response.headers.dict_multi_value()
    except ValueError:
        return {name: value for name in set(response.headers.keys()) if (value := ascii_header(response, name))}
    return {name: value if isinstance(value, str) else ", ".join(value) for name, value in found.items()}


def ascii_header(response: "Response", name: str) -> str | None:
    try:
        return response.get_header(name)
    except ValueError:
        return None


def lost(error: Exception) -> Outcome:
    """What a call without an answer means: by its causes, whether it can have left."""
    if isinstance(error, PoolTimeoutError):
        return Throttled(detail="no free connection: all are in use", retry_after_s=ROOM_S)
    if NOT_CONNECTED in causes(error):
        return Deferred(detail=f"not connected: {why(error)}")
    return Unsure(detail=f"no answer: {why(error)}")


def causes(error: Exception) -> list[str]:
    """The chain of causes as texts, outermost first; empty where the library gave none."""
    found = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return [cause["message"] for cause in found or ()]


def why(error: Exception) -> str:
    """The innermost cause: the outer ones repeat the URL."""
    chain = causes(error)
    return readable(chain[-1]) if chain else type(error).__name__


def judge_cut(cut: Cut, verdict: Outcome) -> Outcome:
    """What an answer without its whole body means: only what its head proves.

    A success counts when it names the message (`X-Message-Id`). A failure is certain by its status, but a refusal
    is final and may rest on what we did not read: it counts as deferred.
    """
    status, detail = cut.response.status, cut.why
    if 200 <= status < 300:
        proven = isinstance(verdict, Accepted) and verdict.message_id is not None
        return verdict if proven else Unsure(status=status, detail=detail)
    match verdict:
        case Refused():
            return Deferred(status=status, detail=detail)
        case Accepted():
            return Unsure(status=status, detail=detail)
        case _:
            return verdict
