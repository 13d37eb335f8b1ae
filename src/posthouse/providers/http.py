"""A provider that speaks HTTP: an adapter that translates, one call over the wire, and what its answer means."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from posthouse.providers.base import HttpRequest, HttpResponse, NotSent, is_loopback
from posthouse.providers.client import prepare
from posthouse.providers.wire import Cut
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Unsure

if TYPE_CHECKING:
    from collections.abc import Callable

    from posthouse.clock import Clock
    from posthouse.mail.message import Envelope
    from posthouse.providers.base import Adapter
    from posthouse.providers.client import Call, Client


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
        call = self._written(lambda now: self._adapter.request(envelope, self._settings, now))
        match await self._client.call(call, timeout_s):
            case HttpResponse() as response:
                return self._judge(response, envelope)
            case Cut() as cut:
                return judge_cut(cut, self._judge(cut.response, envelope))
            case lost:
                return lost

    async def probe(self, timeout_s: float) -> Outcome:
        """Ask whether the provider would carry mail. A question leaves no doubt: no answer is Deferred."""
        call = self._written(lambda now: self._adapter.probe(self._settings, now))
        match await self._client.call(call, timeout_s):
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

    def _written(self, write: "Callable[[float], HttpRequest]") -> "Call":
        try:
            return prepare(write(self._clock.now()))
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
