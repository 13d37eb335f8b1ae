"""Why a message goes where it goes: every provider, every rule, and who would be asked next."""

from typing import Any, Final

import msgspec

from posthouse.clock import rfc3339
from posthouse.intake.policy import SANDBOX
from posthouse.mail.event import UNFINISHED
from posthouse.mail.problem import Refusal
from posthouse.routing.capability import needs
from posthouse.routing.explain import Explanation, Verdict, explain
from posthouse.routing.rules import START, Course, Job
from posthouse.store.values import Stored, job_of, pack
from posthouse.web.answer import Answer, Refused, answer
from posthouse.web.door import Door
from posthouse.web.fields import given
from posthouse.web.pool import pool_of_sender
from posthouse.web.query import ID
from posthouse.web.record import attempt
from posthouse.web.refusal import UNKNOWN, refusal
from posthouse.web.request import Request

TIMES: Final = ("circuit_until", "ready_at")


async def explained(door: Door, request: Request) -> Answer:
    """GET /email/{id}/explain"""
    message_id = request.parameters["id"]
    stored = await door.store.content(message_id, request.caller.sees) if ID.fullmatch(message_id) else None
    if stored is None:
        return UNKNOWN
    record = stored.record
    document: dict[str, Any] = {"id": record.id, "status": record.status, "pool": record.pool}
    document |= _told(explain(_job(door, stored), door.board(record.pool), door.clock.now()))
    if record.status not in UNFINISHED:
        # What became of it stands in its attempts; the rest is what would be decided if it came now.
        document |= {"decision": "none", "provider": None, "until": None, "if_failed": None}
        document["reason"] = f"it is over: {record.status}"
    document["attempts"] = [attempt(one) for one in record.attempts]
    return answer(200, document)


async def foreseen(door: Door, request: Request) -> Answer:
    """POST /route/explain: nothing is stored, sent or counted."""

    async def told(fields: dict[str, Any]) -> Answer:
        pool = pool_of_sender(door, request.caller, fields)
        entry = pool if isinstance(pool, Refusal) else door.intake.entry(fields, pool, request.caller, None)
        if isinstance(entry, Refusal):
            raise Refused(refusal(entry))
        found = explain(job_of(entry), door.board(entry.pool), door.clock.now())
        return answer(200, {"pool": entry.pool, **_told(found)})

    return await given(door, request, told)


def _job(door: Door, stored: Stored) -> Job:
    """The message as routing sees it, as far as its record tells."""
    record, message, wanted = stored.record, stored.message, stored.wanted
    pool = door.intake.pools.get(record.pool)
    over = record.status not in UNFINISHED
    now = door.clock.now()
    give_up_s = 0.0 if pool is None else pool.give_up_after_s
    course = START
    if not over:
        course = Course(
            refused=tuple(dict.fromkeys(a.provider for a in record.attempts if a.outcome == "refused")),
            doubt=any(a.outcome == "unsure" for a in record.attempts),
        )
    return Job(
        id=record.id,
        pool=record.pool,
        give_up_at=(now if over else max(record.accepted_at, record.due_at or 0.0)) + give_up_s,
        needs=0 if message is None else needs(message),
        size=0 if message is None else len(pack(message)),
        recipients=len(record.summary.recipients),
        provider=None if wanted is None else wanted.provider,
        require_tags=frozenset() if wanted is None else frozenset(wanted.require_tags),
        on_unsure=None if wanted is None else wanted.on_unsure,
        expires_at=None if over else record.expires_at,
        course=course,
    )


def _told(found: Explanation) -> dict[str, Any]:
    """An explanation as the API shows it: instants in words, each rule as an object."""
    return {
        "decision": found.decision,
        "provider": found.provider,
        "until": None if found.until is None else rfc3339(found.until),
        "reason": found.reason,
        "if_failed": found.if_failed,
        "candidates": [_candidate(verdict) for verdict in found.verdicts if verdict.chosen or verdict.name != SANDBOX],
    }


def _candidate(verdict: Verdict) -> dict[str, Any]:
    document = msgspec.structs.asdict(verdict)
    for name in TIMES:
        document[name] = None if document[name] is None else rfc3339(document[name])
    document["score"], document["weight"] = round(verdict.score, 2), round(verdict.weight, 4)
    document["filters"] = [check._asdict() for check in verdict.filters]
    return document
