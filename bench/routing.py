"""What routing costs: a decision under each strategy, an answer heard, the room of a pool, an explanation.

    python -m bench.routing

Three providers, all of them ready; and as often with the first one distrusted. Prints µs a call, the best of several
rounds.
"""

from collections.abc import Callable
from timeit import repeat

import msgspec

from posthouse.routing.board import Board, Fact
from posthouse.routing.explain import explain
from posthouse.routing.outcome import Accepted, Deferred
from posthouse.routing.router import decide
from posthouse.routing.rules import Candidate, Job, Rules, Strategy
from posthouse.routing.trust import Trust

NOW = 1.8e9
CALLS, ROUNDS = 5000, 7
STRATEGIES: tuple[Strategy, ...] = ("priority", "weighted", "score")
WEIGHTS = (0.5, 0.3, 0.2)
JOB = Job("01a20ace-acae-70a7-8c34-261662c5721b", "example.com", NOW + 86400, size=1500)


def board(strategy: Strategy, trust: Trust | None = None) -> Board:
    """Each of the providers has been heard of; trust: of the first one."""
    candidates = tuple(Candidate(f"p-{n}", order=n, weight=w, score=50 - n) for n, w in enumerate(WEIGHTS, start=1))
    made = Board(Rules("example.com", strategy, candidates))
    for number in range(60):
        made = made.observe(Fact.of(f"p-{1 + number % 3}", Accepted(200), NOW - 30 + number / 2, NOW - 31 + number / 2))
    if trust is not None:
        doubted = msgspec.structs.replace(made.standing("p-1"), trust=trust)
        made = msgspec.structs.replace(made, standings={**made.standings, "p-1": doubted})
    return made


def cost(call: Callable[[], object]) -> float:
    """µs a call."""
    return min(repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def main() -> None:
    lost = Trust(NOW - 9, "its health fell below 0.8", NOW + 5)
    calls: dict[str, Callable[[], object]] = {}
    for strategy in STRATEGIES:
        well, ill = board(strategy), board(strategy, lost)
        calls[f"decide, {strategy}"] = lambda well=well: decide(JOB, well, NOW)  # type: ignore[misc]
        calls[f"decide, {strategy}, one distrusted"] = lambda ill=ill: decide(JOB, ill, NOW)  # type: ignore[misc]
    well, ill = board("priority"), board("priority", lost)
    good, bad = (Fact.of("p-1", outcome, NOW, NOW - 1) for outcome in (Accepted(200), Deferred(503)))
    calls |= {
        "observe, accepted": lambda: well.observe(good),
        "observe, deferred": lambda: well.observe(bad),
        "observe, accepted, distrusted": lambda: ill.observe(good),
        "room": lambda: well.room(NOW),
        "explain": lambda: explain(JOB, well, NOW),
    }
    for name, call in calls.items():
        print(f"{name:<34} {cost(call):6.1f} µs")  # noqa: T201


if __name__ == "__main__":
    main()
