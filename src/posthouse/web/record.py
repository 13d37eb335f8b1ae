"""A message's record as the API shows it."""

from typing import Any

from posthouse.clock import rfc3339
from posthouse.store.values import LANES, AttemptRecord, EventRecord, Record

LANE_NAMES = {number: name for name, number in LANES.items()}


def shown(record: Record, *, whole: bool = True) -> dict[str, Any]:
    """The document of `GET /email/{id}`; in a list (`whole=False`) without attempts and events."""
    document: dict[str, Any] = {
        "id": record.id,
        "status": record.status,
        "pool": record.pool,
        "class": record.class_name,
        "lane": LANE_NAMES[record.lane],
        "from": record.summary.sender,
        "to": record.summary.recipients,
        "subject": record.summary.subject,
        "tags": record.summary.tags,
        "metadata": dict(record.summary.metadata),
        "created_at": rfc3339(record.accepted_at),
        "next_attempt_at": _instant(record.due_at),
        "expires_at": _instant(record.expires_at),
        "provider": record.provider,
        "provider_message_id": record.provider_message_id,
        "possible_duplicate": record.possible_duplicate,
    }
    if whole:
        document["attempts"] = [_attempt(attempt) for attempt in record.attempts]
        document["events"] = [_event(event) for event in record.events]
    return document


def _attempt(attempt: AttemptRecord) -> dict[str, Any]:
    latency_ms = None
    if attempt.finished_at is not None:
        latency_ms = max(0, round((attempt.finished_at - attempt.started_at) * 1000))
    document = {
        "number": attempt.number,
        "provider": attempt.provider,
        "started_at": rfc3339(attempt.started_at),
        "latency_ms": latency_ms,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "detail": attempt.detail,
    }
    if attempt.evidence is not None:
        document["evidence"] = attempt.evidence
    return document


def _event(event: EventRecord) -> dict[str, Any]:
    document: dict[str, Any] = {"type": event.type, "at": rfc3339(event.at)}
    for name in ("provider", "recipient", "detail"):
        if (value := getattr(event, name)) is not None:
            document[name] = value
    return document


def _instant(instant: float | None) -> str | None:
    return None if instant is None else rfc3339(instant)
