"""Group commit: calls that arrive while a commit is under way share the next one.

Callers give a batch and await its answers. One thread takes everything that is waiting, joins the batches of the
same method, runs them in one transaction, and answers everybody after it is on disk. If anything in it fails,
nothing was committed; each call is then run in a transaction of its own, so that only the faulty one fails.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Final

from posthouse.clock import SystemClock
from posthouse.store.call import Call, done, items, joined, spread
from posthouse.store.contract import StoreDown

Method = Callable[[list[Any]], list[Any]]
Transaction = Callable[[Callable[[], None]], None]


MOST: Final = 512
"""Items in one transaction: past a few hundred a commit gets slower per item and its callers wait for each other."""

SPACING_S: Final = 0.0025
"""From the beginning of one commit to that of the next at least. After a rest a message is committed at once; but many
commits of two or three messages, one right after the other, take more from the event loop than they give it."""


class Writer:
    """The one thread that writes.

    transaction(body): runs `body` in a transaction and commits it durably, or rolls it back and raises.
    committed(calls): told on the event loop after each commit, before the callers are.
    """

    def __init__(
        self,
        transaction: Transaction,
        committed: Callable[[list[Call]], None],
        name: str,
        spacing_s: float = SPACING_S,
    ) -> None:
        self._transaction, self._committed, self._spacing_s = transaction, committed, spacing_s
        self._next_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._turn: list[Call] = []
        self._waiting: SimpleQueue[Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.closed = False
        self._dead: StoreDown | None = None
        self._owed: StoreDown | None = None
        self._thread.start()

    def submit(
        self, method: Method, items: Sequence[Any], *, early: bool = False, first: bool = False
    ) -> "asyncio.Future[list[Any]]":
        """One answer per item, in order, once all of them are on disk.

        early: once they are written, before the commit. For what need not be on disk to be used, as a lease in this
        process: whatever follows from it is committed later, and finds it gone where the commit failed. Where the disk
        was full the next early call is answered with that: who is never told asks again at once, and without end.
        first: in its transaction, for what must not see anything that was asked for after it.
        """
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        if self.closed:
            future.set_exception(self._dead or StoreDown("the store is closed"))
        elif not items:
            future.set_result([])
        elif early and self._owed is not None:
            future.set_exception(self._owed)
            self._owed = None
        else:
            # What one turn of the event loop asks for goes together: the thread is woken once, to more of it.
            if not self._turn:
                self._loop.call_soon(self._put)
            self._turn.append(Call(method, items, future, first, early))
        return future

    def _put(self) -> None:
        """Hand over what this turn has asked for."""
        turn, self._turn = self._turn, []
        for call in turn:
            self._waiting.put(call)

    async def close(self) -> None:
        """Write what was submitted, then end the thread."""
        if not self.closed:
            self.closed = True
            self._put()
            self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        calls: list[Call] = []
        try:
            last = False
            while not last:
                last = self._gather(calls)
                if calls:
                    self._write(calls)
                    self._loop.call_soon_threadsafe(self._answer, calls)
                    calls = []
        except BaseException as error:  # a fault of ours, and nobody is left to write: the process must not go on
            dead = StoreDown(f"the thread that writes has ended: {type(error).__name__}", fatal=True)
            self._loop.call_soon_threadsafe(self._died, dead, calls)

    def _died(self, dead: StoreDown, calls: list[Call]) -> None:
        """On the event loop: whoever waits, or comes later, is told."""
        self.closed, self._dead = True, dead
        while not self._waiting.empty():
            if (call := self._waiting.get()) is not None:
                calls.append(call)
        for call in (*calls, *self._turn):
            if not call.future.done():
                call.future.set_exception(dead)

    def _gather(self, calls: list[Call]) -> bool:
        """Everything that waits, up to the size of a good commit; waits for the first, and until another may begin.

        Whether the end was among it.
        """
        size = 0
        call = self._waiting.get()
        early_s = self._next_at - SystemClock.monotonic()
        if early_s > 0:
            time.sleep(early_s)
        self._next_at = SystemClock.monotonic() + self._spacing_s
        while call is not None:
            calls.append(call)
            size += len(call.items)
            if size >= MOST or self._waiting.empty():
                return False
            call = self._waiting.get()
        return True

    def _write(self, calls: list[Call]) -> None:
        began = False

        def body() -> None:
            nonlocal began
            began = True
            run(calls, self._tell)

        try:
            self._transaction(body)
        except BaseException as error:  # whatever went wrong belongs to the callers
            # To all of them, where none is to blame: to try each alone would only let each of them wait for the disk.
            if len(calls) == 1 or not began or (isinstance(error, StoreDown) and error.fatal):
                for call in calls:
                    call.outcome = error
                return
            for call in calls:
                if not call.told:  # what was told is not done twice
                    self._write([call])
                elif isinstance(error, StoreDown):  # another call's fault is not its own
                    call.outcome = error

    def _tell(self, call: Call) -> None:
        """On the writer's thread, in the transaction: answer a call that waits for no commit."""
        call.told = True
        self._loop.call_soon_threadsafe(call.answer)

    def _answer(self, calls: list[Call]) -> None:
        self._committed(done(calls))
        for call in calls:
            if call.told and call.future.done() and isinstance(call.outcome, StoreDown):
                self._owed = call.outcome
            call.answer()


def run(calls: list[Call], tell: Callable[[Call], None] = lambda call: None) -> None:
    """Run the calls, those of one method as one batch. tell: told of each early call as soon as it has its answers."""
    for method, same in joined(calls).items():
        spread(method(items(same)), same)
        for call in same:
            if call.early:
                tell(call)
