"""What is known of a pool's providers at this moment: a value, the fold of the facts so far."""

from math import inf
from typing import TYPE_CHECKING

import msgspec

from posthouse.routing import breaker, pace, score
from posthouse.routing.outcome import Outcome, OutcomeKind, Throttled, consequence
from posthouse.routing.rank import place
from posthouse.routing.router import ready

if TYPE_CHECKING:
    from collections.abc import Iterable

    from posthouse.routing.rules import Candidate, Rules


class Fact(msgspec.Struct, frozen=True):
    """One answer of one provider, to a send or to a health call.

    at: when the answer came; began: when the call started, None where that is not known (seconds since the epoch).
    retry_after_s, quota: of a throttling.
    """

    provider: str
    at: float
    kind: OutcomeKind
    health: int
    opens: bool = False
    retry_after_s: float | None = None
    quota: bool = False
    began: float | None = None

    @staticmethod
    def of(provider: str, outcome: Outcome, at: float, began: float | None = None) -> "Fact":
        meaning = consequence(outcome)
        if isinstance(outcome, Throttled):
            return Fact(provider, at, meaning.kind, 0, False, outcome.retry_after_s, outcome.quota, began)
        return Fact(provider, at, meaning.kind, meaning.health, meaning.opens, began=began)


class Standing(msgspec.Struct, frozen=True):
    """Where one provider stands. in_flight: sends on their way from this process."""

    circuit: breaker.Breaker = breaker.CLOSED
    health: score.Health = score.WELL
    tempo: pace.Pace = pace.FREE
    in_flight: int = 0


NEW = Standing()


class Board(msgspec.Struct, frozen=True):
    """The standing of each provider of a pool. Immutable: `started` and `observe` answer with the next board."""

    rules: "Rules"
    standings: dict[str, Standing] = {}

    def standing(self, provider: str) -> Standing:
        return self.standings.get(provider, NEW)

    def under(self, rules: "Rules") -> "Board":
        """What is known, under changed rules; providers that are gone are forgotten."""
        kept = {c.name: self.standings[c.name] for c in rules.candidates if c.name in self.standings}
        if rules.breaker.window_s != self.rules.breaker.window_s:
            kept = {
                name: msgspec.structs.replace(was, circuit=breaker.recounted(was.circuit)) for name, was in kept.items()
            }
        return Board(rules, kept)

    def started(self, candidate: "Candidate", now: float) -> "Board":
        """One send is about to leave: its pace, its place and, on an open circuit, the probe are spent now."""
        was = self.standing(candidate.name)
        circuit = was.circuit if was.circuit.opened_at is None else breaker.probing(was.circuit)
        return self._with(
            candidate.name,
            Standing(circuit, was.health, pace.started(was.tempo, candidate.rate, now), was.in_flight + 1),
        )

    def ended(self, provider: str) -> "Board":
        """A send that was started is over, whatever came of it: also one that never left."""
        was = self.standing(provider)
        circuit, left = was.circuit, max(0, was.in_flight - 1)
        if circuit.probing and left == 0 and self.rules.breaker.traffic:
            # Where the probe is a send and no send is on its way, the probe is over, answered or not.
            circuit = msgspec.structs.replace(circuit, probing=False)
        return self._with(provider, Standing(circuit, was.health, was.tempo, left))

    def probing(self, provider: str) -> "Board":
        """A health call is about to leave."""
        was = self.standing(provider)
        return self._with(provider, Standing(breaker.probing(was.circuit), was.health, was.tempo, was.in_flight))

    def observe(self, fact: Fact) -> "Board":
        """The board after one more fact."""
        was, rules = self.standing(fact.provider), self.rules.breaker
        circuit, health, tempo = was.circuit, was.health, was.tempo
        if fact.health > 0:
            circuit = breaker.succeeded(circuit, rules, fact.at, fact.began)
            health, tempo = score.succeeded(health), pace.eased(tempo)
        elif fact.health < 0:
            circuit = breaker.failed(circuit, rules, fact.at, fact.began, at_once=fact.opens)
            health = score.failed(health, fact.at)
        else:
            circuit = breaker.unanswered(circuit, fact.at, fact.began)
            if fact.kind == "throttled":
                tempo = pace.throttled(tempo, fact.retry_after_s, fact.at, quota=fact.quota)
        return self._with(fact.provider, Standing(circuit, health, tempo, was.in_flight))

    def room(self, now: float) -> int:
        """How many messages that ask for nothing this pool could start now; 0 when `decide` would send none of them.

        Only the places in the best tier count: a burst waits for those. A reserved provider with a place makes it 1
        where it would be 0, so that what asks for it by name is not stuck behind an outage of all the others.
        """
        best, free, spare = inf, 0, 0
        for candidate in self.rules.candidates:
            standing = self.standing(candidate.name)
            places = candidate.concurrency - standing.in_flight
            if not ready(candidate, self, now):
                continue
            if candidate.rate is not None or standing.circuit.opened_at is not None:
                places = min(places, 1)
            if candidate.reserved:
                spare = max(spare, min(places, 1))
                continue
            tier, _ = place(candidate, standing, self.rules.strategy, now)
            if tier < best:
                best, free = tier, 0
            if tier == best:
                free += max(0, places)
        return free or spare

    def _with(self, provider: str, standing: Standing) -> "Board":
        return Board(self.rules, {**self.standings, provider: standing})


def fold(board: Board, facts: "Iterable[Fact]") -> Board:
    """The board after all those facts, in their order."""
    for fact in facts:
        board = board.observe(fact)
    return board
