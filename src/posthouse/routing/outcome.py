"""What a provider's answer means: six values, and one table of what each of them entails.

A provider never raises for what it answers. Whatever happened on the wire becomes one of these, with
its evidence, and everything after it (retry, failover, health, pace) is decided from the value alone.
"""

from typing import Final, Literal, assert_never

import msgspec

OutcomeKind = Literal["accepted", "refused", "deferred", "throttled", "unauthorised", "unsure"]


class Recipient(msgspec.Struct, frozen=True):
    """One recipient that an otherwise accepted attempt did not serve.

    permanent: True, never ask again; False, this one is still owed.
    """

    email: str
    permanent: bool
    detail: str


class Accepted(msgspec.Struct, frozen=True):
    """The provider took responsibility for the message (for all recipients but those in `unserved`)."""

    status: int | None = None
    detail: str | None = None
    message_id: str | None = None
    unserved: tuple[Recipient, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """This message will not pass here, whenever it is tried.

    about: what the refusal is about. `recipient` and `message` (malformed for everybody) are final; `content`
    (a policy's opinion) and `size` are final only where no other provider may think otherwise.
    """

    about: Literal["recipient", "message", "content", "size"] = "message"
    status: int | None = None
    detail: str | None = None


class Deferred(msgspec.Struct, frozen=True):
    """Certainly not accepted, and the provider is to blame: 5xx, cannot be reached, DNS, TLS."""

    status: int | None = None
    detail: str | None = None
    blame: Literal["provider", "recipient"] = "provider"
    """`recipient`: a temporary fault of the receiving mailbox (greylisting); the provider's health is untouched."""


class Throttled(msgspec.Struct, frozen=True):
    """Certainly not accepted: too fast, or a quota is used up.

    retry_after_s: seconds from now as the provider said, None where it did not.
    quota: True where hours or days must pass (a plan's allowance), False for a matter of seconds.
    """

    status: int | None = None
    detail: str | None = None
    retry_after_s: float | None = None
    quota: bool = False


class Unauthorised(msgspec.Struct, frozen=True):
    """Certainly not accepted: wrong key, suspended account, sender not verified. An operator must act."""

    status: int | None = None
    detail: str | None = None


class Unsure(msgspec.Struct, frozen=True):
    """Some of the request may have left, and no answer tells what became of it. It may have been accepted."""

    status: int | None = None
    detail: str | None = None


Outcome = Accepted | Refused | Deferred | Throttled | Unauthorised | Unsure


class Consequence(msgspec.Struct, frozen=True):
    """What an outcome entails. `health`: +1 up, -1 down, 0 untouched."""

    kind: OutcomeKind
    health: Literal[-1, 0, 1]
    message: Literal["sent", "final", "elsewhere", "doubt"]
    """sent: done. final: no provider will do better. elsewhere: another now, then later. doubt: by policy."""
    counts: bool
    """Whether the attempt counts against the message (its round)."""
    opens: bool = False
    """Whether the provider's circuit opens at once."""


ACCEPTED: Final = Consequence("accepted", health=1, message="sent", counts=True)
REFUSED_FINAL: Final = Consequence("refused", health=0, message="final", counts=True)
REFUSED_HERE: Final = Consequence("refused", health=0, message="elsewhere", counts=True)
DEFERRED: Final = Consequence("deferred", health=-1, message="elsewhere", counts=True)
DEFERRED_RECIPIENT: Final = Consequence("deferred", health=0, message="elsewhere", counts=True)
THROTTLED: Final = Consequence("throttled", health=0, message="elsewhere", counts=False)
UNAUTHORISED: Final = Consequence("unauthorised", health=-1, message="elsewhere", counts=True, opens=True)
UNSURE: Final = Consequence("unsure", health=-1, message="doubt", counts=True)


def consequence(outcome: Outcome) -> Consequence:
    """The one table: outcome → what becomes of the message and of the provider's standing."""
    match outcome:
        case Accepted():
            return ACCEPTED
        case Refused(about=about):
            return REFUSED_HERE if about in ("content", "size") else REFUSED_FINAL
        case Deferred(blame=blame):
            return DEFERRED if blame == "provider" else DEFERRED_RECIPIENT
        case Throttled():
            return THROTTLED
        case Unauthorised():
            return UNAUTHORISED
        case Unsure():
            return UNSURE
        case _:
            assert_never(outcome)
