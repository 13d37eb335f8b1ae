"""What an operator switches by hand at one provider: paused, drained, or made to fail for an exercise.

pause: no attempt of any kind starts there. drain: it takes nothing new, and still carries what is bound to it. A
simulated failure is no matter of routing: the attempt is made, and its outcome is simulated instead of the wire.
"""

from hashlib import blake2b
from typing import Final, Literal, assert_never

import msgspec

from posthouse.routing.outcome import Deferred, Outcome, Throttled, Unauthorised, Unsure

Mode = Literal["error", "timeout", "throttle", "unauthorised"]

SAID: Final = "simulated failure"
"""The detail of every simulated outcome: nobody is to take it for the provider's."""


class Failing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A simulated failure. rate: the share of attempts that fail, 0 to 1. until: epoch seconds, None until cleared."""

    mode: Mode = "error"
    rate: float = 1.0
    until: float | None = None


class Switch(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one provider is switched. reason, by, at: of the last change (at: epoch seconds)."""

    held: Literal["no", "pause", "drain"] = "no"
    reason: str | None = None
    by: str | None = None
    at: float = 0.0
    failing: Failing | None = None

    def told(self) -> str:
        """Why it is passed over while it is held, for a person."""
        by = f" by {self.by}" if self.by else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{'paused' if self.held == 'pause' else 'drained'}{by}{reason}"


ON: Final = Switch()
"""Neither held nor failing."""


def simulated(switch: Switch, message_id: str, number: int, now: float) -> Outcome | None:
    """The outcome of attempt `number` of a message while a failure is simulated; None: ask the real provider.

    Which attempts fail is derived from a hash, so that every worker says the same. After a `timeout` the caller lets
    the deadline of the send pass before it answers.
    """
    failing = switch.failing
    if failing is None or (failing.until is not None and now >= failing.until):
        return None
    draw = blake2b(f"fail\0{message_id}\0{number}".encode(), digest_size=4).digest()
    if int.from_bytes(draw, "big") / 2.0**32 >= failing.rate:
        return None
    match failing.mode:
        case "error":
            return Deferred(503, SAID)
        case "timeout":
            return Unsure(detail=SAID)
        case "throttle":
            return Throttled(429, SAID)
        case "unauthorised":
            return Unauthorised(401, SAID)
        case _:
            assert_never(failing.mode)
