"""What a run of the fault tests has counted: a line for each fault, shown in the summary whether it passed or not."""

from collections.abc import Iterable
from typing import Final

import msgspec

from tests.faults.auditor import Audit

FIGURES: Final = ("rounds", "answered", "lost", "doubled", "marked", "in flight")


class Line(msgspec.Struct, frozen=True):
    """rounds: how often it was done. in_flight: attempts that were open then: so many may be marked. more: in words."""

    fault: str
    rounds: int
    answered: int | None = None
    lost: int | None = None
    doubled: int | None = None
    marked: int | None = None
    in_flight: int | None = None
    more: str = ""

    @classmethod
    def of(cls, fault: str, rounds: int, found: Audit, in_flight: int | None = None, more: str = "") -> "Line":
        return cls(fault, rounds, found.accepted, found.lost, found.duplicates, found.marked, in_flight, more)

    @property
    def figures(self) -> list[str]:
        found = (self.rounds, self.answered, self.lost, self.doubled, self.marked, self.in_flight)
        return ["" if figure is None else f"{figure:,}" for figure in found]


def table(lines: Iterable[Line]) -> list[str]:
    """The lines, one below the other, under the names of their figures."""
    rows = list(lines)
    wide = max((len(line.fault) for line in rows), default=0)
    head = f"{'fault':{wide}}" + "".join(f"{name:>10}" for name in FIGURES)
    return [
        head,
        *(f"{row.fault:{wide}}" + "".join(f"{f:>10}" for f in row.figures) + f"  {row.more}".rstrip() for row in rows),
    ]
