"""Group commit without a thread: calls that arrive while a commit is under way share the next one.

The twin of `store.batch.Writer` for a database that others write to as well: a few lines, each with one transaction
under way, take from one queue. If anything in a transaction fails, nothing of it was committed; each call is then run
in a transaction of its own, so that only the faulty one fails.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from posthouse.metrics.tally import Tally
from posthouse.store.batch import MOST
from posthouse.store.call import Call, done, items, joined, spread
from posthouse.store.contract import StoreDown
from posthouse.store.postgres.connection import Line, Session

LINGER_S: Final = 0.002
"""How long the next commit waits for company when the last one had some: fewer, larger commits cost the server less."""

Method = Callable[[Session, list[Any]], Awaitable[list[Any]]]
Before = Callable[[Session, dict[Method, list[Any]]], Awaitable[None]]


class Writer:
    """committed(calls): told after each commit, before the callers are. tally: counts the commits.

    before: what is done in a transaction before its methods, with the items of each. most: lines at work at once.
    """

    def __init__(
        self, lines: Sequence[Line], committed: Callable[[list[Call]], None], tally: Tally, before: Before
    ) -> None:
        self._lines, self._committed, self._tally, self._before = lines, committed, tally, before
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Call] = deque()
        self._alone: deque[Call] = deque()
        self._was_alone = False
        self.most = len(lines)
        self._at_work = len(lines)
        self._idle: deque[asyncio.Future[None]] = deque()
        self._tasks = [asyncio.create_task(self._run(line)) for line in lines]
        self.closed = False

    def submit(
        self, method: Method, items: Sequence[Any], *, first: bool = False, alone: bool = False
    ) -> "asyncio.Future[list[Any]]":
        """One answer per item, in order, once all of them are on disk.

        first: in its transaction, for what locks many in one order: others lock one before, and then wait for it.
        alone: in a transaction without calls of other methods, for what locks alone what others lock together: whoever
        has locked anything before that might be waited for by whom it waits for.
        """
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        if self.closed:
            future.set_exception(StoreDown("the store is closed"))
        elif not items:
            future.set_result([])
        else:
            (self._alone if alone else self._waiting).append(Call(method, items, future, first))
            if self._at_work < self.most:
                self._wake()
        return future

    async def close(self) -> None:
        """Write what was submitted, then let the lines go."""
        self.closed = True
        while self._idle:
            self._wake()
        await asyncio.gather(*self._tasks)
        for line in self._lines:
            await line.close()

    def _wake(self) -> None:
        """Put the line to work that is idle the longest, where one is.

        They take turns: one that just had company lingers for more, one that rested would take what comes alone.
        """
        if self._idle:
            self._at_work += 1
            self._idle.popleft().set_result(None)

    async def _run(self, line: Line) -> None:
        busy = False
        while True:
            while not (self._waiting or self._alone) or (self._at_work > self.most and not self.closed):
                if self.closed:
                    return
                self._at_work -= 1
                turn = self._loop.create_future()
                self._idle.append(turn)
                await turn
            if busy:
                await asyncio.sleep(LINGER_S)
            calls = self._gather()
            busy = len(calls) > 1
            if calls:
                await self._write(line, calls)
                self._answer(calls)

    def _gather(self) -> list[Call]:
        """Everything that waits and may go together, up to the size of a good commit."""
        calls: list[Call] = []
        size = 0
        # By turns: many that go alone do not keep the others waiting.
        alone = bool(self._alone) and not (self._was_alone and self._waiting)
        waiting, self._was_alone = self._alone if alone else self._waiting, alone
        while waiting and size < MOST:
            if alone and calls and waiting[0].method != calls[0].method:
                break
            calls.append(waiting.popleft())
            size += len(calls[-1].items)
        return calls

    async def _write(self, line: Line, calls: list[Call]) -> None:
        try:
            began = self._loop.time()
            await line.write(lambda session: run(session, calls, self._before))
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
        self._committed(done(calls))
        for call in calls:
            call.answer()


async def run(session: Session, calls: list[Call], before: Before) -> None:
    """Run the calls, those of one method as one batch."""
    by_method = joined(calls)
    asked = {method: items(same) for method, same in by_method.items()}
    await before(session, asked)
    for method, same in by_method.items():
        spread(await method(session, asked[method]), same)
