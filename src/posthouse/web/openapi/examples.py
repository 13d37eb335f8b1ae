"""What an answer looks like: one example for each shape and each kind of error."""

from http import HTTPStatus
from typing import Any, Final

from posthouse.web.openapi.kinds import KINDS, Kind

ID: Final = "01a20ace-acae-70a7-8c34-261662c5721b"
OTHER: Final = "01a20ae0-e2cc-7ac8-b610-e32461741d70"
AT: Final = "2026-11-25T09:05:07.123Z"
SOON: Final = "2026-11-25T09:05:07.941Z"

_LISTED: Final[dict[str, Any]] = {
    "id": ID,
    "status": "sent",
    "pool": "example.com",
    "class": None,
    "lane": "normal",
    "from": "Shop <shop@example.com>",
    "to": ["ann@example.org"],
    "subject": "Your receipt",
    "tags": ["receipt"],
    "metadata": {"order": "17"},
    "created_at": AT,
    "next_attempt_at": None,
    "expires_at": None,
    "provider": "mailgun",
    "provider_message_id": "<20261125090507.1@mg.example.com>",
    "possible_duplicate": False,
}

_ATTEMPTS: Final[list[dict[str, Any]]] = [
    {
        "number": 1,
        "provider": "sendgrid",
        "started_at": AT,
        "latency_ms": 812,
        "outcome": "deferred",
        "status": 503,
        "detail": "Service unavailable",
    },
    {
        "number": 2,
        "provider": "mailgun",
        "started_at": SOON,
        "latency_ms": 140,
        "outcome": "accepted",
        "status": 200,
        "detail": None,
    },
]

_PROVIDER: Final[dict[str, Any]] = {
    "name": "mailgun",
    "type": "mailgun",
    "enabled": True,
    "order": 2,
    "weight": 0.3,
    "score": 40.0,
    "breaker": "closed",
    "distrusted": False,
    "in_flight": 0,
    "left_today": 9_812,
    "left_this_month": None,
    "switch": {"held": "no", "reason": None, "by": None, "at": None, "fail": False},
}

_POOL: Final[dict[str, Any]] = {
    "domain": "example.com",
    "url": "/example.com",
    "url_send_email": "/example.com/send",
    "strategy": "priority",
    "sender": "pool_domain",
    "classes": ["bulk", "otp"],
    "providers": [_PROVIDER],
}

_FORESEEN: Final[dict[str, Any]] = {
    "pool": "example.com",
    "decision": "send",
    "provider": "mailgun",
    "until": None,
    "reason": None,
    "if_failed": None,
    "candidates": [
        {
            "name": "mailgun",
            "chosen": True,
            "place": 1,
            "filters": [{"name": "enabled", "ok": True, "why": None}],
            "tier": 2.0,
            "weight": 1.0,
            "score": 40.0,
            "circuit": "closed",
            "circuit_until": None,
            "distrusted": False,
            "doubt": None,
            "ready_at": AT,
            "in_flight": 0,
            "concurrency": 16,
            "today_left": 9_812,
            "month_left": None,
        }
    ],
}

_FLAW: Final = {"code": "address-invalid", "field": "to[1]", "message": "Expected one address like ann@example.com."}

EXAMPLES: Final[dict[str, Any]] = {
    "Receipt": {"id": ID, "status": "queued"},
    "Resent": {"id": OTHER, "status": "queued", "resent_from": ID},
    "Cancelled": {"id": ID, "status": "cancelled"},
    "Message": {
        **_LISTED,
        "attempts": _ATTEMPTS,
        "events": [{"type": "accepted", "at": AT}, {"type": "sent", "at": SOON, "provider": "mailgun"}],
    },
    "Page": {"messages": [_LISTED], "next_cursor": None},
    "Results": {"results": [{"id": ID, "status": "queued"}, {"problems": [{**_FLAW, "field": "messages[1].to"}]}]},
    "Pools": {"pools": [_POOL]},
    "Pool": _POOL,
    "Provider": _PROVIDER,
    "Foreseen": _FORESEEN,
    "Explained": {**_FORESEEN, "id": ID, "status": "queued", "attempts": []},
    "Suppressions": {
        "suppressions": [
            {"address": "bob@example.org", "reason": "asked to", "source": "operator", "at": AT, "by": "web"}
        ],
        "next_cursor": None,
    },
    "Additions": {"suppressions": [{"address": "bob@example.org", "added": True}]},
    "Removals": {"suppressions": [{"address": "bob@example.org", "removed": True}]},
    "Configuration": {"pools": {"example.com": {"keys": {"web": "********"}, "providers": {"sandbox": {}}}}},
    "Reloaded": {"status": "in force", "changed": ["retention.content"], "waits_for_restart": []},
    "Alive": {"status": "ok"},
    "Ready": {
        "status": "ready",
        "store": "ok",
        "queue_oldest_seconds": 0.0,
        "circuits": {"open": 0, "of": 2},
        "canary": {"failing": 0, "of": 2},
        "in_doubt": 0,
        "configuration": "ok",
    },
    "Changes": {
        "changes": [
            {
                "at": AT,
                "what": "switch",
                "pool": "example.com",
                "subject": "mailgun",
                "who": {"kind": "admin", "name": "ops", "address": "192.0.2.7"},
                "reason": "their outage",
                "before": {"held": "no", "failing": None},
                "after": {"held": "pause", "failing": None},
            }
        ],
        "next_cursor": None,
    },
    "Doubts": {"in_doubt": 3, "pools": {"example.com": 3}, "copied_at": AT, "restored_at": SOON},
    "Released": {"verdict": "send", "released": 3, "in_doubt": 0},
    "OpenAPI": {"openapi": "3.1.1"},
}
"""Shape → one of it."""

_MORE: Final[dict[str, dict[str, Any]]] = {
    "message": {"problems": [_FLAW]},
    "fields": {"problems": [{"code": "field-unknown", "field": "colour", "message": "Expected none but reason."}]},
    "key-limit": {"limit": "rate"},
    "too-late": {"id": ID, "message_status": "sent"},
    "no-provider": {"reasons": {"mailgun": "its circuit is open"}},
}


def errors() -> dict[str, Any]:
    """Kind → an error of that kind, as the document keeps examples."""
    return {kind.name: {"summary": kind.words, "value": error(kind)} for kind in KINDS}


def error(kind: Kind) -> dict[str, Any]:
    return {
        "type": f"urn:posthouse:problem:{kind.name}",
        "title": HTTPStatus(kind.status).phrase,
        "status": kind.status,
        "detail": kind.words,
        **_MORE.get(kind.name, {}),
    }
