"""Who carries this message next: one pure decision, with a reason for every provider not chosen."""

from typing import TYPE_CHECKING, Literal

import msgspec

from posthouse.routing.capability import Can
from posthouse.routing.rank import rank

if TYPE_CHECKING:
    from posthouse.routing.board import Board, Standing
    from posthouse.routing.rules import Candidate, Job

PassedOver = tuple[tuple[str, str], ...]
"""Pairs of provider and why it was not chosen: first what cannot or may not now, in the order of the configuration."""

BUSY_S = 0.25
"""How long a message waits for a place at a provider that has as many sends on their way as it may."""

OFF_S = 30.0
"""How long a message waits for a provider that is switched off before it asks again."""


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
        until, why = unready(candidate, standing, now, traffic=rules.breaker.traffic)
        if why is not None:
            passed_over.append((candidate.name, why))
            waits.append(until)
        else:
            available.append((candidate, standing))
    if available:
        chosen, *others = rank(job, available, rules.strategy, now)
        passed_over += [(other.name, "comes after " + chosen.name) for other in others]
        if board.standing(chosen.name).in_flight < chosen.concurrency:
            return Send(chosen, tuple(passed_over))
        # A burst waits for its place: it does not spill to a provider that comes after in order or in cost.
        passed_over.append((chosen.name, "busy: as many sends on their way as it may have"))
        waits = [now + BUSY_S]
    if waits:
        return Wait(min(*waits, job.ends_at), tuple(passed_over))
    return Fail("failed", "no provider of the pool can carry it: " + told(passed_over), tuple(passed_over))


def cannot(job: "Job", candidate: "Candidate") -> str | None:
    """Why this provider will never carry this message; None where it could."""
    if job.provider is not None and job.provider != candidate.name:
        return f"the message asks for {job.provider}"
    if candidate.reserved and job.provider is None:
        return "carries only what asks for it"
    if job.course.again not in (None, candidate.name):
        return f"an attempt at {job.course.again} ended in doubt and is to be repeated there"
    if job.require_tags and not job.require_tags <= candidate.tags:
        return "lacks the tag " + ", ".join(sorted(job.require_tags - candidate.tags))
    lacking = job.needs & ~candidate.can
    if lacking:
        return "cannot carry " + ", ".join(Can(lacking).names())
    if job.size > candidate.max_bytes:
        return f"too large: {job.size} bytes, it takes {candidate.max_bytes}"
    if job.recipients > candidate.max_recipients:
        return f"too many recipients: {job.recipients}, it takes {candidate.max_recipients}"
    if candidate.name in job.course.refused:
        return "refused this message"
    return None


def unready(candidate: "Candidate", standing: "Standing", now: float, *, traffic: bool) -> tuple[float, str | None]:
    """(until, why) this provider carries nothing at the moment; why is None where it would."""
    if not candidate.enabled:
        return now + OFF_S, "switched off"
    circuit = standing.circuit
    if circuit.opened_at is not None and not (traffic and circuit.may_probe(now)):
        return max(circuit.probe_at, now + BUSY_S), "its circuit is open"
    ready_at = standing.tempo.ready_at
    if ready_at > now:
        return ready_at, "its pace leaves no room"
    return now, None


def ready(candidate: "Candidate", board: "Board", now: float) -> bool:
    """Whether this provider would carry something at this moment."""
    return unready(candidate, board.standing(candidate.name), now, traffic=board.rules.breaker.traffic)[1] is None


def told(passed_over: "list[tuple[str, str]] | PassedOver") -> str:
    """The reasons in one line, for a person."""
    return "; ".join(f"{provider}: {why}" for provider, why in passed_over)
