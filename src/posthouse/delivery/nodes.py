"""Several processes that send from one store: each knows how many they are, and keeps to its share of what is limited.

A process says every second that it lives. One that joins waits until the others have seen it before it sends; one that
has not said so for a while (stopped, frozen) counts as gone, and must say it again before it claims anything.
"""

from posthouse.delivery.desk import Desk
from posthouse.store.contract import StoreDown
from posthouse.telemetry import log, warn

EVERY_S = 1.0
"""Between two signs of life."""

GONE_S = 6.0
"""Who was not heard of for so long is gone: its share goes to the others."""

SEEN_S = 2.5
"""So long after its first sign of life everybody has seen a new process: two signs of theirs, and some delay."""

FRESH_S = 2.0
"""How old its own last sign of life may be for a process to claim: well before the others take its share, and before
one that it has not heard of yet begins to send."""


async def join(desk: Desk, node: str) -> None:
    """Return when this process may send: the others have seen it, or there are none."""
    while True:
        try:
            others = await beat(desk, node) > 1
        except StoreDown as error:
            if error.fatal:
                raise
            await desk.clock.sleep(EVERY_S)
            continue
        if others:
            await desk.clock.sleep(SEEN_S)
            desk.count_anew()
        try:
            await beat(desk, node)  # it counts what the others have sent until they saw it
        except StoreDown as error:
            if error.fatal:
                raise
            continue
        return


async def beat(desk: Desk, node: str) -> int:
    """One sign of life, and the share that follows from it; how many processes send.

    StoreDown also where it took so long that this process counts as gone: it says so anew, and claims nothing before.
    """
    began_at = desk.clock.monotonic()
    live = await desk.work.beat(node, GONE_S)
    if node not in live:
        raise StoreDown("its sign of life came too late, and it counts as gone")
    if live[0] == node:
        await desk.take_up_quotas()  # before it carries for them
    if desk.share(len(live), live.index(node)):
        log("the limits of providers are shared", count=len(live))
    desk.beat_at = began_at  # whoever came after that may not be among them
    return len(live)


async def beating(desk: Desk, node: str) -> None:
    """Say so again and again, until cancelled."""
    while True:
        await desk.clock.sleep(EVERY_S)
        try:
            await beat(desk, node)
        except StoreDown as error:
            if error.fatal:
                raise
            warn("this process could not say that it lives", reason=str(error))
