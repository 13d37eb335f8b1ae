"""The shape every provider has: a translator for those that speak HTTP, a carrier for all."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, Final, Literal, Protocol

import msgspec

from posthouse.mail.message import Envelope
from posthouse.routing.capability import Can
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure

Method = Literal["GET", "POST"]


class HttpRequest(msgspec.Struct, frozen=True):
    """One call to a provider. Headers carry secrets: never log them."""

    method: Method
    url: str
    headers: dict[str, str]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method}, {len(self.body)} bytes)"


class HttpResponse(msgspec.Struct, frozen=True):
    """What a provider answered, complete. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or None where it is not: HTML, plain text and nothing occur under every status."""
        if not self.body:
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    @property
    def page(self) -> bool:
        """Whether it is a page for a browser: a proxy's or another server's, whatever its status says."""
        start = self.body[:1024].lstrip()
        return start[:1] == b"<" or (start != b"" and "html" in self.headers.get("content-type", ""))

    def text(self) -> str:
        """The body as text for a person, at most 500 characters, control characters made visible."""
        return readable(self.body.decode("utf-8", "replace"))


class Spec(msgspec.Struct, frozen=True):
    """What the house must know of a provider before it sends through it.

    settings: the class of its settings; each field is described by `msgspec.Meta(description=…)`.
    can: the features it can express. max_bytes: of the whole message, after encoding. max_recipients: to, cc
    and bcc together. env: the customary environment variable of each setting. dedupes_s: how long it
    recognises a repeated idempotency key, in seconds; 0 where it does not.
    """

    name: str
    title: str
    settings: type[msgspec.Struct]
    can: Can
    max_bytes: int
    max_recipients: int
    env: dict[str, str] = {}
    dedupes_s: float = 0


class Adapter(Protocol):
    """What a provider's module offers. The module itself is the adapter; the catalogue proves that it fits.

    Every function is pure. `settings` is an instance of `SPEC.settings`; `now` is seconds since the epoch.
    """

    @property
    def SPEC(self) -> Spec: ...

    def request(self, envelope: Envelope, settings: Any, now: float) -> HttpRequest:
        """The call that sends what the envelope still owes."""
        ...

    def outcome(self, response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
        """What a complete answer to `request` means. Never raises, whatever the answer holds."""
        ...

    def probe(self, settings: Any, now: float) -> HttpRequest:
        """A cheap authenticated call that sends nothing."""
        ...

    def probed(self, response: HttpResponse) -> Outcome:
        """What the answer to `probe` says of the provider: Accepted when it would carry mail."""
        ...


class Identity(msgspec.Struct, frozen=True):
    """What a provider says of a domain that is to be sent from. verified: None where it does not tell; detail: why.

    dkim: the full names under which it wants its keys found. return_path: the domain of the envelope's sender, where
    it is the operator's own.
    """

    verified: bool | None
    detail: str
    dkim: tuple[str, ...] = ()
    return_path: str | None = None


class Identifies(Protocol):
    """What the module of a provider offers beside an adapter's own, where it can tell of a domain. Pure as well."""

    def identity(self, domain: str, settings: Any, now: float) -> HttpRequest:
        """The call that asks for the domain. It changes nothing."""
        ...

    def identified(self, response: HttpResponse, domain: str) -> Identity:
        """What the answer says. Never raises, whatever the answer holds."""
        ...


def not_told(response: HttpResponse, needs: str) -> Identity:
    """The identity of a domain of which the answer does not tell. needs: what the key must be allowed."""
    if response.status in (401, 403):
        return Identity(None, f"the key may not ask for the domain: it needs {needs}")
    return Identity(None, readable(f"status {response.status}: {response.text()}"))


class NotSent(Exception):
    """A fault of ours before the wire: no byte left. Raised from its cause; the message is not at fault elsewhere."""


class Provider(Protocol):
    """A carrier, ready to use: what delivery sees."""

    async def send(self, envelope: Envelope, timeout_s: float) -> Outcome:
        """Hand the message over, within the deadline. Always an Outcome, never an exception of the wire.

        NotSent: a fault of ours while the message was written for this provider; no byte has left.
        """
        ...

    async def probe(self, timeout_s: float) -> Outcome:
        """Ask whether the provider would carry mail, without sending any."""
        ...

    async def close(self) -> None:
        """Let go of kept connections."""
        ...


DETAIL_MAX: Final = 500


def readable(text: str) -> str:
    """A stranger's text made safe to keep: one line, no control characters, at most 500 characters."""
    clean = "".join(c if c.isprintable() else " " for c in text[: DETAIL_MAX * 2])
    return " ".join(clean.split())[:DETAIL_MAX]


def by_status(response: HttpResponse) -> Outcome:
    """What a status means for a call that sends nothing, where the provider has no rule of its own."""
    status, detail = response.status, response.text() or None
    if 200 <= status < 300:
        return Accepted(status=status)
    if status in (401, 402, 403):
        return Unauthorised(status=status, detail=detail)
    if status == 429:
        return Throttled(status=status, detail=detail, retry_after_s=seconds(response.headers.get("retry-after")))
    return Deferred(status=status, detail=detail)


_OPEN: Final = frozenset({408, 499, 502, 504, 520, 524, 598, 599})
"""A wait or a gateway ended the call, and what stands behind them may have taken the message."""
_ABOUT_THE_MESSAGE: Final = frozenset({400, 409, 422})
_TRY_AGAIN: Final = frozenset({421, 423, 425})


def by_send_status(response: HttpResponse, now: float, detail: str | None = None) -> Outcome:
    """What an answer to a call that sends means, where the provider has no rule of its own for it.

    It is never acceptance: a 2xx that comes here said something that its provider never says, so what became of the
    message is open. Of the 4xx only those that speak of the content blame the message; the rest speak of the key, the
    URL or the pace, and no message may be lost by them.
    """
    status, detail = response.status, detail or response.text() or None
    if status in (420, 429):
        return Throttled(status, detail, retry_after_s=retry_after(response, now), quota=status == 420)
    if status == 413:
        return Refused("size", status, detail)
    if status in _ABOUT_THE_MESSAGE:
        return Refused("message", status, detail)
    if status in _OPEN or not 300 <= status < 600:
        return Unsure(status, detail)
    if status >= 500 or status in _TRY_AGAIN:
        return Deferred(status, detail)
    return Unauthorised(status, detail)


def retry_after(response: HttpResponse, now: float) -> float | None:
    """What `Retry-After` asks for, in seconds from now: a count or a date (RFC 9110, 10.2.3); else None."""
    text = response.headers.get("retry-after")
    count = seconds(text)
    if text is None or count is not None:
        return count
    try:
        date = parsedate_to_datetime(text)
        wait = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return wait if 0 <= wait < 1e9 else None


def seconds(text: str | None) -> float | None:
    """A count of seconds as written in a header (`Retry-After: 120`); None for anything else."""
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < 1e9 else None


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by its name or address alone: where secrets may go in clear."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
