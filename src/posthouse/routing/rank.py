"""The order in which the providers left for a message are asked: strategies as (tier, weight), one ranking for all.

A smaller tier goes first. Inside a tier, weighted rendezvous hashing: the key −ln(h) / weight, smallest first,
where h in (0, 1) is a hash of message and provider. Each provider wins its share of messages, the same message
gets the same order everywhere and after every restart, and taking a provider away moves only its own messages.
"""

from hashlib import blake2b
from math import log
from typing import TYPE_CHECKING, assert_never

from posthouse.routing.score import REFERENCE, score
from posthouse.routing.trust import TRUSTED, doubt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from posthouse.routing.board import Standing
    from posthouse.routing.rules import Candidate, Job, Rules, ScoreRules, Strategy

Key = tuple[bool, bool, float, float, str]


def rank(
    job: "Job", available: "Iterable[tuple[Candidate, Standing]]", rules: "Rules", now: float
) -> "list[Candidate]":
    """The candidates, best first.

    One that this round has tried already comes after all that it has not, since a second attempt is to be at another
    provider; then one that is distrusted comes after all that are not, whatever the strategy says.
    """
    tried = job.course.tried

    def key(entry: "tuple[Candidate, Standing]") -> Key:
        candidate, standing = entry
        name = candidate.name
        trust = standing.trust
        doubted = trust is not TRUSTED and doubt(trust, rules.breaker, now, job.id, name) is not None
        tier, weight = place(candidate, standing, rules.strategy, now, rules.scoring)
        return (name in tried, doubted, tier, lot(job.id, name, weight), name)

    entries = list(available)
    if len(entries) > 1:
        entries.sort(key=key)
    return [candidate for candidate, _ in entries]


def place(
    candidate: "Candidate", standing: "Standing", strategy: "Strategy", now: float, scoring: "ScoreRules" = REFERENCE
) -> tuple[float, float]:
    """(tier, weight) of a candidate under a strategy."""
    match strategy:
        case "priority":
            return candidate.order, 1.0
        case "weighted":
            # Weight 0 is a spare: it carries nothing while one with a share is left.
            return (0.0, candidate.weight) if candidate.weight > 0 else (1.0, 1.0)
        case "score":
            return -score(standing.health, candidate.score, now, scoring), 1.0
        case _:
            assert_never(strategy)


def lot(message_id: str, provider: str, weight: float) -> float:
    """The rendezvous key of a message at a provider; weight above 0."""
    digest = blake2b(f"{message_id}\0{provider}".encode(), digest_size=8).digest()
    return -log((int.from_bytes(digest, "big") + 0.5) / 2.0**64) / weight
