"""Who carries this message next: one pure decision, with a reason for every provider not chosen."""

from typing import TYPE_CHECKING, Literal

import msgspec

from posthouse.routing.filters import BUSY_S, OFF_S, busy, cannot, unready
from posthouse.routing.rank import rank
from posthouse.routing.trust import doubt

if TYPE_CHECKING:
    from posthouse.routing.board import Board, Standing
    from posthouse.routing.rules import Candidate, Job

PassedOver = tuple[tuple[str, str], ...]
"""Pairs of provider and why it was not chosen: first what cannot or may not now, in the order of the configuration."""


class Send(msgspec.Struct, frozen=True):
    """Through this provider, now."""

    candidate: "Candidate"
    passed_over: PassedOver = ()


class Wait(msgspec.Struct, frozen=True):
    """Nobody may carry it now; ask again at `until` (seconds since the epoch)."""

    until: float
    passed_over: PassedOver = ()


class Fail(msgspec.Struct, frozen=True):
    """Nobody will ever carry it."""

    status: Literal["failed", "expired"]
    reason: str
    passed_over: PassedOver = ()


Decision = Send | Wait | Fail


def decide(job: "Job", board: "Board", now: float) -> Decision:
    """The next step of a message: Send, Wait or Fail. Same inputs, same answer."""
    if job.expires_at is not None and now >= job.expires_at:
        return Fail("expired", "its time ran out before a provider accepted it")
    if now >= job.give_up_at:
        return Fail("failed", "no provider accepted it in the time the pool allows for retries")
    rules = board.rules
    available: list[tuple[Candidate, Standing]] = []
    passed_over: list[tuple[str, str]] = []
    waits = [] if rules.candidates else [now + OFF_S]
    for candidate in rules.candidates:
        why = cannot(job, candidate)
        if why is not None:
            passed_over.append((candidate.name, why))
            continue
        standing = board.standing(candidate.name)
        objection = unready(job, candidate, standing, board, now)
        if objection is not None:
            waits.append(objection[0])
            passed_over.append((candidate.name, objection[1]))
        else:
            available.append((candidate, standing))
    if available:
        chosen, *others = rank(job, available, rules, now)
        passed_over += [(other.name, _after(other, chosen, job, board, now)) for other in others]
        why = busy(chosen, board.standing(chosen.name))
        if why is None:
            return Send(chosen, tuple(passed_over))
        # A burst waits for its place: it does not spill to a provider that comes after in order or in cost.
        passed_over.append((chosen.name, why))
        waits = [now + BUSY_S]
    if waits:
        return Wait(min(*waits, job.ends_at), tuple(passed_over))
    return Fail("failed", "no provider of the pool can carry it: " + told(passed_over), tuple(passed_over))


def _after(other: "Candidate", chosen: "Candidate", job: "Job", board: "Board", now: float) -> str:
    """Why one that could carry it was not chosen."""
    why = doubt(board.standing(other.name).trust, board.rules.breaker, now, job.id, other.name)
    return f"comes after {chosen.name}" if why is None else f"{why}, comes after {chosen.name}"


def told(passed_over: "list[tuple[str, str]] | PassedOver") -> str:
    """The reasons in one line, for a person."""
    return "; ".join(f"{provider}: {why}" for provider, why in passed_over)
