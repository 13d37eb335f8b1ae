"""What a pool allows and adds: who may be the sender, which classes there are, how long delivery may take."""

from typing import Final, Literal

import msgspec

from posthouse.intake.caller import Caller
from posthouse.mail.message import Address, Message, OnUnsure, Policy
from posthouse.mail.policy import NO_WISHES
from posthouse.mail.problem import Problem
from posthouse.store.values import LANES, Lane, Wanted

CODES: Final[dict[str, str]] = {
    "from-domain-not-allowed": "The key may not send from this domain.",
    "recipient-not-allowed": "The key may not write to this recipient.",
    "class-unknown": "The pool has no class of this name.",
    "provider-unknown": "The pool has no provider of this name.",
    "metadata-reserved": "Metadata of this name is Posthouse's own.",
    "expired-already": "The message would have expired before it was accepted.",
}
"""Problems that depend on who sends; beside those of `posthouse.mail.problem`."""

FORBIDDEN: Final = frozenset({"from-domain-not-allowed", "recipient-not-allowed"})
"""Those of them that say: understood, and not allowed."""

RESERVED: Final = "posthouse"
"""What no name of a sender's metadata begins with: a provider gives these back, and evidence is found by them."""

SANDBOX: Final = "(sandbox)"
"""The provider that carries what a key of mode `sandbox` sends; the file cannot give this name to another."""


class ClassPolicy(msgspec.Struct, frozen=True):
    """A named policy of a pool; None leaves a matter to the message, or to the pool."""

    lane: str | None = None
    expires_in_s: float | None = None
    on_unsure: OnUnsure | None = None
    require_tags: tuple[str, ...] = ()
    provider: str | None = None


class PoolPolicy(msgspec.Struct, frozen=True):
    """What accepting needs to know of a pool; `name` is its sending domain."""

    name: str
    sender: Literal["any", "pool_domain", "fixed"] = "pool_domain"
    default_from: Address | None = None
    classes: dict[str, ClassPolicy] = {}
    providers: frozenset[str] = frozenset()
    give_up_after_s: float = 86400.0
    open: bool = False


class Terms(msgspec.Struct, frozen=True):
    """On which terms a message is delivered: the message's own wishes, its class's, its pool's. Epoch seconds."""

    lane: Lane
    due_at: float
    give_up_at: float
    expires_at: float | None
    wanted: Wanted | None
    class_name: str | None


def sender_of(message: Message, pool: PoolPolicy) -> Message:
    """The message with the sender the pool gives it, where the pool gives it one."""
    if pool.sender == "fixed" and pool.default_from is not None and message.sender != pool.default_from:
        return msgspec.structs.replace(message, sender=pool.default_from)
    return message


def objections(message: Message | None, wishes: Policy, pool: PoolPolicy, caller: Caller, now: float) -> list[Problem]:
    """Everything that this pool or this key has against the message. None where only its wishes could be read."""
    found = []
    if message is not None and pool.sender == "pool_domain" and message.sender.domain != pool.name:
        found.append(Problem("from-domain-not-allowed", "from", f"expected an address of the domain {pool.name}"))
    if message is not None and caller.allow:
        for field, addresses in (("to", message.to), ("cc", message.cc), ("bcc", message.bcc)):
            found += [
                Problem("recipient-not-allowed", f"{field}[{place}]", "expected a recipient this key may write to")
                for place, address in enumerate(addresses)
                if not caller.allows(address)
            ]
    if wishes.class_name is not None and wishes.class_name not in pool.classes:
        known = ", ".join(sorted(pool.classes)) or "none"
        found.append(Problem("class-unknown", "class", f"expected one of the pool's classes: {known}"))
    if wishes.provider is not None and wishes.provider not in pool.providers:
        known = ", ".join(sorted(pool.providers))
        found.append(Problem("provider-unknown", "provider", f"expected one of the pool's providers: {known}"))
    if message is not None and message.metadata:
        found += [
            Problem("metadata-reserved", f"metadata.{name}", f"expected a name that does not begin with {RESERVED}")
            for name, _ in message.metadata
            if name.lower().startswith(RESERVED)
        ]
    if wishes.expires_at is not None and wishes.expires_at <= now:
        found.append(Problem("expired-already", "expires_at", "expected an instant in the future"))
    return found


def terms(wishes: Policy, pool: PoolPolicy, caller: Caller, now: float) -> Terms:
    """What was asked for, completed by the class and the pool. Call it only where there are no `objections`."""
    if wishes is NO_WISHES and caller.mode == "live":
        return Terms(1, now, now + pool.give_up_after_s, None, None, None)
    named = pool.classes.get(wishes.class_name or "", ClassPolicy())
    due_at = max(now, wishes.send_at or 0.0)
    expires_in_s = named.expires_in_s if wishes.expires_in_s is None else wishes.expires_in_s
    expiries = [wishes.expires_at, None if expires_in_s is None else due_at + expires_in_s]
    expires_at = min((instant for instant in expiries if instant is not None), default=None)
    wanted = Wanted(
        provider=SANDBOX if caller.mode == "sandbox" else wishes.provider or named.provider,
        require_tags=() if caller.mode == "sandbox" else tuple(sorted({*wishes.require_tags, *named.require_tags})),
        on_unsure=wishes.on_unsure or named.on_unsure,
    )
    return Terms(
        lane=LANES[wishes.lane or named.lane or "normal"],
        due_at=due_at,
        give_up_at=due_at + pool.give_up_after_s,
        expires_at=expires_at,
        wanted=None if wanted == Wanted() else wanted,
        class_name=wishes.class_name,
    )
