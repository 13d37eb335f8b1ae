"""Takes up what was left behind: leases that ran out, and what is old enough to be forgotten."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from posthouse.delivery.attempt import attempt, settle
from posthouse.delivery.desk import Desk
from posthouse.routing.outcome import Unsure
from posthouse.store.contract import StoreDown
from posthouse.store.values import Claim, ClaimRequest, Delay, Opened
from posthouse.telemetry import log, warn

EVERY_S = 5.0
ROTATE_S = 60.0
BATCH = 200
MAX_BYTES = 64 * 2**20

LOST = Unsure(detail="the process that carried it ended, or lost its lease, before an answer was written down")


class Retention(msgspec.Struct):
    """How long finished messages are kept, in seconds: their content, and the record of what happened.

    A reload changes it in place.
    """

    content_s: float = 7 * 86400.0
    records_s: float = 90 * 86400.0


async def sweep(desk: Desk, at: float | None = None) -> int:
    """Take over every message whose lease had run out at that instant, and has now; how many there were.

    One whose attempt had begun may have been sent: that is doubt, by the pool's policy. The provider is not to blame.
    """
    swept = 0
    while True:
        now = desk.clock.now()
        if at is not None:
            now = min(now, at)  # a clock that was set back meanwhile gives shorter leases
        claims = await desk.work.sweep(ClaimRequest(BATCH, MAX_BYTES, now, desk.lease_s))
        if not claims:
            return swept
        swept += len(claims)
        untouched = [Delay(claim.job.id, claim.fence, now) for claim in claims if claim.opened is None]
        await desk.work.postpone(untouched)
        await asyncio.gather(*[_doubt(claim, claim.opened, desk) for claim in claims if claim.opened is not None])


async def _doubt(claim: Claim, opened: Opened, desk: Desk) -> None:
    await settle(claim, opened.provider, LOST, desk, opened.started_at, blameless=True)


async def end(desk: Desk) -> int:
    """End what waits beyond its time, also where no provider has room for it; how many there were."""
    ended = 0
    while True:
        request = ClaimRequest(BATCH, MAX_BYTES, desk.clock.now(), desk.lease_s)
        claims = await desk.work.overdue(request)
        if not claims:
            return ended
        ended += len(claims)
        await asyncio.gather(*[attempt(claim, desk) for claim in claims])


async def retire(desk: Desk, retention: Retention) -> int:
    """Forget what is old enough, a batch at a time; how many rows it were."""
    gone = 0
    while True:
        now = desk.clock.now()
        touched = await desk.work.retire(now - retention.content_s, now - retention.records_s, BATCH)
        gone += touched
        if touched < BATCH:
            return gone


async def sweeping(desk: Desk, retention: Retention, renew: Callable[[], Awaitable[None]]) -> None:
    """Sweep again and again, until cancelled.

    renew: the leases of what this process has in hand. They come first: a clock that was set ahead, or a process that
    stood still, must not take from itself what it is about to finish.
    """
    rotated_at = -ROTATE_S
    while True:
        try:
            at = desk.clock.now()  # before the renewal: the clock may jump in between
            await renew()
            if count := await sweep(desk, at):
                log("took over messages whose lease had run out", count=count)
            if count := await end(desk):
                log("ended messages whose time was over", count=count)
            if desk.clock.monotonic() - rotated_at >= ROTATE_S:
                await desk.work.rotate(desk.clock.now(), retention.content_s, retention.records_s)
                rotated_at = desk.clock.monotonic()
            await retire(desk, retention)
        except StoreDown as error:
            if error.fatal:
                raise
            warn("the sweep could not reach the store", reason=str(error))
        await desk.clock.sleep(EVERY_S)
