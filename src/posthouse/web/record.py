"""A message's record as the API shows it."""

from typing import Any

from posthouse.clock import rfc3339
from posthouse.intake.accept import LANE_NAMES
from posthouse.store.values import AttemptRecord, EventRecord, Record


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
    if record.resent_from is not None:
        document["resent_from"] = record.resent_from
    if whole:
        document["attempts"] = [attempt(one) for one in record.attempts]
        document["events"] = [_event(event) for event in record.events]
    return document


def attempt(one: AttemptRecord) -> dict[str, Any]:
    latency_ms = None
    if one.finished_at is not None:
        latency_ms = max(0, round((one.finished_at - one.started_at) * 1000))
    document = {
        "number": one.number,
        "provider": one.provider,
        "started_at": rfc3339(one.started_at),
        "latency_ms": latency_ms,
        "outcome": one.outcome,
        "status": one.status,
        "detail": one.detail,
    }
    if one.evidence is not None:
        document["evidence"] = one.evidence
    return document


def _event(event: EventRecord) -> dict[str, Any]:
    document: dict[str, Any] = {"type": event.type, "at": rfc3339(event.at)}
    for name in ("provider", "recipient", "detail"):
        if (value := getattr(event, name)) is not None:
            document[name] = value
    return document


def _instant(instant: float | None) -> str | None:
    return None if instant is None else rfc3339(instant)
