"""What was measured, as values: least, median and greatest of the rounds, ratios pair by pair, and the goals."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import msgspec

from posthouse.bench.machine import Machine

Span = tuple[float, float, float]
"""Least, median, greatest."""

POSTFIX: Final = "postfix"


class Run(msgspec.Struct, frozen=True):
    """One load on one server, until everything it accepted was delivered.

    delivered_per_s: accepted messages over the time from the first message to the last one recorded as delivered.
    half_…: the same server under an open loop at half of delivered_per_s; latencies from the instant a message was due.
    cpu_us: of the server, a message; database_cpu_us: of PostgreSQL, apart. disk_bytes: what the store has grown by,
    log_bytes: what went through PostgreSQL's log, both a message. undelivered: accepted and not recorded as
    delivered when patience ran out. twice: what the carrier took more than was accepted. refused: answers other
    than 202. lost: no answer. late: due and not sent when patience ran out.
    """

    name: str
    round: int
    accepted: int
    accepted_per_s: float
    delivered_per_s: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None
    half_per_s: float | None = None
    half_p50_ms: float | None = None
    half_p99_ms: float | None = None
    half_max_ms: float | None = None
    cpu_us: float | None = None
    database_cpu_us: float | None = None
    peak_mib: float | None = None
    disk_bytes: float | None = None
    log_bytes: float | None = None
    messages_per_commit: float | None = None
    load_cpu_us: float | None = None
    carrier_cpu_us: float | None = None
    undelivered: int = 0
    twice: int = 0
    refused: int = 0
    lost: int = 0
    late: int = 0

    @property
    def clean(self) -> bool:
        return not (self.undelivered or self.twice or self.refused or self.lost or self.late)


class Report(msgspec.Struct, frozen=True):
    """cold_ms: from the start of the process to the answer to its first message, that message being on disk.

    missing: who could not be measured here, and why. date: of the measurement. command: what gives it again.
    """

    machine: Machine
    rounds: int
    seconds: float
    connections: int
    runs: list[Run]
    cold_ms: dict[str, list[float]]
    names: list[str] = []
    missing: dict[str, str] = {}
    date: str = ""
    command: str = ""

    @property
    def clean(self) -> bool:
        """Whether every message was accepted at the first call, and delivered once."""
        return all(run.clean for run in self.runs)

    def values(self, name: str, figure: str) -> dict[int, float]:
        """One figure of one server, by round."""
        if figure == COLD:
            return dict(enumerate(self.cold_ms.get(name, [])))
        found = {run.round: getattr(run, figure) for run in self.runs if run.name == name}
        return {number: value for number, value in found.items() if value is not None}

    def span(self, name: str, figure: str) -> Span | None:
        """None where nobody could take it."""
        return span([*self.values(name, figure).values()])

    def ratio(self, name: str, over: str | None, figure: str) -> Span | None:
        """Pair by pair: what disturbs the machine in one round disturbs both halves of it."""
        below = self.values(over, figure) if over else {}
        above = self.values(name, figure)
        return span([above[number] / value for number, value in below.items() if value and number in above])


COLD: Final = "cold_ms"

MEASURES: Final[dict[str, str]] = {
    "accepted_per_s": "accepted/s",
    "delivered_per_s": "delivered/s",
    "p50_ms": "accept p50 ms",
    "p99_ms": "accept p99 ms",
    "half_per_s": "half load, messages/s",
    "half_p50_ms": "half load p50 ms",
    "half_p99_ms": "half load p99 ms",
    "cpu_us": "CPU us/message",
    "database_cpu_us": "PostgreSQL CPU us/message",
    "peak_mib": "peak RSS MiB",
    "disk_bytes": "left on disk, bytes/message",
    "log_bytes": "PostgreSQL's log, bytes/message",
    "messages_per_commit": "messages/commit",
    COLD: "cold start ms",
}
"""What a reader sees of a run, by the name of its field."""


def span(values: Sequence[float]) -> Span | None:
    return (min(values), median(values), max(values)) if values else None


def ceiling(name: str) -> str | None:
    """The bare loop that does the same steps on the same store."""
    what, _, where = name.partition(" ")
    return f"bare {where}" if what == "posthouse" else None


class Goal(msgspec.Struct, frozen=True):
    """What must hold for the median of a figure of one server: at least a share of another's, or at most a value."""

    name: str
    figure: str
    over: str | None = None
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        aim = f"at most {self.most:g}" if self.least is None else f"at least {self.least:g} x {self.over}"
        return f"{self.name}, {MEASURES[self.figure]}: {aim}"


class Verdict(msgspec.Struct, frozen=True):
    goal: Goal
    seen: float

    @property
    def met(self) -> bool:
        goal = self.goal
        return (goal.most is None or self.seen <= goal.most) and (goal.least is None or self.seen >= goal.least)


ONE: Final = "posthouse sqlite"
TWO: Final = "posthouse postgresql 2"
GOALS: Final = (
    Goal(ONE, "delivered_per_s", over="bare sqlite", least=0.5),
    Goal(TWO, "delivered_per_s", over="bare postgresql 2", least=0.5),
    Goal(ONE, "delivered_per_s", over=POSTFIX, least=6),
    Goal(TWO, "delivered_per_s", over=POSTFIX, least=6),
    Goal(ONE, "half_p99_ms", most=25),
    Goal(TWO, "half_p99_ms", most=25),
    Goal(ONE, "cpu_us", most=250),
    Goal(TWO, "cpu_us", most=250),
    Goal(ONE, "p99_ms", most=60),
    Goal(ONE, "peak_mib", most=120),
    Goal(ONE, COLD, most=600),
)


def verdicts(report: Report) -> Iterator[Verdict]:
    """The goals that there is something to judge by."""
    for goal in GOALS:
        seen = report.ratio(goal.name, goal.over, goal.figure) if goal.over else report.span(goal.name, goal.figure)
        if seen is not None:
            yield Verdict(goal, seen[1])


def conditions(report: Report) -> str:
    """How it was measured, in one sentence."""
    return (
        f"{report.rounds} x {report.seconds:g} s each in turns, {report.connections} connections, closed loop, then as"
        " long at half of that in an open loop; load generator and provider on the same machine, loopback,"
        " 1.4 KB messages"
    )


def faults(report: Report) -> Iterator[str]:
    """What no good run has, a line each."""
    for run in report.runs:
        wrong = {
            "undelivered": run.undelivered,
            "twice": run.twice,
            "refused": run.refused,
            "lost": run.lost,
            "too late to be sent": run.late,
        }
        if not run.clean:
            yield f"round {run.round}, {run.name}: " + ", ".join(f"{n} {what}" for what, n in wrong.items() if n)
