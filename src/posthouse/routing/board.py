"""What is known of a pool's providers at this moment: a value, the fold of the facts so far."""

from math import inf
from typing import TYPE_CHECKING

import msgspec

from posthouse.routing import breaker, pace, quota, score
from posthouse.routing.outcome import Outcome, OutcomeKind, Throttled, consequence
from posthouse.routing.room import room
from posthouse.routing.switch import ON, Switch
from posthouse.routing.trust import TRUSTED, Trust, observed, over, under_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from posthouse.routing.rules import Candidate, Rules


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """One answer of one provider, to a send or to a health call.

    at: when the answer came; began: when the call started, None where that is not known (seconds since the epoch).
    retry_after_s, quota: of a throttling. spends: whether it was a send, which a quota counts; no health call is.
    probe: whether it only asked if the provider is well, by a health call or a dummy message.

    Processes tell it to each other by the order of its fields: new ones come last.
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
    probe: bool = False

    @staticmethod
    def of(
        provider: str,
        outcome: Outcome,
        at: float,
        began: float | None = None,
        *,
        spends: bool = True,
        probe: bool = False,
    ) -> "Fact":
        meaning = consequence(outcome)
        after_s, quota = (outcome.retry_after_s, outcome.quota) if isinstance(outcome, Throttled) else (None, False)
        return Fact(provider, at, meaning.kind, meaning.health, meaning.opens, after_s, quota, began, spends, probe)


class Standing(msgspec.Struct, frozen=True):
    """Where one provider stands. in_flight: sends on their way from this process; `spent` does not hold them yet."""

    circuit: breaker.Breaker = breaker.CLOSED
    health: score.Health = score.WELL
    tempo: pace.Pace = pace.FREE
    in_flight: int = 0
    spent: quota.Spent = quota.UNSPENT
    trust: Trust = TRUSTED

    @property
    def spent_alone(self) -> "Standing":
        """What counts against its limits, and nothing of how it is."""
        return Standing(tempo=self.tempo, in_flight=self.in_flight, spent=self.spent)


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
        """What is known, under changed rules; of providers that are gone only what counts against their limits.

        They may come back while their sends are on their way, or their pace and their quotas are spent.
        """
        names = {c.name for c in rules.candidates}
        left = {name: was if name in names else was.spent_alone for name, was in self.standings.items()}
        kept = {name: was for name, was in left.items() if name in names or was != NEW}
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
        return self._with(provider, Standing(was.circuit, was.health, tempo, was.in_flight, spent, was.trust))

    def started(self, candidate: "Candidate", now: float) -> "Board":
        """One send is about to leave: its pace, its place and the probe, where it is one, are spent now."""
        was = self.standing(candidate.name)
        circuit = was.circuit if was.circuit.opened_at is None else breaker.probing(was.circuit)
        trust = under_test(was.trust) if self.rules.breaker.traffic and was.trust.may_probe(now) else was.trust
        tempo = pace.started(was.tempo, candidate.rate, now)
        return self._with(candidate.name, Standing(circuit, was.health, tempo, was.in_flight + 1, was.spent, trust))

    def ended(self, provider: str) -> "Board":
        """A send that was started is over, whatever came of it: also one that never left.

        Its answer, if there is one, is observed before anything else is decided: until then no quota counts it.
        """
        was = self.standing(provider)
        circuit, trust, left = was.circuit, was.trust, max(0, was.in_flight - 1)
        if left == 0 and self.rules.breaker.traffic:
            # Where the probe is a send and no send is on its way, the probe is over, answered or not.
            circuit, trust = breaker.over(circuit), over(trust)
        return self._with(provider, Standing(circuit, was.health, was.tempo, left, was.spent, trust))

    def may_probe(self, candidate: "Candidate", now: float) -> bool:
        """Whether a health call may leave now: one is due, and the provider is neither off, paused nor in a pause."""
        standing = self.standing(candidate.name)
        if not candidate.enabled or self.switch(candidate.name).held == "pause":
            return False
        due = standing.trust if standing.circuit.opened_at is None else standing.circuit
        return due.may_probe(now) and standing.tempo.ready_at <= now

    def probing(self, provider: str) -> "Board":
        """A health call is about to leave."""
        was = self.standing(provider)
        if was.circuit.opened_at is None:
            return self._with(provider, msgspec.structs.replace(was, trust=under_test(was.trust)))
        return self._with(provider, msgspec.structs.replace(was, circuit=breaker.probing(was.circuit)))

    def observe(self, fact: Fact) -> "Board":
        """The board after one more fact.

        Of a closed circuit only messages tell. But where the last one failed and no probe has passed since, one that
        fails too goes on with the count: a dead provider, which is sent nothing while it is distrusted, has its circuit
        opened all the same.
        """
        was, rules = self.standing(fact.provider), self.rules
        circuit, health, tempo, spent = was.circuit, was.health, was.tempo, was.spent
        counts = not fact.probe or circuit.opened_at is not None
        if fact.health > 0:
            if counts:
                circuit = breaker.succeeded(circuit, rules.breaker, fact.at, fact.began)
            health = score.succeeded(health, rules.scoring)
            tempo = pace.eased(tempo)
        elif fact.health < 0:
            health = score.failed(health, fact.at, rules.scoring)
            if counts or (circuit.failures and not was.trust.passes):
                circuit = breaker.failed(circuit, rules.breaker, fact.at, fact.began, at_once=fact.opens)
        elif fact.kind == "refused":
            if counts:
                circuit = breaker.refused(circuit, rules.breaker, fact.at, fact.began)
            if was.circuit.opened_at is None and circuit.opened_at is not None:
                health = score.failed(health, fact.at, rules.scoring)
        else:
            circuit = breaker.unanswered(circuit, fact.at, fact.began)
            if fact.kind == "throttled":
                tempo = pace.throttled(tempo, fact.retry_after_s, fact.at, quota=fact.quota)
        trust = observed(was.trust, was.circuit, circuit, fact, health.health, rules.breaker)
        if trust.regained_at > was.trust.regained_at:
            # What has won trust back has shown itself well: it is not to wait for its score on top of that.
            health = score.WELL
        if fact.spends and (fact.kind == "accepted" or fact.kind == "unsure"):
            spent = quota.counted(spent, fact.at if fact.began is None else fact.began)
        return self._with(fact.provider, Standing(circuit, health, tempo, was.in_flight, spent, trust))

    def room(self, now: float) -> int:
        """How many messages that ask for nothing this pool could start now; 0 when `decide` would send none of them."""
        return room(self, now)

    def _with(self, provider: str, standing: Standing) -> "Board":
        return Board(self.rules, {**self.standings, provider: standing}, self.switches)


def fold(board: Board, facts: "Iterable[Fact]") -> Board:
    """The board after all those facts, by their time: in whatever order they arrive, the same board comes of them."""
    for fact in sorted(facts, key=by_time):
        board = board.observe(fact)
    return board


def by_time(fact: Fact) -> tuple[float, str, float, str, int, bool, float, bool, bool, bool]:
    """By time; facts of one moment in an order that depends on nothing but themselves."""
    began = -inf if fact.began is None else fact.began
    retry_after_s = -inf if fact.retry_after_s is None else fact.retry_after_s
    cause = (fact.kind, fact.health, fact.opens, retry_after_s, fact.quota)
    return (fact.at, fact.provider, began, *cause, fact.spends, fact.probe)
