"""Group commit without a thread: calls that arrive while a commit is under way share the next one.

The twin of `store.batch.Writer` for a database that others write to as well: a few lines, each with one transaction
under way, take from one queue. If anything in a transaction fails, nothing of it was committed; each call is then run
in a transaction of its own, so that only the faulty one fails.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from posthouse.metrics.tally import Tally
from posthouse.store.batch import LINGER_S, MOST
from posthouse.store.contract import StoreDown
from posthouse.store.postgres.connection import Line, Session

Method = Callable[[Session, list[Any]], Awaitable[list[Any]]]


class Call:
    """One caller's batch on its way through the writer."""

    __slots__ = ("future", "items", "method", "outcome")

    def __init__(self, method: Method, items: Sequence[Any], future: "asyncio.Future[list[Any]]") -> None:
        self.method, self.items, self.future = method, items, future
        self.outcome: list[Any] | BaseException = []

    @property
    def answers(self) -> list[Any]:
        """One for each item; empty where the call failed."""
        return self.outcome if isinstance(self.outcome, list) else []


class Writer:
    """committed(calls): told after each commit, before the callers are. tally: counts the commits."""

    def __init__(self, lines: Sequence[Line], committed: Callable[[list[Call]], None], tally: Tally) -> None:
        self._lines, self._committed, self._tally = lines, committed, tally
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Call] = deque()
        self._wake = asyncio.Event()
        self._tasks = [asyncio.create_task(self._run(line)) for line in lines]
        self.closed = False

    def submit(self, method: Method, items: Sequence[Any]) -> "asyncio.Future[list[Any]]":
        """One answer per item, in order, once all of them are on disk."""
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        if self.closed:
            future.set_exception(StoreDown("the store is closed"))
        elif not items:
            future.set_result([])
        else:
            self._waiting.append(Call(method, items, future))
            self._wake.set()
        return future

    async def close(self) -> None:
        """Write what was submitted, then let the lines go."""
        self.closed = True
        self._wake.set()
        await asyncio.gather(*self._tasks)
        for line in self._lines:
            await line.close()

    async def _run(self, line: Line) -> None:
        busy = False
        while True:
            while not self._waiting:
                if self.closed:
                    return
                self._wake.clear()
                await self._wake.wait()
            if busy:
                await asyncio.sleep(LINGER_S)
            calls = self._gather()
            busy = len(calls) > 1
            if calls:
                await self._write(line, calls)
                self._answer(calls)

    def _gather(self) -> list[Call]:
        """Everything that waits, up to the size of a good commit."""
        calls: list[Call] = []
        size = 0
        while self._waiting and size < MOST:
            calls.append(self._waiting.popleft())
            size += len(calls[-1].items)
        return calls

    async def _write(self, line: Line, calls: list[Call]) -> None:
        try:
            began = self._loop.time()
            await line.write(lambda session: run(session, calls))
            self._tally.commit_seconds.add(self._loop.time() - began)
            self._tally.commit_items.add(sum(len(call.items) for call in calls))
        except Exception as error:  # whatever went wrong belongs to the callers
            # To all of them, where none is to blame: to try each alone would only let each of them wait.
            if len(calls) == 1 or isinstance(error, StoreDown):
                for call in calls:
                    call.outcome = error
                return
            for call in calls:
                await self._write(line, [call])

    def _answer(self, calls: list[Call]) -> None:
        self._committed([call for call in calls if not isinstance(call.outcome, BaseException)])
        for call in calls:
            if call.future.cancelled():
                continue
            if isinstance(call.outcome, BaseException):
                call.future.set_exception(call.outcome)
            else:
                call.future.set_result(call.outcome)


async def run(session: Session, calls: list[Call]) -> None:
    """Run the calls, those of one method as one batch, methods in the order of their first call."""
    joined: dict[Any, list[Call]] = {}
    for call in calls:
        joined.setdefault(call.method, []).append(call)
    for method, same in joined.items():
        answers = iter(await method(session, [item for call in same for item in call.items]))
        for call in same:
            call.outcome = [next(answers) for _ in call.items]
