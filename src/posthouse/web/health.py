"""Whether this process lives, and whether it would do its work."""

from collections.abc import Callable, Mapping
from math import inf
from typing import TYPE_CHECKING

from posthouse.clock import Clock
from posthouse.intake.canary import Canary, failing
from posthouse.store.contract import Store, StoreDown
from posthouse.web.answer import Answer, answer
from posthouse.web.backlog import DEAR
from posthouse.web.request import Request

if TYPE_CHECKING:
    from posthouse.web.door import Door

Circuits = Callable[[float], Mapping[str, Mapping[str, str]]]
"""now → pool → provider → state of its circuit."""


async def alive(door: "Door", request: Request) -> Answer:
    """GET /healthz: the process answers. Nothing else is asked, so that nothing else can make it be restarted."""
    return answer(200, {"status": "ok"})


async def ready(door: "Door", request: Request) -> Answer:
    """GET /readyz"""
    return await door.readiness.ready()


class Readiness:
    """stopping(): whether the process is draining. circuits: of all pools. broken(): whether the configuration that was
    read last could not be taken over, so that the one before is in force."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        circuits: Circuits,
        stopping: Callable[[], bool],
        canary: Canary,
        broken: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock, self._store, self._circuits = clock, store, circuits
        self._stopping, self._canary, self._broken = stopping, canary, broken
        self._in_doubt, self._again_at = 0, -inf

    async def ready(self) -> Answer:
        """200 where messages would be taken, 503 where not; circuits and canaries are told, and do not decide.

        A message is taken while every provider is down: it waits on disk, which is the point. Who takes a server out of
        rotation for a provider's failure takes them all out.
        """
        now = self._clock.now()
        try:
            waiting_s: float | None = round(await self._store.waiting(now), 3)
            in_doubt: int | None = await self._doubts()
        except StoreDown:
            waiting_s = in_doubt = None
        circuits = self._circuits(now)
        open_circuits = sum(state == "open" for pool in circuits.values() for state in pool.values())
        ready = waiting_s is not None and not self._stopping()
        document = {
            "status": "ready" if ready else "stopping" if self._stopping() else "store-down",
            "store": "ok" if waiting_s is not None else "down",
            "queue_oldest_seconds": waiting_s,
            "circuits": {"open": open_circuits, "of": sum(len(pool) for pool in circuits.values())},
            "canary": self._canaries(),
            "in_doubt": in_doubt,
            "configuration": "broken" if self._broken() else "ok",
        }
        return answer(200 if ready else 503, document)

    def _canaries(self) -> dict[str, int] | None:
        """How many fail, of how many; no names, which are for those with a key."""
        rounds = self._canary.rounds
        if rounds is None:
            return None
        return {"failing": failing(self._canary.shown().values()), "of": len(rounds.providers)}

    async def _doubts(self) -> int:
        """How many messages are in doubt: of this moment, or of one not long ago where it takes long to count them."""
        began = self._clock.monotonic()
        if began >= self._again_at:
            self._in_doubt = (await self._store.doubts()).count
            ended = self._clock.monotonic()
            self._again_at = ended + DEAR * (ended - began)
        return self._in_doubt
