"""What operators change: switches, suppressions, verdicts after a restore; and who changed what."""

from collections.abc import Sequence
from typing import Protocol

from posthouse.routing.switch import Switch
from posthouse.store.values import Audited, Change, Doubts, Lifting, Release, Restoring, Suppression, Switching


class Controls(Protocol):
    """For operators, and for those who follow them."""

    async def switch(self, items: Sequence[Switching]) -> list[Switch]:
        """Set the switches of those providers, each as a whole; how they stand afterwards. Audited."""
        ...

    async def switches(self) -> dict[str, dict[str, Switch]]:
        """pool → provider → its switch, of all that were ever set."""
        ...


class Suppressions(Protocol):
    """Who is not to be sent to. What is committed before an attempt's intent binds that attempt."""

    async def suppress(self, items: Sequence[Suppression]) -> list[bool]:
        """True: new. False: the address was suppressed already, and stays so as it was. What is new is audited."""
        ...

    async def unsuppress(self, items: Sequence[Lifting]) -> list[bool]:
        """Take addresses off the list. False: it was not there. What was there is audited."""
        ...

    async def suppressions(
        self, pool: str, limit: int, after: str | None, address: str | None = None
    ) -> list[Suppression]:
        """A page of a pool's list by address; after: the last address of the page before. address: only that one."""
        ...


class Audit(Protocol):
    """Who changed what. A change of the store is written down in its own transaction; the others are told here."""

    async def audit(self, items: Sequence[Change]) -> None:
        """Write changes down that were made elsewhere. One with a `once` that is there already changes nothing."""
        ...

    async def audited(self, query: Audited) -> list[Change]:
        """A page of changes, newest first."""
        ...


class Restored(Protocol):
    """A store that was restored from a copy is older than what was sent.

    Whatever was unfinished in the copy may have gone out since: it is `held`, and waits here for a verdict, while what
    is accepted from then on goes its way. A SQLite file that `posthouse backup` made knows that it is a copy, and sets
    its messages aside when it is opened.
    """

    async def restored(self, items: Sequence[Restoring]) -> list[int]:
        """Set aside all that is unfinished: `held`, its open attempt ended as `unsure`; how many. Audited."""
        ...

    async def doubts(self) -> Doubts:
        """What waits for a verdict. What providers told of meanwhile does not."""
        ...

    async def release(self, items: Sequence[Release]) -> list[int]:
        """Give the verdict on messages in doubt, and audit it; how many it met: at most `doubt.SLICE`, then ask again.

        One that was given stands.
        What is sent is due when it was due before, has the time its retries had at first, and is marked as a possible
        duplicate once it is attempted.
        """
        ...
