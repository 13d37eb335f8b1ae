"""A message on its way through a batch of news of providers."""

from typing import Final

from posthouse.mail.event import UNFINISHED, Status, moved
from posthouse.store.rows import ENDED
from posthouse.store.values import Told

LEAST: Final[Status] = "held"
"""From here every news of a message moves on: see `mail.event.moved`."""


class Known:
    """A message on its way through a batch of news. earned: by news that came while it was unfinished."""

    __slots__ = ("earned", "id", "status")

    def __init__(self, id_: str, status: Status, earned: Status | None) -> None:
        self.id, self.status, self.earned = id_, status, earned

    @property
    def row(self) -> tuple[str, Status, Status | None, Status | None]:
        """For `tell`."""
        end = self.earned or self.status
        return (self.id, self.status, self.earned, end if end in ENDED else None)

    def hear(self, told: Told) -> bool:
        """Move on; whether that changed anything."""
        before = (self.status, self.earned)
        if self.status in UNFINISHED:
            earned = moved(self.earned or LEAST, told.type)
            self.earned = None if earned == LEAST else earned
        else:
            self.status, self.earned = moved(self.status, told.type), None
        return (self.status, self.earned) != before


def by_provider_id(item: Told) -> bool:
    """Whether only the provider's own id says which message is meant."""
    return item.message_id is None and item.provider_message_id is not None
