"""What several processes on one store learn from each other: each folds everybody's answers within about a second.

A process puts what its own attempts and probes taught where the others find it, and takes what they have put there. So
a provider that fails for one is left by all, a probe that passes closes the circuit everywhere, and one process asks a
provider that is down, not each of them.
"""

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from posthouse.clock import Clock
from posthouse.routing.board import Fact, by_time
from posthouse.store.contract import StoreDown, Work
from posthouse.store.values import LESSONS, Lessons
from posthouse.telemetry import warn

if TYPE_CHECKING:
    from posthouse.delivery.desk import Desk

EVERY_S: Final = 0.4
"""Between two looks. What is learnt just after one is told by the next, and heard by the next of the others."""

HEARD_S: Final = 2.0
"""So long after it was told everybody has heard of it: two looks, and some delay."""

MOST: Final = 20_000
"""So many facts are kept for others while the store is down; of more than these the oldest go."""

AT_ONCE: Final = 500
"""So many facts are folded before others have their turn: a few milliseconds."""

NODES: Final = 1000
"""Of so many processes it is kept how far they were heard; who told nothing for longest is forgotten first."""

KNOWN_S: Final = 60.0
"""As long as the store keeps what was told: a process that starts may find it there, and in the attempts as well."""


class Exchange:
    """What this process has to tell, and how far it has heard each of the others."""

    def __init__(self, clock: Clock, work: Work, node: str) -> None:
        self._clock, self._work, self._node = clock, work, node
        self._untold: list[tuple[str, Fact]] = []
        self._telling = Lessons(node, 0, {})
        self._heard: dict[str, int] = {}
        self._known: set[tuple[str, Fact]] = set()
        self._known_until = 0.0

    def learnt(self, pool: str, fact: Fact) -> None:
        """Something that the others do not know yet."""
        self._untold.append((pool, fact))

    async def begin(self, observations: dict[str, list[Fact]]) -> dict[str, list[Fact]]:
        """What attempts have taught, and to it what was told of late: probes, and what was not written down before."""
        now = self._clock.now()
        self._known_until = now + KNOWN_S
        self._known = {
            (pool, fact) for pool, facts in observations.items() for fact in facts if fact.at > now - 2 * KNOWN_S
        }
        more = True
        while more:
            heard, more = await self.look()
            for pool, facts in heard.items():
                observations.setdefault(pool, []).extend(facts)
        return observations

    async def look(self) -> tuple[dict[str, list[Fact]], bool]:
        """Tell what is to be told; what the others have told since, by the time of the answers; and if there is more.

        What could not be told is told by the next look, as the same.
        """
        if not self._telling.facts:
            self._telling = self._next()
        found = await self._work.exchange(self._telling, self._heard)
        self._telling = Lessons(self._node, self._telling.number, {})
        now = self._clock.now()
        if now > self._known_until:
            self._known = set()
        heard: dict[str, list[Fact]] = {}
        for lessons in found:
            self._heard_of(lessons.node, lessons.number)
            for pool, facts in lessons.facts.items():
                heard.setdefault(pool, []).extend(
                    _by_our_clock(fact, lessons.behind_s, now) for fact in self._new(pool, facts)
                )
        for facts in heard.values():
            facts.sort(key=by_time)
        return heard, len(found) == LESSONS

    async def take_probe(self, pool: str, provider: str, hold_s: float) -> bool:
        """Whether this process is the one to ask that provider; nobody else does for so long."""
        try:
            return await self._work.take_probe(pool, provider, self._node, hold_s)
        except StoreDown as error:
            if error.fatal:
                raise
            return False  # nothing can be sent meanwhile either

    def _heard_of(self, node: str, number: int) -> None:
        self._heard.pop(node, None)
        self._heard[node] = number
        if len(self._heard) > NODES:
            del self._heard[next(iter(self._heard))]

    def _new(self, pool: str, facts: list[Fact]) -> list[Fact]:
        """Those that the attempts had not taught when this process began."""
        return [fact for fact in facts if (pool, fact) not in self._known] if self._known else facts

    def _next(self) -> Lessons:
        """All that was not told yet, of one number more than the last."""
        untold, self._untold = self._untold[-MOST:], []
        facts: dict[str, list[Fact]] = {}
        for pool, fact in untold:
            facts.setdefault(pool, []).append(fact)
        return Lessons(self._node, self._telling.number + bool(facts), facts)


async def exchange(desk: "Desk", at: Exchange) -> None:
    """Tell and hear until there is nothing left that others have told."""
    more = True
    while more:
        heard, more = await at.look()
        for pool, facts in heard.items():
            for start in range(0, len(facts), AT_ONCE):
                desk.heard(pool, facts[start : start + AT_ONCE])
                await asyncio.sleep(0)


async def exchanging(desk: "Desk", at: Exchange) -> None:
    """Again and again, until cancelled. While the store is down, each process goes by what it sees itself."""
    while True:
        try:
            await exchange(desk, at)
        except StoreDown as error:
            if error.fatal:
                raise
            warn("the attempts of other processes could not be followed", reason=str(error))
        await desk.clock.sleep(EVERY_S)


def _by_our_clock(fact: Fact, behind_s: float, now: float) -> Fact:
    """Another clock may be a little ahead of ours nevertheless: nothing is reckoned from what is yet to come."""
    if not behind_s and fact.at <= now:
        return fact
    at = min(fact.at + behind_s, now)
    began = None if fact.began is None else min(fact.began + behind_s, at)
    return msgspec.structs.replace(fact, at=at, began=began)
