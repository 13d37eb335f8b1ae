"""The short way: a message that can leave at once is written down with its first attempt, by one commit and not three.

That commit says yes to whoever handed it in, and is lease and intent as well. It is taken where nothing of the pool
that is due waits, and a provider would have the message now; all others wait for the worker's next claim.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from posthouse.delivery.attempt import Departure, carry, depart, give_back, stay
from posthouse.delivery.desk import Desk
from posthouse.delivery.worker import Worker
from posthouse.routing.router import Send
from posthouse.store.contract import Inbox, StoreDown
from posthouse.store.values import Begun, Claim, Entry, Mismatch, Receipt, job_of, unpack

Written = asyncio.Future[list[Receipt | Mismatch]]

LATE_S: Final = 15.0
"""So long after its answer was lost a commit may still take place."""


class Express:
    """The inbox of a process that delivers what it takes in."""

    def __init__(self, inbox: Inbox, worker: Worker, desk: Desk) -> None:
        self._inbox, self._worker, self._desk = inbox, worker, desk

    def add(self, entries: Sequence[Entry]) -> Written:
        """See the contract. What may begin is in the worker's hands when this returns, and leaves with the commit."""
        departures: list[Departure | None] = []
        try:
            departures.extend(map(self._departure, entries))  # one by one: what was taken before a fault is known
            if not any(departures):
                return self._inbox.add(entries)
            written = self._inbox.add(
                [entry if one is None else _begun(entry, one) for entry, one in zip(entries, departures, strict=True)]
            )
        except BaseException:
            for one in departures:
                self._put_down(one)
            raise
        # Not `written` itself: it is carried, also where the caller does not wait for the answer any more.
        told: Written = written.get_loop().create_future()
        self._worker.expect(written, partial(self._leave, departures, told))
        return told

    def _departure(self, entry: Entry) -> Departure | None:
        """Its first attempt, where that may begin at once; it is in hand then."""
        desk, worker, pool = self._desk, self._worker, entry.pool
        if entry.status != "queued" or not worker.has_room(pool, len(entry.content)):
            return None
        job, now = job_of(entry), desk.clock.now()
        decision = desk.decide(job, now)
        # Where each start counts by itself (a pace, a probe) none is spent on what may have come before.
        if not isinstance(decision, Send) or desk.one_by_one(pool, decision.candidate, now):
            worker.waits(pool)
            return None
        message = entry.message or unpack(entry.content)
        claim = Claim(job, 1, now + desk.lease_s, 0, entry.accepted_at, message, trace=entry.trace)
        worker.take(claim)
        return depart(claim, decision.candidate, desk, now)

    def _leave(self, departures: Sequence[Departure | None], told: Written, written: Written) -> None:
        """Start those that are on disk with their attempts, put all others down, and tell whoever waits."""
        error = asyncio.CancelledError() if written.cancelled() else written.exception()
        receipts = [None] * len(departures) if error is not None else written.result()
        if told.done():
            pass  # whoever handed them in does not wait any more
        elif error is None:
            told.set_result(written.result())
        else:
            told.set_exception(error)
        if self._worker.over:
            return  # what is on disk as begun is taken up by the next start
        for departure, receipt in zip(departures, receipts, strict=True):
            if departure is None:
                continue
            if isinstance(receipt, Receipt) and receipt.begun:
                self._worker.start(departure.claim, carry(departure, self._desk))
            elif isinstance(error, StoreDown) and error.lost:
                stay(departure, self._desk)
                back = give_back(departure.claim, self._desk, str(error), LATE_S)
                self._worker.start(departure.claim, back)
            else:
                self._put_down(departure)

    def _put_down(self, departure: Departure | None) -> None:
        if departure is not None:
            stay(departure, self._desk)
            self._worker.put_down(departure.claim)


def _begun(entry: Entry, departure: Departure) -> Entry:
    begun = Begun(departure.candidate.name, departure.claim.leased_until, departure.at)
    return msgspec.structs.replace(entry, begun=begun)
