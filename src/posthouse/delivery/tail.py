"""Follows what operators switch: whoever set it, on whatever machine, every worker knows within a second."""

from posthouse.delivery.desk import Desk
from posthouse.store.contract import Controls, StoreDown
from posthouse.telemetry import warn

EVERY_S = 0.5


async def follow(desk: Desk, controls: Controls) -> None:
    """Take over the switches as they stand in the store."""
    desk.switched(await controls.switches())


async def following(desk: Desk, controls: Controls) -> None:
    """Follow again and again, until cancelled. While the store is down, what was last known holds."""
    while True:
        try:
            await follow(desk, controls)
        except StoreDown as error:
            if error.fatal:
                raise
            warn("the switches could not be read", reason=str(error))
        await desk.clock.sleep(EVERY_S)
