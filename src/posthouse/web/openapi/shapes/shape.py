"""What the shapes of answers are made of."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, UnsetType

Absent = UnsetType

Id = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        extra_json_schema={"format": "uuid"},
    ),
]
Instant = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="RFC 3339, UTC, with milliseconds.",
        extra_json_schema={"format": "date-time"},
    ),
]
Lane = Literal["critical", "normal", "bulk"]
Count = Annotated[int, Meta(ge=0)]


def said(words: str) -> Meta:
    return Meta(description=words)


class Shape(Struct, forbid_unknown_fields=True):
    """An object with these fields and no others."""
