"""What a handler is told of a request."""

from typing import Any

import msgspec

from posthouse.intake.caller import Caller
from posthouse.store.values import Who
from posthouse.web.arrival import Arrival

Headers = dict[bytes, bytes]

NOTHING: dict[str, str] = {}


class Request(msgspec.Struct, frozen=True):
    """One call, after it is known who calls.

    headers: names in lower case. query: as it came. receive: ASGI's, for the body. parameters: what stands in the path
    at the places in braces, decoded once. fields: of the body, where it had to be read to know who calls. address:
    where the call came from, as far as the server can tell. id: what its answer calls it. arrival: its span, where
    requests are traced.
    """

    method: str
    headers: Headers
    query: bytes
    receive: Any
    caller: Caller
    parameters: dict[str, str] = NOTHING
    fields: dict[str, Any] | None = None
    address: str | None = None
    id: str = ""
    arrival: Arrival | None = None

    @property
    def who(self) -> Who:
        """Who calls, as the audit says it."""
        return Who("admin" if self.caller.admin else "pool", self.caller.name, self.address)

    @property
    def trace(self) -> str:
        """What is kept with each message that it hands in: see `telemetry.trace`."""
        return self.id if self.arrival is None else f"{self.id} {self.arrival.traceparent}"
