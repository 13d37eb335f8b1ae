"""One caller's batch on its way through a writer. Those of one method become one batch; each gets its own answers."""

from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec


class Call(msgspec.Struct, eq=False):
    """first: of all in its transaction. early: answered before the commit, by a writer that can; told: it was."""

    method: Callable[..., Any]
    items: Sequence[Any]
    future: "Future[list[Any]]"
    first: bool = False
    early: bool = False
    told: bool = False
    outcome: list[Any] | BaseException = []

    @property
    def answers(self) -> list[Any]:
        """One for each item; empty where the call failed."""
        return self.outcome if isinstance(self.outcome, list) else []

    def answer(self) -> None:
        """Tell whoever waits, on the event loop. He may be gone, or have been told early."""
        if self.future.done():
            return
        if isinstance(self.outcome, BaseException):
            self.future.set_exception(self.outcome)
        else:
            self.future.set_result(self.outcome)


def done(calls: Iterable[Call]) -> list[Call]:
    """Those that did not fail."""
    return [call for call in calls if not isinstance(call.outcome, BaseException)]


def joined(calls: Iterable[Call]) -> dict[Callable[..., Any], list[Call]]:
    """Method → its calls, in the order of their first ones; `first` before all."""
    found: dict[Callable[..., Any], list[Call]] = {}
    for call in sorted(calls, key=lambda call: not call.first):
        found.setdefault(call.method, []).append(call)
    return found


def items(same: Iterable[Call]) -> list[Any]:
    """What all of them ask for, in their order."""
    return [item for call in same for item in call.items]


def spread(answers: Iterable[Any], same: Iterable[Call]) -> None:
    """Give each of them the answers to its own items."""
    given = iter(answers)
    for call in same:
        call.outcome = [next(given) for _ in call.items]
