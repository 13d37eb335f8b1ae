"""The part of a pool's limits that one of several processes keeps to, so that together they keep to the whole.

A rate is parted in whole sends: so no window ever holds more of all of them together than the rate. Stretching its time
instead would let all of them start at the same moment. A quota is not parted: one process carries for it alone, and
counts what it sends.
"""

import msgspec

from posthouse.routing.rules import Candidate, Rate, Rules


def shared(rules: Rules, count: int, place: int) -> Rules:
    """The rules of process number `place` (from 0) of `count`."""
    if count == 1:
        return rules
    return msgspec.structs.replace(
        rules, candidates=tuple(_shared(candidate, count, place) for candidate in rules.candidates)
    )


def _shared(candidate: Candidate, count: int, place: int) -> Candidate:
    if candidate.has_quota:
        return candidate if place == 0 else msgspec.structs.replace(candidate, elsewhere=True)
    if candidate.rate is None:
        return candidate
    sends = candidate.rate.count // count + (place < candidate.rate.count % count)
    if sends == 0:
        return msgspec.structs.replace(candidate, elsewhere=True)
    return msgspec.structs.replace(candidate, rate=Rate(sends, candidate.rate.per_s))
