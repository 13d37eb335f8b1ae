"""What a worker has in front of it: the clock, its slice of the store, the rules, the providers, the boards."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from posthouse.clock import Clock
from posthouse.delivery.departing import Departing
from posthouse.delivery.traced import Traced
from posthouse.mail.message import Message
from posthouse.metrics.tally import Tally
from posthouse.providers.base import Provider
from posthouse.routing.board import Board, Fact, fold
from posthouse.routing.explain import Explanation, explain
from posthouse.routing.outcome import Outcome
from posthouse.routing.quota import this_day, this_month
from posthouse.routing.room import one_by_one
from posthouse.routing.router import Decision, Wait, decide
from posthouse.routing.rules import Candidate, Job, Rules
from posthouse.routing.share import shared
from posthouse.routing.switch import ON, Switch, simulated
from posthouse.store.contract import Controls, Work
from posthouse.telemetry import log, warn

if TYPE_CHECKING:
    from posthouse.delivery.exchange import Exchange
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


class Boards(dict[str, Board]):
    """Those of pools that were ever asked for. make(pool): one that is asked for the first time."""

    def __init__(self, make: Callable[[str], Board]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, pool: str) -> Board:
        board = self[pool] = self._make(pool)
        return board


class Desk:
    """The one owner of the boards in a process. It replaces them between awaits, so nothing needs a lock."""

    def __init__(
        self,
        clock: Clock,
        work: Work,
        rules: Mapping[str, Rules],
        carriers: Mapping[Line, Carrier],
        tally: Tally | None = None,
        exchange: "Exchange | None" = None,
    ) -> None:
        """exchange: with the other processes on this store; None where each goes by what it sees itself."""
        self.exchange = exchange
        self.clock, self.work, self.tally = clock, work, tally or Tally()
        self.carriers, self.lease_s = carriers, lease_s(carriers)
        self._whole: Mapping[str, Rules] = rules
        self._rules: Mapping[str, Rules] = rules
        self._shares = self._said = (1, 0)
        self._counts_for_all = False
        self._uncounted = set[Line]()
        self.departing = Departing()
        self.beat_at: float | None = None
        self._boards = Boards(self._new_board)
        self._switches: Mapping[str, Mapping[str, Switch]] = {}
        self.draining = False
        self.traced: Traced | None = None  # where attempts are traced

    def reconfigure(self, rules: Mapping[str, Rules], carriers: Mapping[Line, Carrier]) -> None:
        """Other rules and other carriers from now on, all at once. What is known of those that stay is kept.

        An attempt that has begun ends with the carrier it began with.
        """
        before = limited(self._whole)
        self._whole = rules
        self.carriers, self.lease_s = carriers, lease_s(carriers)
        self.count_anew()  # a quota may be new, and something sent already
        if self.beat_at is not None:  # nothing is sent, and nobody counts, where nobody says that he lives
            self._uncounted = (self._uncounted | limited(rules) - before) & limited(rules)
        self._part()

    def share(self, count: int, place: int) -> bool:
        """So many processes send, and this is number `place` of them, from 0. Whether that is news.

        Where no more of them send than before it must be said twice: what one that left has sent is a second old then.
        """
        before, self._said = self._said, (count, place)
        if (count, place) == self._shares or (count <= self._shares[0] and (count, place) != before):
            return False
        self._shares = (count, place)
        self._counts_for_all = self._counts_for_all and place == 0
        self._part()
        return True

    def _part(self) -> None:
        count, place = self._shares
        self._rules = {pool: self._counted(shared(rules, count, place)) for pool, rules in self._whole.items()}
        for pool, board in self._boards.items():
            self._boards[pool] = board.under(self._rules.get(pool) or Rules(pool))

    def _counted(self, rules: Rules) -> Rules:
        """Without those whose quota is new, until it is known what was sent."""
        if not self._uncounted:
            return rules
        replace = msgspec.structs.replace
        candidates = [
            replace(c, elsewhere=True) if (rules.pool, c.name) in self._uncounted else c for c in rules.candidates
        ]
        return replace(rules, candidates=tuple(candidates))

    def board(self, pool: str) -> Board:
        """What is known of a pool's providers; a pool the configuration no longer has keeps its mail waiting."""
        return self._boards[pool]

    def _new_board(self, pool: str) -> Board:
        return Board(self._rules.get(pool) or Rules(pool), switches=dict(self._switches.get(pool, {})))

    def boards(self) -> list[Board]:
        """The boards of all pools that were ever asked for."""
        return list(self._boards.values())

    async def take_up(self, controls: Controls) -> None:
        """At start: switches, quotas, paces and all that earlier attempts taught are as they were."""
        now = self.clock.now()
        self.switched(await controls.switches())
        await self._resume(lambda c: c.rate is not None or c.has_quota)
        restore_s = max((rules.scoring.restore_s for rules in self._rules.values()), default=0.0)
        observations = await self.work.observations(now - restore_s)
        self.remember(observations if self.exchange is None else await self.exchange.begin(observations))

    async def take_up_quotas(self) -> None:
        """This process is, or becomes, the one that carries for quotas: go on from what was sent by all of them."""
        if self._counts_for_all:
            return
        whole, self._counts_for_all = self._whole, True
        try:
            await self._resume(lambda c: c.has_quota)
        except BaseException:
            self.count_anew()
            raise
        if self._uncounted and whole is self._whole:  # otherwise it was reloaded meanwhile, and is counted once more
            self._uncounted.clear()
            self._part()

    def count_anew(self) -> None:
        """What counts against quotas is to be read from the store before the next share."""
        self._counts_for_all = False

    async def _resume(self, counts: Callable[[Candidate], bool]) -> None:
        """Counts and paces of those providers, as the store has them."""
        now = self.clock.now()
        lines = [(pool, c.name) for pool, rules in self._whole.items() for c in rules.candidates if counts(c)]
        if not lines:
            return
        await self.departing.all_known()  # nobody else counts what began before this moment
        for (pool, provider), spent in (await self.work.spent(this_day(now), this_month(now), lines)).items():
            # All that is counted began before this moment: the fold must not count it again.
            self._boards[pool] = self._boards[pool].resumed(provider, msgspec.structs.replace(spent, as_of=now))

    def remember(self, observations: Mapping[str, list[Fact]]) -> None:
        """Fold what earlier attempts taught."""
        for pool, facts in observations.items():
            self._boards[pool] = fold(self._boards[pool], facts)

    def switched(self, switches: Mapping[str, Mapping[str, Switch]]) -> None:
        """How operators want providers to stand, all of them; what has changed is said in the log."""
        if switches == self._switches:
            return
        for pool, provider, switch in changed(self._switches, switches):
            held, failing = switch.held, None if switch.failing is None else switch.failing.mode
            log("provider switched", pool=pool, provider=provider, held=held, failing=failing, reason=switch.reason)
        self._switches = switches
        for pool, board in self._boards.items():
            self._boards[pool] = board.switched(switches.get(pool, {}))

    def simulated(self, pool: str, provider: str, message_id: str, number: int) -> Outcome | None:
        """The outcome of an attempt while an operator has its provider pretend to fail; None: ask the provider."""
        return simulated(self._boards[pool].switch(provider), message_id, number, self.clock.now())

    @property
    def alone(self) -> bool:
        """Whether there is one pool, and no more."""
        return len(self._rules) <= 1 and len(self._boards) <= 1

    def one_by_one(self, pool: str, candidate: Candidate, now: float) -> bool:
        """See `room.one_by_one`."""
        return one_by_one(candidate, self._boards[pool].standing(candidate.name), now)

    def rooms(self, now: float) -> dict[str, int]:
        """pool → how many of its messages could start now: never more is claimed than the providers have room for."""
        return {pool: max(0, self._boards[pool].room(now)) for pool in {**self._rules, **self._boards}}

    def wait_s(self, now: float, most: float) -> float:
        """How long until a provider's pace allows what it does not allow now, in seconds; at most `most`."""
        soonest = now + most
        for board in self._boards.values():
            for standing in board.standings.values():
                if now < standing.tempo.ready_at < soonest:
                    soonest = standing.tempo.ready_at
        return soonest - now

    def decide(self, job: Job, now: float) -> Decision:
        return decide(job, self._boards[job.pool], now)

    def outlook(self, job: Job) -> Explanation | None:
        """Why this message would have to wait; None where it would not. The reasons cost ten times the decision."""
        now = self.clock.now()
        return explain(job, self._boards[job.pool], now) if isinstance(self.decide(job, now), Wait) else None

    def started(self, pool: str, candidate: Candidate, now: float) -> None:
        self._boards[pool] = self._boards[pool].started(candidate, now)

    def ended(self, pool: str, provider: str) -> None:
        self._boards[pool] = self._boards[pool].ended(provider)

    def probing(self, pool: str, provider: str) -> None:
        self._boards[pool] = self._boards[pool].probing(provider)

    def observe(self, pool: str, fact: Fact) -> None:
        """Learn from one answer to this process, and let the others know."""
        self._learn(pool, fact)
        if self.exchange is not None:
            self.exchange.learnt(pool, fact)

    def heard(self, pool: str, facts: Iterable[Fact]) -> None:
        """Learn from answers that other processes were given."""
        if pool in self._rules:
            for fact in facts:
                self._learn(pool, fact)

    def _learn(self, pool: str, fact: Fact) -> None:
        """Fold a fact, and say so when a circuit opens or closes by it, or trust is lost or won back."""
        before = self._boards[pool]
        after = self._boards[pool] = before.observe(fact)
        was, now_is = before.standing(fact.provider), after.standing(fact.provider)
        if was.circuit.opened_at is None and now_is.circuit.opened_at is not None:
            warn("circuit opened", pool=pool, provider=fact.provider, outcome=fact.kind)
        elif was.circuit.opened_at is not None and now_is.circuit.opened_at is None:
            log("circuit closed", pool=pool, provider=fact.provider)
        elif was.trust.lost_at is None and now_is.trust.lost_at is not None:
            log("provider distrusted", pool=pool, provider=fact.provider, reason=now_is.trust.why)
        if now_is.trust.regained_at > was.trust.regained_at:
            log("provider trusted again", pool=pool, provider=fact.provider)

    def circuits(self, now: float) -> dict[str, dict[str, "State"]]:
        """pool → provider → state of its circuit, of all that are configured."""
        return {
            pool: {c.name: self._boards[pool].standing(c.name).circuit.state(now) for c in rules.candidates}
            for pool, rules in self._rules.items()
        }


def limited(rules: Mapping[str, Rules]) -> set[Line]:
    """Those that have a quota."""
    return {(pool, c.name) for pool, found in rules.items() for c in found.candidates if c.has_quota}


def lease_s(carriers: Mapping[Line, Carrier]) -> float:
    """How long a claim is held where these carry, in seconds."""
    return max(LEASE_S, 3 * max((carrier.timeout_s for carrier in carriers.values()), default=0.0))


def changed(
    before: Mapping[str, Mapping[str, Switch]], now: Mapping[str, Mapping[str, Switch]]
) -> Iterator[tuple[str, str, Switch]]:
    """(pool, provider, switch) of each that stands otherwise than before."""
    for pool in sorted({*before, *now}):
        were, are = before.get(pool, {}), now.get(pool, {})
        for provider in sorted({*were, *are}):
            switch = are.get(provider, ON)
            if switch != were.get(provider, ON):
                yield pool, provider, switch
