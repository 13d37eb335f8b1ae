"""What may stand between a message and a provider: one rule a function, each said once.

`decide` takes the first objection, `explain` lists them all. LASTING rules hold for this message for ever; MOMENTARY
ones pass with time, and say until when. Where no message is given, they answer for the best that could come.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from posthouse.routing import quota, ramp
from posthouse.routing.capability import Can
from posthouse.routing.rules import START

if TYPE_CHECKING:
    from posthouse.routing.board import Board, Standing
    from posthouse.routing.rules import Candidate, Job

Objection = tuple[float, str]
"""(until, why) a provider carries nothing at the moment."""

BUSY_S = 0.25
"""How long a message waits for a place at a provider that has as many sends on their way as it may."""

HELD_S = 5.0
"""How long a message waits for a provider that is paused or drained before it asks again."""

OFF_S = 30.0
"""How long a message waits for a provider that is switched off before it asks again."""


def cannot(job: "Job", candidate: "Candidate") -> str | None:
    """Why this provider will never carry this message; None where it could."""
    asks = job.provider is not None or job.require_tags or job.course is not START
    for _, rule in LASTING if asks else FOR_ALL:
        why = rule(job, candidate)
        if why is not None:
            return why
    return None


def unready(
    job: "Job | None", candidate: "Candidate", standing: "Standing", board: "Board", now: float
) -> Objection | None:
    """The first objection that will pass; None where the provider would carry it at this moment."""
    for _, rule in MOMENTARY:
        objection = rule(job, candidate, standing, board, now)
        if objection is not None:
            return objection
    return None


def ready(candidate: "Candidate", board: "Board", now: float, job: "Job | None" = None) -> bool:
    """Whether this provider would carry that message at this moment; without one, whether any there might be."""
    return unready(job, candidate, board.standing(candidate.name), board, now) is None


def busy(candidate: "Candidate", standing: "Standing") -> str | None:
    """Why the provider that a message falls to has no place for it now."""
    if standing.in_flight < candidate.concurrency:
        return None
    return "busy: as many sends on their way as it may have"


def _pinned(job: "Job", candidate: "Candidate") -> str | None:
    if job.provider is not None and job.provider != candidate.name:
        return f"the message asks for {job.provider}"
    return None


def _reserved(job: "Job", candidate: "Candidate") -> str | None:
    return "carries only what asks for it" if candidate.reserved and job.provider is None else None


def _doubt(job: "Job", candidate: "Candidate") -> str | None:
    again = job.course.again
    if again is not None and again != candidate.name:
        return f"an attempt at {again} ended in doubt and is to be repeated there"
    return None


def _tags(job: "Job", candidate: "Candidate") -> str | None:
    if job.require_tags and not job.require_tags <= candidate.tags:
        return "lacks the tag " + ", ".join(sorted(job.require_tags - candidate.tags))
    return None


def _features(job: "Job", candidate: "Candidate") -> str | None:
    lacking = job.needs & ~candidate.can
    return "cannot carry " + ", ".join(Can(lacking).names()) if lacking else None


def _size(job: "Job", candidate: "Candidate") -> str | None:
    if job.size > candidate.max_bytes:
        return f"too large: {job.size} bytes, it takes {candidate.max_bytes}"
    return None


def _recipients(job: "Job", candidate: "Candidate") -> str | None:
    if job.recipients > candidate.max_recipients:
        return f"too many recipients: {job.recipients}, it takes {candidate.max_recipients}"
    return None


def _refused(job: "Job", candidate: "Candidate") -> str | None:
    return "refused this message" if candidate.name in job.course.refused else None


LASTING: Final[tuple[tuple[str, "Callable[[Job, Candidate], str | None]"], ...]] = (
    ("pinned", _pinned),
    ("reserved", _reserved),
    ("doubt", _doubt),
    ("tags", _tags),
    ("features", _features),
    ("size", _size),
    ("recipients", _recipients),
    ("refused", _refused),
)

FOR_ALL: Final = tuple([one for one in LASTING if one[0] in ("reserved", "features", "size", "recipients")])
"""Those of them that stand between a provider and a message that asks for nothing, and was never tried."""


def _enabled(
    _job: "Job | None", candidate: "Candidate", _standing: "Standing", _board: "Board", now: float
) -> Objection | None:
    return None if candidate.enabled else (now + OFF_S, "switched off")


def _elsewhere(
    _job: "Job | None", candidate: "Candidate", _standing: "Standing", _board: "Board", now: float
) -> Objection | None:
    return (now + HELD_S, "other processes have all of its limit") if candidate.elsewhere else None


def _switch(
    job: "Job | None", candidate: "Candidate", _standing: "Standing", board: "Board", now: float
) -> Objection | None:
    switch = board.switches.get(candidate.name)
    if switch is None or switch.held == "no":
        return None
    if switch.held == "drain" and (job is None or candidate.name in (job.provider, job.course.again)):
        return None
    return now + HELD_S, switch.told()


def _circuit(
    _job: "Job | None", _candidate: "Candidate", standing: "Standing", board: "Board", now: float
) -> Objection | None:
    circuit = standing.circuit
    if circuit.opened_at is None or (board.rules.breaker.traffic and circuit.may_probe(now)):
        return None
    why = "its circuit is open" if circuit.why is None else "its circuit is open: " + circuit.why
    return max(circuit.probe_at, now + BUSY_S), why


def _ramp(
    job: "Job | None", candidate: "Candidate", standing: "Standing", board: "Board", now: float
) -> Objection | None:
    since, rules = standing.circuit.closed_at, board.rules.breaker
    if job is None or not ramp.ramping(since, rules, now):
        return None
    at = ramp.admitted_at(since, rules, job.id, candidate.name)
    return None if at <= now else (at, "its circuit has just closed, and its share of messages grows step by step")


def _quota(
    _job: "Job | None", candidate: "Candidate", standing: "Standing", _board: "Board", now: float
) -> Objection | None:
    if candidate.daily is None and candidate.monthly is None:
        return None
    if 0 not in quota.left(candidate, standing.spent, standing.in_flight, now):
        return None
    return quota.used_up(candidate, standing.spent, now) or (now + BUSY_S, "what is left of its quota is on its way")


def _pace(
    _job: "Job | None", _candidate: "Candidate", standing: "Standing", _board: "Board", now: float
) -> Objection | None:
    ready_at = standing.tempo.ready_at
    return (ready_at, "its pace leaves no room") if ready_at > now else None


MOMENTARY: Final[
    tuple[tuple[str, "Callable[[Job | None, Candidate, Standing, Board, float], Objection | None]"], ...]
] = (
    ("enabled", _enabled),
    ("elsewhere", _elsewhere),
    ("switch", _switch),
    ("circuit", _circuit),
    ("ramp", _ramp),
    ("quota", _quota),
    ("pace", _pace),
)
