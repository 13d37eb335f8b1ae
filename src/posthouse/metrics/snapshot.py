"""What one process has counted and sees, at one moment: a plain value, and how those of several become one. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from posthouse.metrics.described import NAMED, Among

Labels = tuple[str, ...]
"""The values of a metric's labels, in the order of its description."""

Numbers = dict[Labels, float]


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """How values spread: so many in each bucket, not added up; and the sum of the values."""

    counts: tuple[int, ...]
    total: float

    def __add__(self, other: "Spread") -> "Spread":
        counts = tuple(mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True))
        return Spread(counts, self.total + other.total)


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """One process, or several merged. at: when (epoch seconds). Metric → labels → value; what is unknown is not there.

    It travels between processes as MessagePack: `msgspec.msgpack`.
    """

    at: float
    numbers: dict[str, Numbers] = {}
    spreads: dict[str, dict[Labels, Spread]] = {}


NOTHING = Snapshot(0.0)


def merged(snapshots: Sequence[Snapshot]) -> Snapshot:
    """All of them as one, in whatever order they come; `described` says of each metric how."""
    spreads: dict[str, dict[Labels, Spread]] = {}
    for snapshot in snapshots:
        for name, found in snapshot.spreads.items():
            known = spreads.setdefault(name, {})
            for labels, spread in found.items():
                known[labels] = known[labels] + spread if labels in known else spread
    names = dict.fromkeys(name for snapshot in snapshots for name in snapshot.numbers)
    return Snapshot(
        at=max((snapshot.at for snapshot in snapshots), default=NOTHING.at),
        numbers={name: _together(NAMED[name].among, name, snapshots) for name in names},
        spreads=spreads,
    )


def lasting(snapshot: Snapshot) -> Snapshot:
    """What remains true when the process is gone: what it counted. Without it sums would fall when a process ends."""
    counted = {name: found for name, found in snapshot.numbers.items() if NAMED[name].kind == "counter"}
    return Snapshot(snapshot.at, counted, snapshot.spreads)


def _together(among: Among, name: str, snapshots: Iterable[Snapshot]) -> Numbers:
    holding = [snapshot for snapshot in snapshots if name in snapshot.numbers]
    if among == "newest":
        newest = max(snapshot.at for snapshot in holding)
        holding = [snapshot for snapshot in holding if snapshot.at == newest]
    numbers: Numbers = {}
    for snapshot in holding:
        for labels, value in snapshot.numbers[name].items():
            known = numbers.get(labels)
            if known is None:
                numbers[labels] = value
            elif among == "sum":
                numbers[labels] = known + value
            else:
                numbers[labels] = min(known, value) if among == "least" else max(known, value)
    return numbers
