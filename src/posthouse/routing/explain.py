"""Why a message would go where it would go: every provider, every rule, and who comes next if the first one fails.

It asks `decide` for the decision and the very rules of `filters` for the reasons, so it cannot tell another story.
"""

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, assert_never

import msgspec

from posthouse.routing.board import Board, Fact
from posthouse.routing.breaker import State
from posthouse.routing.filters import LASTING, MOMENTARY, busy
from posthouse.routing.outcome import Deferred
from posthouse.routing.quota import left
from posthouse.routing.rank import place, rank
from posthouse.routing.retry import after
from posthouse.routing.router import Fail, Send, Wait, decide, told
from posthouse.routing.score import score
from posthouse.routing.trust import doubt

if TYPE_CHECKING:
    from posthouse.routing.rules import Candidate, Job

PLACE: Final = "place"
"""The rule that only the provider a message falls to has to pass: a burst waits, it does not spill."""


class Check(NamedTuple):
    """What one rule says of a message at a provider. why: None where ok. In JSON a list of three."""

    name: str
    ok: bool
    why: str | None


class Verdict(msgspec.Struct, frozen=True):
    """One provider. place: 1 for the next to be asked, 2 for the one after; None where it is not available.

    filters: every rule in the order of asking; the last one, `place`, objects where all its places are taken. weight:
    inside its tier. circuit_until: when the next probe may pass, None while closed. distrusted: whether the provider
    is, though its circuit is closed. doubt: why this message finds it distrusted and asks the others first, None where
    it does not. ready_at: when nothing that passes with time stands against it any more, as far as is known
    now; None where it can never carry this message. in_flight: sends of this process. today_left, month_left: of its
    quotas, None without one. Times: seconds since the epoch.
    """

    name: str
    chosen: bool
    place: int | None
    filters: tuple[Check, ...]
    tier: float
    weight: float
    score: float
    circuit: State
    circuit_until: float | None
    distrusted: bool
    doubt: str | None
    ready_at: float | None
    in_flight: int
    concurrency: int
    today_left: int | None
    month_left: int | None


class Explanation(msgspec.Struct, frozen=True):
    """The decision on a message, and each provider's part in it, in the order they would be asked.

    provider: who carries it (send). until: when it is decided again (wait). reason: why nobody carries it (fail), or
    why it waits. if_failed: who would be asked at once if `provider` failed; None: nobody before the next round.
    """

    decision: Literal["send", "wait", "fail"]
    provider: str | None
    until: float | None
    reason: str | None
    verdicts: tuple[Verdict, ...]
    if_failed: str | None


def explain(job: "Job", board: Board, now: float) -> Explanation:
    """The decision on a message at `now`, with all its reasons. Nothing is sent or changed."""
    decision, rules = decide(job, board, now), board.rules
    checks = {candidate.name: _checks(job, candidate, board, now) for candidate in rules.candidates}
    chosen = decision.candidate.name if isinstance(decision, Send) else None
    order: list[Candidate] = []
    if now < job.ends_at:
        fit = [c for c in rules.candidates if all(check.ok for check in checks[c.name] if check.name != PLACE)]
        order = rank(job, [(c, board.standing(c.name)) for c in fit], rules, now)
    others = [candidate for candidate in rules.candidates if candidate not in order]
    verdicts = [
        _verdict(job, candidate, board, now, checks[candidate.name], number, chosen)
        for number, candidate in [*enumerate(order, start=1), *((None, candidate) for candidate in others)]
    ]
    match decision:
        case Send(candidate):
            next_one = _if_failed(job, candidate, board, now)
            return Explanation("send", candidate.name, None, None, tuple(verdicts), next_one)
        case Wait(until):
            reason = told(decision.passed_over) or "the pool has no provider"
            return Explanation("wait", None, until, reason, tuple(verdicts), None)
        case Fail(_, reason):
            return Explanation("fail", None, None, reason, tuple(verdicts), None)
        case _:
            assert_never(decision)


def _checks(job: "Job", candidate: "Candidate", board: Board, now: float) -> tuple[Check, ...]:
    """What every rule says."""
    standing = board.standing(candidate.name)
    found = [(name, rule(job, candidate)) for name, rule in LASTING]
    for name, momentary in MOMENTARY:
        objection = momentary(job, candidate, standing, board, now)
        found.append((name, None if objection is None else objection[1]))
    found.append((PLACE, busy(candidate, standing)))
    return tuple(Check(name, why is None, why) for name, why in found)


def _verdict(
    job: "Job",
    candidate: "Candidate",
    board: Board,
    now: float,
    checks: tuple[Check, ...],
    number: int | None,
    chosen: str | None,
) -> Verdict:
    name, rules, standing = candidate.name, board.rules, board.standing(candidate.name)
    tier, weight = place(candidate, standing, rules.strategy, now, rules.scoring)
    today_left, month_left = left(candidate, standing.spent, standing.in_flight, now)
    circuit = standing.circuit
    return Verdict(
        name=name,
        chosen=name == chosen,
        place=number,
        filters=checks,
        tier=tier,
        weight=weight,
        score=score(standing.health, candidate.score, now, rules.scoring),
        circuit=circuit.state(now),
        circuit_until=None if circuit.opened_at is None else circuit.probe_at,
        distrusted=standing.trust.lost_at is not None,
        doubt=doubt(standing.trust, rules.breaker, now, job.id, name),
        ready_at=_ready_at(job, candidate, board, now),
        in_flight=standing.in_flight,
        concurrency=candidate.concurrency,
        today_left=today_left,
        month_left=month_left,
    )


def _ready_at(job: "Job", candidate: "Candidate", board: Board, now: float) -> float | None:
    if any(rule(job, candidate) is not None for _, rule in LASTING):
        return None
    standing = board.standing(candidate.name)
    objections = [rule(job, candidate, standing, board, now) for _, rule in MOMENTARY]
    return max([now, *(objection[0] for objection in objections if objection is not None)])


def _if_failed(job: "Job", candidate: "Candidate", board: Board, now: float) -> str | None:
    """Who is asked next, by the same code, in a world where this provider answers at once that it cannot."""
    outcome = Deferred(503, "supposed")
    board = board.started(candidate, now).ended(candidate.name)
    board = board.observe(Fact.of(candidate.name, outcome, now, now))
    then = after(job, candidate.name, outcome, board, now)
    if then.due_at != now:
        return None
    decision = decide(msgspec.structs.replace(job, course=then.course), board, now)
    return decision.candidate.name if isinstance(decision, Send) else None
