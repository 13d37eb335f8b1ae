"""What is known of a pool's providers at this moment: a value, the fold of the facts so far."""

from math import ceil, inf
from typing import TYPE_CHECKING

import msgspec

from posthouse.routing import breaker, pace, quota, ramp, score
from posthouse.routing.filters import ready
from posthouse.routing.outcome import Outcome, OutcomeKind, Throttled, consequence
from posthouse.routing.rank import place
from posthouse.routing.switch import ON, Switch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from posthouse.routing.rules import Candidate, Rules


class Fact(msgspec.Struct, frozen=True):
    """One answer of one provider, to a send or to a health call.

    at: when the answer came; began: when the call started, None where that is not known (seconds since the epoch).
    retry_after_s, quota: of a throttling. spends: whether it was a send, which a quota counts; no health call is.
    """

    provider: str
    at: float
    kind: OutcomeKind
    health: int
    opens: bool = False
    retry_after_s: float | None = None
    quota: bool = False
    began: float | None = None
    spends: bool = True

    @staticmethod
    def of(provider: str, outcome: Outcome, at: float, began: float | None = None, *, spends: bool = True) -> "Fact":
        meaning = consequence(outcome)
        after_s, quota = (outcome.retry_after_s, outcome.quota) if isinstance(outcome, Throttled) else (None, False)
        return Fact(provider, at, meaning.kind, meaning.health, meaning.opens, after_s, quota, began, spends)


class Standing(msgspec.Struct, frozen=True):
    """Where one provider stands. in_flight: sends on their way from this process; `spent` does not hold them yet."""

    circuit: breaker.Breaker = breaker.CLOSED
    health: score.Health = score.WELL
    tempo: pace.Pace = pace.FREE
    in_flight: int = 0
    spent: quota.Spent = quota.UNSPENT


NEW = Standing()


class Board(msgspec.Struct, frozen=True):
    """The standing of each provider of a pool. Immutable: `started` and `observe` answer with the next board.

    switches: what an operator holds by hand; a provider without an entry is on.
    """

    rules: "Rules"
    standings: dict[str, Standing] = {}
    switches: dict[str, Switch] = {}

    def standing(self, provider: str) -> Standing:
        return self.standings.get(provider, NEW)

    def switch(self, provider: str) -> Switch:
        return self.switches.get(provider, ON)

    def under(self, rules: "Rules") -> "Board":
        """What is known, under changed rules; providers that are gone are forgotten."""
        names = [c.name for c in rules.candidates]
        kept = {name: self.standings[name] for name in names if name in self.standings}
        if rules.breaker.window_s != self.rules.breaker.window_s:
            kept = {
                name: msgspec.structs.replace(was, circuit=breaker.recounted(was.circuit)) for name, was in kept.items()
            }
        return Board(rules, kept, {name: self.switches[name] for name in names if name in self.switches})

    def switched(self, switches: "Mapping[str, Switch]") -> "Board":
        """The board with the providers switched so, and all others on."""
        return Board(self.rules, self.standings, dict(switches))

    def resumed(self, provider: str, spent: quota.Spent) -> "Board":
        """What the store says was sent there takes the place of what is counted; the pace goes on from the last start.

        Facts of sends that began before `spent.as_of` change nothing of the count, whether they come before this or
        after it.
        """
        was = self.standing(provider)
        rate = next((c.rate for c in self.rules.candidates if c.name == provider), None)
        tempo = pace.resumed(was.tempo, rate, spent.last_start)
        spent = msgspec.structs.replace(spent, resumed_at=spent.as_of)
        return self._with(provider, Standing(was.circuit, was.health, tempo, was.in_flight, spent))

    def started(self, candidate: "Candidate", now: float) -> "Board":
        """One send is about to leave: its pace, its place and, on an open circuit, the probe are spent now."""
        was = self.standing(candidate.name)
        circuit = was.circuit if was.circuit.opened_at is None else breaker.probing(was.circuit)
        tempo = pace.started(was.tempo, candidate.rate, now)
        return self._with(candidate.name, Standing(circuit, was.health, tempo, was.in_flight + 1, was.spent))

    def ended(self, provider: str) -> "Board":
        """A send that was started is over, whatever came of it: also one that never left.

        Its answer, if there is one, is observed before anything else is decided: until then no quota counts it.
        """
        was = self.standing(provider)
        circuit, left = was.circuit, max(0, was.in_flight - 1)
        if circuit.probing and left == 0 and self.rules.breaker.traffic:
            # Where the probe is a send and no send is on its way, the probe is over, answered or not.
            circuit = msgspec.structs.replace(circuit, probing=False)
        return self._with(provider, Standing(circuit, was.health, was.tempo, left, was.spent))

    def may_probe(self, candidate: "Candidate", now: float) -> bool:
        """Whether a health call may leave now: one is due, and the provider is neither off, paused nor in a pause."""
        standing = self.standing(candidate.name)
        if not candidate.enabled or self.switch(candidate.name).held == "pause":
            return False
        return standing.circuit.may_probe(now) and standing.tempo.ready_at <= now

    def probing(self, provider: str) -> "Board":
        """A health call is about to leave."""
        was = self.standing(provider)
        return self._with(provider, msgspec.structs.replace(was, circuit=breaker.probing(was.circuit)))

    def observe(self, fact: Fact) -> "Board":
        """The board after one more fact."""
        was, rules = self.standing(fact.provider), self.rules
        circuit, health, tempo, spent = was.circuit, was.health, was.tempo, was.spent
        if fact.health > 0:
            circuit = breaker.succeeded(circuit, rules.breaker, fact.at, fact.began)
            closes = was.circuit.opened_at is not None and circuit.opened_at is None
            # What closes a circuit has shown the provider well: it is not to wait for its score on top of that.
            health = score.WELL if closes else score.succeeded(health, rules.scoring)
            tempo = pace.eased(tempo)
        elif fact.health < 0:
            health = score.failed(health, fact.at, rules.scoring)
            circuit = breaker.failed(
                circuit, rules.breaker, fact.at, fact.began, at_once=fact.opens, health=health.health
            )
        elif fact.kind == "refused":
            circuit = breaker.refused(circuit, rules.breaker, fact.at, fact.began)
            if was.circuit.opened_at is None and circuit.opened_at is not None:
                health = score.failed(health, fact.at, rules.scoring)
        else:
            circuit = breaker.unanswered(circuit, fact.at, fact.began)
            if fact.kind == "throttled":
                tempo = pace.throttled(tempo, fact.retry_after_s, fact.at, quota=fact.quota)
        if fact.spends and (fact.kind == "accepted" or fact.kind == "unsure"):
            spent = quota.counted(spent, fact.at if fact.began is None else fact.began)
        return self._with(fact.provider, Standing(circuit, health, tempo, was.in_flight, spent))

    def room(self, now: float) -> int:
        """How many messages that ask for nothing this pool could start now; 0 when `decide` would send none of them.

        Only the places in the best tier count: a burst waits for those. To them come those of a better tier that ramp
        up, as far as their share goes: what they do not admit falls to the tier below. A provider that carries only
        what is bound to it (reserved, drained) and has a place makes it 1 where it would be 0, so that this is not
        stuck behind an outage of all the others.
        """
        best, free, spare = inf, 0, 0
        ramps: list[tuple[float, int]] = []
        for candidate in self.rules.candidates:
            standing = self.standing(candidate.name)
            if not ready(candidate, self, now):
                continue
            places = self._places(candidate, standing, now)
            if candidate.reserved or self.switch(candidate.name).held == "drain":
                spare = max(spare, min(places, 1))
                continue
            tier, _ = place(candidate, standing, self.rules.strategy, now, self.rules.scoring)
            if ramp.ramping(standing.circuit, self.rules.breaker, now):
                share = ramp.share(standing.circuit, self.rules.breaker, now)
                ramps.append((tier, min(places, ceil(share * candidate.concurrency))))
                continue
            if tier < best:
                best, free = tier, 0
            if tier == best:
                free += places
        return free + sum(places for tier, places in ramps if tier <= best) or spare

    def _places(self, candidate: "Candidate", standing: Standing, now: float) -> int:
        """How many sends could start at a provider that is ready."""
        places = max(0, candidate.concurrency - standing.in_flight)
        slowed = candidate.rate is not None or pace.learnt(standing.tempo, now) is not None
        if slowed or standing.circuit.opened_at is not None:
            return min(places, 1)
        for quota_left in quota.left(candidate, standing.spent, standing.in_flight, now):
            if quota_left is not None:
                places = min(places, quota_left)
        return places

    def _with(self, provider: str, standing: Standing) -> "Board":
        return Board(self.rules, {**self.standings, provider: standing}, self.switches)


def fold(board: Board, facts: "Iterable[Fact]") -> Board:
    """The board after all those facts, by their time: in whatever order they arrive, the same board comes of them."""
    for fact in sorted(facts, key=by_time):
        board = board.observe(fact)
    return board


def by_time(fact: Fact) -> tuple[float, str, float, str, int, bool, float, bool, bool]:
    """By time; facts of one moment in an order that depends on nothing but themselves."""
    began = -inf if fact.began is None else fact.began
    retry_after_s = -inf if fact.retry_after_s is None else fact.retry_after_s
    return (fact.at, fact.provider, began, fact.kind, fact.health, fact.opens, retry_after_s, fact.quota, fact.spends)
