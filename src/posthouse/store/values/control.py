"""What operators say and ask: switches, suppressions, verdicts, who changed what. Instants are epoch seconds, UTC."""

from typing import Any, Literal

import msgspec

from posthouse.routing.switch import Switch


class Who(msgspec.Struct, frozen=True):
    """Who changes something. kind: what he came with: a key (an administrator's or a pool's), the configuration file, a
    signal, a command on the machine. name: of the key. address: where he called from."""

    kind: Literal["admin", "pool", "file", "signal", "command"]
    name: str | None = None
    address: str | None = None


What = Literal["switch", "suppression", "configuration", "key", "restore", "release"]
"""What is changed, as the audit sorts it."""


class Change(msgspec.Struct, frozen=True):
    """One change that somebody made, as the audit keeps it. number: grows with each; given by the store.

    subject: what exactly: a provider, an address, the name of a key, a file. before, after: what there was and is, as
    far as it may be seen; None where there was, or is, nothing. once: changes that say the same here are one, written
    by whoever comes first: several processes read one file.
    """

    at: float
    what: What
    who: Who
    pool: str | None = None
    subject: str | None = None
    reason: str | None = None
    before: Any = None
    after: Any = None
    once: str | None = None
    number: int = 0


class Audited(msgspec.Struct, frozen=True):
    """A page of changes, newest first. after: the number of the last one of the page before. None: all of them."""

    limit: int
    pool: str | None = None
    what: What | None = None
    since: float | None = None
    after: int | None = None


class Switching(msgspec.Struct, frozen=True):
    """How an operator wants a pool's provider to stand from now on. who: for the audit; None leaves it out."""

    pool: str
    provider: str
    switch: Switch
    who: Who | None = None


class Suppression(msgspec.Struct, frozen=True):
    """An address that a pool does not send to. reason: in words. by: who said so, as far as is known.

    The store keeps the address in lower case, and so are addresses compared. who: for the audit, where somebody adds it
    by hand; it is not kept with the address.
    """

    pool: str
    address: str
    reason: str
    source: Literal["operator", "provider", "sender"]
    at: float
    by: str | None = None
    who: Who | None = None


class Lifting(msgspec.Struct, frozen=True):
    """An address that a pool may send to again. who: for the audit; None leaves it out."""

    pool: str
    address: str
    at: float = 0.0
    who: Who | None = None


Verdict = Literal["send", "hold", "cancel"]
"""What is to become of a message that is in doubt: sent, and marked if it is; left `held`; ended."""


class Doubts(msgspec.Struct, frozen=True):
    """What a restored store cannot know. pools: how many messages of each were unfinished in the copy, may have been
    sent since, and wait for a verdict. copied_at: when the copy was made, None where nobody wrote it down; restored_at:
    when it was put to use, None where the store never was a copy.
    """

    pools: dict[str, int]
    copied_at: float | None = None
    restored_at: float | None = None

    @property
    def count(self) -> int:
        return sum(self.pools.values())


class Restoring(msgspec.Struct, frozen=True):
    """A store turns out to be a copy. copied_at: made then; None: nobody knows."""

    at: float
    who: Who
    copied_at: float | None = None


class Release(msgspec.Struct, frozen=True):
    """A verdict on messages in doubt: on those of these ids, of this pool, or on all of them."""

    verdict: Verdict
    at: float
    who: Who
    ids: tuple[str, ...] | None = None
    pool: str | None = None
    reason: str | None = None
