"""Row ⇄ value."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from posthouse.mail.event import Status
from posthouse.routing.board import Fact
from posthouse.routing.rules import START, Course, Job
from posthouse.store.values import (
    AttemptRecord,
    Claim,
    Delay,
    Entry,
    EventRecord,
    Mismatch,
    Once,
    Receipt,
    Record,
    Result,
    Summary,
    Wanted,
    unpack,
)

Row = tuple[Any, ...]

ENDED: Final[frozenset[Status]] = frozenset(
    {"bounced", "complained", "failed", "expired", "cancelled", "held", "suppressed"}
)
"""The ends that have an index, for they are rare, and looked for: see `mark_ended`."""

SPOILT: Final = "what the store holds of it cannot be read any more"
"""Why a message failed that can be claimed, and not be read."""

UNSENT: Final = "it did not begin: the store could not say whether it was written down, and nothing was sent"

_json = msgspec.json.Encoder()
_summary = msgspec.json.Decoder(Summary)
_wanted = msgspec.json.Decoder(Wanted)
_course = msgspec.json.Decoder(Course)
_owed = msgspec.json.Decoder(tuple[str, ...])


def message_row(entry: Entry) -> Row:
    """For `add_message`."""
    begun = entry.begun
    return (
        entry.id,
        entry.pool,
        entry.status if begun is None else "sending",
        entry.lane,
        entry.class_name,
        entry.due_at if begun is None else None,
        entry.accepted_at,
        entry.expires_at,
        entry.give_up_at,
        entry.needs,
        len(entry.content),
        entry.recipients,
        _text(entry.wanted),
        _text(entry.summary),
        entry.resent_from,
        entry.caller,
        entry.trace,
        *((None, 0, 0, None) if begun is None else (begun.leased_until, 1, 1, begun.provider)),
    )


def attempt_rows(entries: Iterable[Entry]) -> list[Row]:
    """For `add_attempt`: of those whose first attempt is written down with them."""
    return [(e.id, 1, e.pool, e.begun.provider, 1, e.begun.at) for e in entries if e.begun is not None]


def state_row(result: Result) -> Row:
    """For `record`."""
    course = None if result.course == START else _text(result.course)
    return (result.id, result.status, result.due_at, course, _text(result.owed), result.provider_message_id)


def outcome_row(result: Result) -> Row:
    """For `close_attempt`."""
    fact = result.fact
    return (
        result.id,
        result.number,
        fact.at,
        result.outcome,
        result.status_code,
        result.detail,
        fact.health,
        fact.retry_after_s,
        fact.quota,
    )


def unsent_row(delay: Delay) -> Row:
    """For `close_attempt`: nothing is to be learnt from it."""
    return (delay.id, delay.unsent, delay.due_at, "deferred", None, UNSENT, 0, None, False)


def evidence_row(result: Result) -> Row:
    """For `evidence`."""
    return (result.id, result.number, f"{result.outcome}: {result.detail or result.status_code}")


def event_rows(result: Result) -> list[Row]:
    """For `add_event`."""
    at, provider = result.fact.at, result.fact.provider
    return [(result.id, at, event.type, provider, event.recipient, event.detail) for event in result.events]


def claim(row: Sequence[Any], content: bytes, leased_until: float, seen: int = 0) -> Claim | None:
    """From a row of `lease` up to the trace, and the content; None where a disk has spoilt any of it.

    seen: the number of its pool's newest suppression.
    """
    id_, pool, fence, attempts, accepted_at, give_up_at, expires_at, needs, size, recipients, *rest = row
    wanted, course, owed, told, trace = rest
    try:
        message, wish = unpack(content), wishes(wanted)
        still_owed = None if owed is None else _owed.decode(owed)
        taken = START if course is None else _course.decode(course)
    except msgspec.MsgspecError:
        return None
    job = Job(
        id=id_,
        pool=pool,
        give_up_at=give_up_at,
        needs=needs,
        size=size,
        recipients=recipients if still_owed is None else len(still_owed),
        provider=None if wish is None else wish.provider,
        require_tags=frozenset() if wish is None else frozenset(wish.require_tags),
        on_unsure=None if wish is None else wish.on_unsure,
        expires_at=expires_at,
        course=taken,
    )
    return Claim(
        job, fence, leased_until, attempts, accepted_at, message, still_owed, seen=seen, told=told, trace=trace
    )


def wishes(wanted: str | None) -> Wanted | None:
    """From the column `wanted`."""
    return None if wanted is None else _wanted.decode(wanted)


def summary(text: str) -> Summary:
    """From the column `summary`."""
    return _summary.decode(text)


def record(row: Row, attempts: Sequence[Row] = (), events: Sequence[Row] = ()) -> Record:
    """From a row of `find` or of a page, and the rows of `attempts` and `events`."""
    id_, pool, status, lane, class_name, summed_up, accepted_at, due_at, expires_at, *rest = row
    provider, provider_id, twice, resent_from = rest
    return Record(
        id=id_,
        pool=pool,
        status=status,
        lane=lane,
        class_name=class_name,
        summary=summary(summed_up),
        accepted_at=accepted_at,
        due_at=due_at,
        expires_at=expires_at,
        provider=provider,
        provider_message_id=provider_id,
        possible_duplicate=bool(twice),
        attempts=tuple(AttemptRecord(*attempt) for attempt in attempts),
        events=tuple(EventRecord(*event) for event in events),
        resent_from=resent_from,
    )


def known(row: Row, once: Once) -> Receipt | Mismatch:
    """From a row (message, digest, status) of `find_key`: what is answered to whoever comes with that key."""
    message, digest, status = row
    return Receipt(message, status, replayed=True) if digest == once.digest else Mismatch(message)


def fact(row: Row) -> Fact:
    """From a row of `observations` without its pool."""
    provider, finished_at, outcome, health, retry_after_s, quota, started_at = row
    opens = outcome == "unauthorised"
    return Fact(provider, finished_at, outcome, health, opens, retry_after_s, bool(quota), started_at)


def _text(value: object) -> str | None:
    return None if value is None else _json.encode(value).decode()
