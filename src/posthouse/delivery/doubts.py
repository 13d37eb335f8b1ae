"""Reminds of the messages that wait for a verdict since the store was restored: nobody else would send them."""

from typing import Final

from posthouse.clock import Clock
from posthouse.store.contract import Restored, StoreDown
from posthouse.telemetry import warn

EVERY_S: Final = 600.0


async def remind(store: Restored) -> int:
    """Say how many there are, where there are any; how many."""
    count = (await store.doubts()).count
    if count:
        why = "the store was restored; they may have been sent since: 'posthouse release' tells more"
        warn("messages are held until somebody says what becomes of them", count=count, reason=why)
    return count


async def reminding(store: Restored, clock: Clock) -> None:
    """Remind again and again, until cancelled."""
    while True:
        try:
            await remind(store)
        except StoreDown as error:
            if error.fatal:
                raise
        await clock.sleep(EVERY_S)
