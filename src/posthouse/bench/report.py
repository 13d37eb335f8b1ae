"""What was measured, as values and as a table: least, median and greatest of the runs, and Posthouse over bare."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final, Literal

import apsw
import msgspec
from rich.box import SIMPLE
from rich.table import Table

Name = Literal["bare", "posthouse"]


class Run(msgspec.Struct, frozen=True):
    """One load on one server, until everything it accepted was delivered.

    delivered_per_s: accepted messages over the time from the first message to the last one recorded as delivered.
    undelivered: accepted and not recorded as delivered when patience ran out. twice: what the carrier took more
    than was accepted. refused: answers other than 202. lost: no answer. cpu_us: of the server, a message.
    """

    name: Name
    round: int
    accepted: int
    accepted_per_s: float
    delivered_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_us: float | None = None
    peak_mib: float | None = None
    messages_per_commit: float | None = None
    load_cpu_us: float | None = None
    carrier_cpu_us: float | None = None
    undelivered: int = 0
    twice: int = 0
    refused: int = 0
    lost: int = 0

    @property
    def clean(self) -> bool:
        return not (self.undelivered or self.twice or self.refused or self.lost)


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured. filesystem: of the directory the stores were in; a `tmpfs` makes fsync free."""

    cores: int
    python: str
    sqlite: str
    system: str
    filesystem: str

    def __str__(self) -> str:
        cores = f"{self.cores} core{'s' * (self.cores != 1)}"
        return f"{cores}, {self.system}, Python {self.python}, SQLite {self.sqlite}, store on {self.filesystem}"


class Report(msgspec.Struct, frozen=True):
    """cold_ms: from the start of the process to the answer to its first message, that message being on disk."""

    machine: Machine
    rounds: int
    seconds: float
    connections: int
    runs: list[Run]
    cold_ms: dict[Name, list[float]]

    @property
    def clean(self) -> bool:
        """Whether every message was accepted at the first call, and delivered once."""
        return all(run.clean for run in self.runs)

    def of(self, name: Name) -> list[Run]:
        return [run for run in self.runs if run.name == name]


class Goal(msgspec.Struct, frozen=True):
    """What is asked of Posthouse: at least this share of the bare loop, or at most this much."""

    least_ratio: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        return f">= {self.least_ratio:g}x" if self.most is None else f"<= {self.most:g}"

    def met(self, value: float, ratio: float | None) -> bool | None:
        """Judged by the medians; None where there is nothing to compare with."""
        if self.most is not None:
            return value <= self.most
        return None if ratio is None or self.least_ratio is None else ratio >= self.least_ratio


class Row(msgspec.Struct, frozen=True):
    """One measure: its least, median and greatest by server, Posthouse over bare pair by pair, and the goal."""

    title: str
    spans: dict[Name, tuple[float, float, float]]
    ratio: tuple[float, float, float] | None
    goal: Goal | None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing to judge by."""
        if self.goal is None or "posthouse" not in self.spans:
            return None
        return self.goal.met(self.spans["posthouse"][1], self.ratio[1] if self.ratio else None)


MEASURES: Final[tuple[tuple[str, Callable[[Run], float | None], Goal | None], ...]] = (
    ("accepted/s", lambda run: run.accepted_per_s, Goal(least_ratio=0.5)),
    ("delivered/s", lambda run: run.delivered_per_s, Goal(least_ratio=0.5)),
    ("accept p50 ms", lambda run: run.p50_ms, None),
    ("accept p99 ms", lambda run: run.p99_ms, Goal(most=60)),
    ("CPU us/message", lambda run: run.cpu_us, None),
    ("peak RSS MiB", lambda run: run.peak_mib, Goal(most=120)),
    ("messages/commit", lambda run: run.messages_per_commit, None),
)
COLD: Final = "cold start ms"


def span(values: Sequence[float]) -> tuple[float, float, float]:
    """Least, median, greatest."""
    return min(values), median(values), max(values)


def rows(report: Report) -> Iterator[Row]:
    """The table, measure by measure; one that nobody could take is left out."""
    for title, figure, goal in MEASURES:
        found: dict[Name, dict[int, float]] = {"bare": {}, "posthouse": {}}
        for run in report.runs:
            if (value := figure(run)) is not None:
                found[run.name][run.round] = value
        spans = {name: span([*values.values()]) for name, values in found.items() if values}
        # Pair by pair: what disturbs the machine in one round disturbs both halves of it.
        pairs = [found["posthouse"][i] / bare for i, bare in found["bare"].items() if bare and i in found["posthouse"]]
        if spans:
            yield Row(title, spans, span(pairs) if pairs else None, goal)
    cold = {name: span(values) for name, values in report.cold_ms.items() if values}
    if cold:
        yield Row(COLD, cold, None, Goal(most=600))


def number(value: float) -> str:
    """Three digits where it is small, whole where it is not."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdict(row: Row) -> str:
    """The goal, and whether it is met."""
    if row.goal is None:
        return ""
    return str(row.goal) if row.met is None else f"{row.goal} {'met' if row.met else 'missed'}"


def table(report: Report) -> Table:
    """For a terminal of 80 columns; of the ratio, the median."""
    shown = Table(
        title=str(report.machine), caption=conditions(report), title_justify="left", caption_justify="left", box=SIMPLE
    )
    shown.add_column("min/median/max")
    for column in ("bare", "posthouse", "ratio", "goal"):
        shown.add_column(column, justify="right")
    for row in rows(report):
        cells = ["/".join(map(number, row.spans[name])) if name in row.spans else "-" for name in ("bare", "posthouse")]
        ratio = number(row.ratio[1]) if row.ratio else ""
        style = {True: "green", False: "red", None: ""}[row.met]
        shown.add_row(row.title, *cells, ratio, f"[{style}]{verdict(row)}[/]" if style else verdict(row))
    return shown


def lines(report: Report) -> Iterator[str]:
    """For a pipe: the same, one measure a line, tabs between."""
    yield str(report.machine)
    yield conditions(report)
    for row in rows(report):
        parts = [row.title, *(f"{name} {'/'.join(map(number, span))}" for name, span in row.spans.items())]
        if row.ratio:
            parts.append(f"ratio {'/'.join(map(number, row.ratio))}")
        yield "\t".join([*parts, verdict(row)]).rstrip()


def conditions(report: Report) -> str:
    """How it was measured, in one sentence."""
    return (
        f"{report.rounds} x {report.seconds:g} s each in turns, {report.connections} connections, closed loop,"
        " load generator and provider on the same machine, loopback, 1.4 KB messages"
    )


def faults(report: Report) -> Iterator[str]:
    """What no good run has, a line each."""
    for run in report.runs:
        wrong = {"undelivered": run.undelivered, "twice": run.twice, "refused": run.refused, "lost": run.lost}
        if not run.clean:
            yield f"round {run.round}, {run.name}: " + ", ".join(f"{n} {what}" for what, n in wrong.items() if n)


def machine(directory: Path) -> Machine:
    """This one."""
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        python=platform.python_version(),
        sqlite=apsw.sqlite_lib_version(),
        system=f"{platform.system()} {platform.release()}",
        filesystem=filesystem(directory),
    )


def filesystem(directory: Path) -> str:
    """The kind of file system a directory is on, by the longest mount point above it (proc_pid_mounts(5))."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return "an unknown file system"
    place = directory.resolve()
    above = [(len(mount[1]), mount[2]) for mount in mounts if place.is_relative_to(mount[1])]
    return max(above)[1] if above else "an unknown file system"
