"""How far a page of records may look, and how it is asked for: the same for both dialects."""

from typing import Final

import msgspec

from posthouse.store.values import Query

LAST: Final = "~"
"""Sorts behind every id."""

FEW: Final = 5_000
"""Unfinished messages up to this number are found by the indexes of the queue, wherever they lie among the finished."""

APART: Final = 4
"""How many messages side by side are looked at in the time that one of those takes that lie apart."""

_json = msgspec.json.Encoder()


def filtered(query: Query, way: str) -> bool:
    """Whether the way leads along messages that the page is not to show, without an end in sight."""
    if way == "unfinished":
        return False
    beside = query.pool if way == "ended" else query.status
    return any(wanted is not None for wanted in (beside, query.to, query.tag, query.provider))


def within(text: str | None) -> str | None:
    """The text as it stands in the JSON of a summary: to look for it there costs less than to read the JSON."""
    return None if text is None else _json.encode(text).decode()[1:-1]
