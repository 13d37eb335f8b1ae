"""What stands in a path, in a query and in a header, by its name."""

from typing import Any, Final

from posthouse.mail.event import STATUSES
from posthouse.mail.policy import NAME
from posthouse.web.audit import WHATS
from posthouse.web.openapi.message import Schema
from posthouse.web.parameters import PAGE_MAX
from posthouse.web.route import Parameter

PLACES: Final[dict[str, tuple[str, Schema, str]]] = {
    "id": (
        "The id of a message.",
        {"type": "string", "format": "uuid"},
        "01a20ace-acae-70a7-8c34-261662c5721b",
    ),
    "domain": (
        "The sending domain that names the pool, in any case.",
        {"type": "string", "pattern": r"^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})+$", "maxLength": 253},
        "example.com",
    ),
    "provider": (
        "A provider of the pool.",
        {"type": "string", "pattern": f"^{NAME.pattern}$"},
        "sandbox",
    ),
}
"""Place in a path → what it is, its schema, an example."""

_INSTANT: Final[Schema] = {"anyOf": [{"type": "string", "format": "date-time"}, {"const": ""}]}
_TEXT: Final[Schema] = {"type": "string"}

SCHEMAS: Final[dict[str, tuple[Schema, Any]]] = {
    "Idempotency-Key": ({"type": "string", "pattern": "^[!-~]{1,255}$"}, "order-17"),
    "Prefer": (_TEXT, "wait=10"),
    "If-None-Match": (_TEXT, '"5f1d0a"'),
    "status": ({"enum": [*STATUSES, ""]}, "sent"),
    "to": (_TEXT, "ann@example.org"),
    "tag": (_TEXT, "receipt"),
    "provider": (_TEXT, "sandbox"),
    "since": (_INSTANT, "2026-11-23T09:00:00Z"),
    "until": (_INSTANT, "2036-11-23T10:00:00Z"),
    "limit": ({"anyOf": [{"type": "integer", "minimum": 1, "maximum": PAGE_MAX}, {"const": ""}]}, 10),
    "cursor": (_TEXT, "sJr1qLLMLuphzU7Sz5ZRrE_-6MPbRdT1ZO3asw7_o9yU1EiATOBvsRBDmJ14_9eI-oVxPg"),
    "address": (_TEXT, "ann@example.org"),
    "pool": (_TEXT, "example.com"),
    "what": ({"enum": [*WHATS, ""]}, "switch"),
}
"""Parameter → its schema, and an example."""


def placed(name: str) -> dict[str, Any]:
    """A place in a path as the document shows it."""
    words, schema, example = PLACES[name]
    told = {"name": name, "in": "path", "required": True, "description": words}
    return {**told, "schema": schema, "example": example}


def shown(parameter: Parameter) -> dict[str, Any]:
    """A parameter of a query or a header as the document shows it."""
    schema, example = SCHEMAS[parameter.name]
    told = {"name": parameter.name, "in": parameter.where, "description": parameter.words}
    return {**told, "schema": schema, "example": example}
