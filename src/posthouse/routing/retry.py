"""What becomes of a message after an attempt: done, another provider now, later, in doubt, or over."""

from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, assert_never

import msgspec

from posthouse.mail.event import EventType, Status
from posthouse.routing.filters import cannot, ready
from posthouse.routing.outcome import DEFERRED_RECIPIENT, Accepted, Outcome, consequence
from posthouse.routing.rules import START, Course

if TYPE_CHECKING:
    from posthouse.routing.board import Board
    from posthouse.routing.rules import Job, RetryRules

JITTER = 0.2
"""Backoff is stretched by up to this share, by a hash of the message: a burst that failed together spreads out."""

LAST_S = 1.0
"""So long before it expires a message gets one last try, where its backoff would have been longer than its time."""


class Happening(msgspec.Struct, frozen=True):
    """An event to be recorded with the attempt. recipient: for which one, None for all of them."""

    type: EventType
    detail: str | None = None
    recipient: str | None = None


class Next(msgspec.Struct, frozen=True):
    """The new state of a message. due_at: when to try again, None when it is over (seconds since the epoch).

    owed: the recipients still to be served, where this attempt made them fewer; None: as before.
    """

    status: Status
    due_at: float | None = None
    course: Course = START
    owed: tuple[str, ...] | None = None
    events: tuple[Happening, ...] = ()


SENT = Next("sent", events=(Happening("sent"),))


def after(job: "Job", provider: str, outcome: Outcome, board: "Board", now: float) -> Next:
    """The consequence of one attempt for its message, by the table in `outcome`. `board` has seen the attempt."""
    if isinstance(outcome, Accepted):
        return SENT if not outcome.unserved else _partly(job, outcome, board.rules.retry, now)
    meaning, course = consequence(outcome), job.course
    match meaning.message:
        case "final":
            return over(job, "failed", outcome.detail)
        case "doubt":
            return _doubted(job, provider, outcome, board, now)
        case "elsewhere" if not meaning.counts:
            return Next("queued", now, course)
        case "elsewhere" if meaning is DEFERRED_RECIPIENT:
            # Greylisting knows the sender's address: the same provider later, not another one now.
            return _later(job, course, outcome, board.rules.retry, now)
        case "elsewhere":
            if meaning.kind == "refused":
                course = msgspec.structs.replace(course, refused=(*course.refused, provider))
            return _elsewhere(job, course, provider, outcome, board, now)
        case "sent":  # only Accepted means sent, and it is answered above
            return SENT
        case _:
            assert_never(meaning.message)


def over(job: "Job", status: Literal["failed", "expired"], reason: str | None) -> Next:
    """The end of a message that goes to nobody more.

    `held` instead, where an earlier attempt left a doubt that it may have been sent; `sent`, where some
    recipients have it: those still owed have bounced.
    """
    course = job.course
    if course.served:
        return Next("sent", None, course, events=(Happening("bounced", f"not sent to those still owed: {reason}"),))
    if course.doubt:
        held = Happening(
            "held", f"it may have been sent: an earlier attempt ended in doubt; then it {status}: {reason}"
        )
        return Next("held", None, course, events=(held,))
    return Next(status, None, course, events=(Happening(status, reason),))


def backoff(retry: "RetryRules", message_id: str, round_no: int) -> float:
    """Seconds between round `round_no` (from 0) and the next; the jitter is derived from the message, not drawn."""
    seconds = min(retry.max_s, retry.first_s * retry.factor ** min(round_no, 64))
    draw = blake2b(f"{message_id}\0{round_no}".encode(), digest_size=4).digest()
    return seconds * (1.0 + JITTER * int.from_bytes(draw, "big") / 2.0**32)


def _elsewhere(job: "Job", course: Course, provider: str, outcome: Outcome, board: "Board", now: float) -> Next:
    """Another provider now while this round has a ready one left; the next round later; over when none is able.

    Where the pool has none at all (it was taken out of the configuration meanwhile) the message waits, as all of it do.
    """
    rules, job = board.rules, msgspec.structs.replace(job, course=course)
    able = [candidate for candidate in rules.candidates if cannot(job, candidate) is None]
    if not able and rules.candidates:
        return over(job, "failed", outcome.detail)
    tried = course.tried if provider in course.tried else (*course.tried, provider)
    if rules.failover is None or len(tried) < rules.failover:
        for candidate in able:
            if candidate.name not in tried and ready(candidate, board, now, job):
                course = msgspec.structs.replace(course, tried=tried)
                return Next("queued", now, course, events=(Happening("deferred", outcome.detail),))
    return _later(job, course, outcome, rules.retry, now)


def _later(job: "Job", course: Course, outcome: Outcome, retry: "RetryRules", now: float) -> Next:
    """The next round, after its backoff; over where the message's time ends before it."""
    job = msgspec.structs.replace(job, course=course)
    due_at = _due(job, retry, now)
    if job.expires_at is not None and due_at >= job.expires_at:
        return over(job, "expired", outcome.detail)
    if due_at >= job.give_up_at:
        return over(job, "failed", outcome.detail)
    course = msgspec.structs.replace(course, round=course.round + 1, tried=())
    return Next("queued", due_at, course, events=(Happening("deferred", outcome.detail),))


def _due(job: "Job", retry: "RetryRules", now: float) -> float:
    """When the next round comes: after its backoff, or a last one just before the message expires."""
    due_at = now + backoff(retry, job.id, job.course.round)
    if job.expires_at is not None and due_at >= job.expires_at:
        last_at = job.expires_at - LAST_S
        if last_at > now + retry.first_s:
            return last_at
    return due_at


def _doubted(job: "Job", provider: str, outcome: Outcome, board: "Board", now: float) -> Next:
    """No answer came: by policy sent elsewhere (and marked), repeated where it was, or held."""
    course = msgspec.structs.replace(job.course, doubt=True)
    policy = job.on_unsure or board.rules.on_unsure
    match policy:
        case "hold":
            return Next("held", None, course, events=(Happening("held", outcome.detail),))
        case "retry_same":
            return _later(job, msgspec.structs.replace(course, again=provider), outcome, board.rules.retry, now)
        case "failover":
            return _elsewhere(job, course, provider, outcome, board, now)
        case _:
            assert_never(policy)


def _partly(job: "Job", accepted: Accepted, retry: "RetryRules", now: float) -> Next:
    """Accepted for some recipients: those refused for good bounce, those put off are still owed and tried again."""
    sent = Happening("sent")
    bounced = tuple(Happening("bounced", r.detail, r.email) for r in accepted.unserved if r.permanent)
    put_off = tuple(r for r in accepted.unserved if not r.permanent)
    due_at = _due(job, retry, now)
    if not put_off or due_at >= job.ends_at:
        bounced += tuple(Happening("bounced", r.detail, r.email) for r in put_off)
        return Next("sent", None, job.course, events=(sent, *bounced))
    deferred = tuple(Happening("deferred", r.detail, r.email) for r in put_off)
    course = msgspec.structs.replace(job.course, round=job.course.round + 1, tried=(), served=True)
    return Next("queued", due_at, course, tuple(r.email for r in put_off), (sent, *bounced, *deferred))
