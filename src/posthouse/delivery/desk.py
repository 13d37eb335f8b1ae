"""What a worker has in front of it: the clock, its slice of the store, the rules, the providers, the boards."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from posthouse.clock import Clock
from posthouse.mail.message import Message
from posthouse.providers.base import Provider
from posthouse.routing.board import Board, Fact, fold
from posthouse.routing.router import Decision, decide
from posthouse.routing.rules import Candidate, Job, Rules
from posthouse.store.contract import Work
from posthouse.telemetry import log, warn

if TYPE_CHECKING:
    from posthouse.routing.breaker import State

LEASE_S = 90.0
"""How long a claim is held at least, in seconds; three times the longest send where that is more."""

Line = tuple[str, str]
"""(pool, provider)"""


class Carrier:
    """A provider of one pool, ready to use. timeout_s: of one send. probe_mail: asks whether it is well again."""

    __slots__ = ("probe_mail", "provider", "timeout_s")

    def __init__(self, provider: Provider, timeout_s: float, probe_mail: Message | None = None) -> None:
        self.provider, self.timeout_s, self.probe_mail = provider, timeout_s, probe_mail


class Desk:
    """The one owner of the boards in a process. It replaces them between awaits, so nothing needs a lock."""

    def __init__(self, clock: Clock, work: Work, rules: Mapping[str, Rules], carriers: Mapping[Line, Carrier]) -> None:
        self.clock, self.work = clock, work
        self.carriers = dict(carriers)
        self._rules = dict(rules)
        self._boards: dict[str, Board] = {}
        self.draining = False
        longest_s = max((carrier.timeout_s for carrier in self.carriers.values()), default=0.0)
        self.lease_s = max(LEASE_S, 3 * longest_s)

    def board(self, pool: str) -> Board:
        """What is known of a pool's providers; a pool the configuration no longer has keeps its mail waiting."""
        board = self._boards.get(pool)
        if board is None:
            board = self._boards[pool] = Board(self._rules.get(pool) or Rules(pool))
        return board

    def boards(self) -> list[Board]:
        """The boards of all pools that were ever asked for."""
        return list(self._boards.values())

    def remember(self, observations: Mapping[str, list[Fact]]) -> None:
        """Fold what earlier attempts taught: at start, learned state is as it was."""
        for pool, facts in observations.items():
            self._boards[pool] = fold(self.board(pool), facts)

    def full(self, now: float) -> list[str]:
        """The pools in which no message could start now."""
        return [pool for pool, board in self._boards.items() if board.room(now) <= 0]

    def room(self, now: float, most: int) -> int:
        """How many messages could start now, at most `most`: never more is claimed than the providers have room for."""
        if len(self._boards) < len(self._rules):
            return most  # a pool that was not asked for yet has all its room
        return min(most, sum(max(0, board.room(now)) for board in self._boards.values()))

    def decide(self, job: Job, now: float) -> Decision:
        return decide(job, self.board(job.pool), now)

    def started(self, pool: str, candidate: Candidate, now: float) -> None:
        self._boards[pool] = self.board(pool).started(candidate, now)

    def ended(self, pool: str, provider: str) -> None:
        self._boards[pool] = self.board(pool).ended(provider)

    def probing(self, pool: str, provider: str) -> None:
        self._boards[pool] = self.board(pool).probing(provider)

    def observe(self, pool: str, fact: Fact) -> None:
        """Learn from one answer, and say so when a circuit opens or closes by it."""
        before = self.board(pool)
        after = self._boards[pool] = before.observe(fact)
        was, now_is = before.standing(fact.provider).circuit, after.standing(fact.provider).circuit
        if was.opened_at is None and now_is.opened_at is not None:
            warn("circuit opened", pool=pool, provider=fact.provider, outcome=fact.kind)
        elif was.opened_at is not None and now_is.opened_at is None:
            log("circuit closed", pool=pool, provider=fact.provider)

    def circuits(self, now: float) -> dict[str, dict[str, "State"]]:
        """pool → provider → state of its circuit, of all that are configured."""
        return {
            pool: {c.name: self.board(pool).standing(c.name).circuit.state(now) for c in rules.candidates}
            for pool, rules in self._rules.items()
        }
