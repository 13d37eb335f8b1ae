"""A made-up provider: how it answers, in good times and in the spells a scenario gives it."""

from collections.abc import Mapping
from math import inf
from typing import Protocol

import msgspec

from posthouse.routing.outcome import Accepted, Deferred, Outcome, Throttled, Unsure
from posthouse.routing.rules import Rate
from posthouse.sim.units import Limit, Seconds, Share

CHECK_TIMEOUT_S = 10.0


class Dice(Protocol):
    """A seeded source of chance, such as random.Random."""

    def random(self) -> float:
        """A number from 0 to 1, without 1."""
        ...


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What comes of one send. taken: whether the message reaches its recipient, whatever the answer says."""

    outcome: Outcome
    latency_s: float
    taken: bool


class Spell(msgspec.Struct, frozen=True, kw_only=True, rename={"starts": "from", "ends": "until"}):
    """A span in which a provider behaves otherwise; instants count from the start of the run.

    fails: share of the calls that are answered 503. hangs: share that is taken and never answered. loses: share that is
    accepted and never arrives. latency, limit: in place of the provider's own.
    """

    starts: Seconds = Seconds(0)
    ends: Seconds = Seconds(inf)
    fails: Share = Share(0)
    hangs: Share = Share(0)
    loses: Share = Share(0)
    latency: Seconds | None = None
    limit: Limit | None = None

    @property
    def noticed(self) -> bool:
        """Whether whoever asks can tell that something is wrong: a silent loss cannot be seen."""
        return self.fails > 0 or self.hangs > 0 or self.latency is not None or self.limit is not None


WELL = Spell()


class MadeUp(msgspec.Struct, frozen=True, kw_only=True):
    """One provider of the made-up world.

    latency: mean time to an answer; each call takes 0.5 to 1.5 of it. limit: beyond it, 429; counted in whole periods.
    retry_after: what a 429 tells; the rest of the period unless said. honest_check: its health call suffers
    as its sends do; otherwise it is always well. timeout_s: the deadline of one send. spells: where they overlap, the
    one that stands last counts.
    """

    latency: Seconds = Seconds(0.05)
    limit: Limit | None = None
    retry_after: Seconds | None = None
    honest_check: bool = True
    timeout_s: float = 30.0
    spells: tuple[Spell, ...] = ()

    def spell(self, at: float) -> Spell:
        """How it is at that moment."""
        return next((spell for spell in reversed(self.spells) if spell.starts <= at < spell.ends), WELL)

    @property
    def healed_at(self) -> float | None:
        """When the last trouble that could be noticed ends; None where there is none, or none that ends."""
        last = max((spell.ends for spell in self.spells if spell.noticed), default=inf)
        return None if last == inf else last


class Providers:
    """All of them, with what they remember: how often each was asked in the running period."""

    def __init__(self, made_up: Mapping[str, MadeUp], dice: Dice) -> None:
        self._made_up, self._dice = made_up, dice
        self._asked: dict[str, tuple[int, int]] = {}

    def send(self, provider: str, message_id: str, at: float) -> Answer:
        """The answer to a send that starts `at` (seconds from the start of the run)."""
        made_up = self._made_up[provider]
        spell = made_up.spell(at)
        latency_s = (made_up.latency if spell.latency is None else spell.latency) * (0.5 + self._dice.random())
        limit = made_up.limit if spell.limit is None else spell.limit
        if limit is not None and (wait_s := self._over(provider, limit.rate, at)) is not None:
            wait_s = wait_s if made_up.retry_after is None else made_up.retry_after
            return Answer(Throttled(429, "too many requests", retry_after_s=wait_s), latency_s, taken=False)
        chance = self._dice.random()
        if chance < spell.fails:
            return Answer(Deferred(503, "try later"), latency_s, taken=False)
        chance -= spell.fails
        if chance < spell.hangs or latency_s > made_up.timeout_s:
            return Answer(Unsure(detail="no answer in time"), made_up.timeout_s, taken=True)
        return Answer(Accepted(200), latency_s, taken=chance - spell.hangs >= spell.loses)

    def check(self, provider: str, at: float) -> tuple[Outcome, float]:
        """The answer to a health call, and after how many seconds."""
        made_up = self._made_up[provider]
        spell = made_up.spell(at)
        latency_s = (made_up.latency if spell.latency is None else spell.latency) * (0.5 + self._dice.random())
        chance = self._dice.random()
        if not made_up.honest_check or chance >= spell.fails + spell.hangs:
            return Accepted(200), min(latency_s, CHECK_TIMEOUT_S)
        return Deferred(503, "try later"), latency_s if chance < spell.fails else CHECK_TIMEOUT_S

    def _over(self, provider: str, rate: Rate, at: float) -> float | None:
        """Seconds to the next period where this one is used up; otherwise None, and the call is counted."""
        period = int(at / rate.per_s)
        known, asked = self._asked.get(provider, (period, 0))
        asked = asked if known == period else 0
        if asked >= rate.count:
            return (period + 1) * rate.per_s - at
        self._asked[provider] = (period, asked + 1)
        return None
