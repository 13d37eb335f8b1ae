"""The words and sizes of doubt after a restore, the same in every dialect."""

from typing import Final

import msgspec

from posthouse.clock import rfc3339
from posthouse.routing.rules import START
from posthouse.store.values import Restoring

SLICE: Final = 10_000
"""Messages that one verdict reaches at a time: others are served in between."""

COURSE: Final = msgspec.json.encode(START).decode()
"""Of a message that nobody has attempted yet."""

LET_GO: Final = "released by an operator after the store was restored; it may have been sent before"
CALLED_OFF: Final = "called off by an operator after the store was restored; it may have been sent before"


def why(item: Restoring) -> str:
    """What the record of a message says of its being set aside."""
    of = "" if item.copied_at is None else f" of {rfc3339(item.copied_at)}"
    return f"the store was restored from a copy{of}: it may have been sent since"
