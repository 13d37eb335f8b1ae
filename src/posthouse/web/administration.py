"""Who keeps the configuration, as the HTTP door sees it."""

from typing import Any, Protocol

import msgspec

from posthouse.mail.problem import Problem
from posthouse.store.values import Who


class Reloaded(msgspec.Struct, frozen=True):
    """What came of a reload, or of the start. at: epoch seconds.

    problems: why it was not taken over; empty when it was. changed: paths of settings that are different since.
    waiting: those of them that are in force after the next start only.
    """

    at: float
    problems: tuple[Problem, ...] = ()
    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class Administration(Protocol):
    """Who keeps the configuration."""

    @property
    def last(self) -> Reloaded: ...

    def document(self) -> Any:
        """What the file says, or where it is broken what is in force, secrets hidden."""
        ...

    def reload(self, who: Who) -> Reloaded:
        """Read the file anew."""
        ...

    def replace(self, data: bytes, who: Who) -> Reloaded:
        """Put this in place of the file, and in force, if all of it is sound. OSError where it cannot be written.

        Why it was refused is in the answer, and not in `last`: that speaks of the file.
        """
        ...
