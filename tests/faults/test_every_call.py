"""Killed at every single call with which one message is taken and sent: the first write, the second, the first sync, …

A process is attached to when it is ready, and dies on the threshold of its n-th call of one name while a message goes
through it. The next process is started on what is left, brings that message to its end, is judged, and dies one call
later; until one lives through it.
"""

from collections import Counter
from collections.abc import Callable
from itertools import count
from signal import SIGKILL

import pytest

from tests.faults import trace
from tests.faults.auditor import Audit, audit, begun, unfinished
from tests.faults.carrier import Carrier, carrying
from tests.faults.driver import Answer, Caller, Ledger, settle
from tests.faults.fault import injected, killing
from tests.faults.ground import Ground
from tests.faults.mutant import SOON, SOON_TIMEOUT_S, program
from tests.faults.report import Line
from tests.faults.server import Server, configured, sendgrid, serving
from tests.faults.soak import chance, rounds
from tests.faults.trace import calls

pytestmark = pytest.mark.skipif(trace.unattachable() is not None, reason=trace.unattachable() or "")

TRIED = rounds("CALLS", 3, 0)
"""So many positions are tried, the seed says which; 0: every one."""

SOONER = (*SOON, "delivery.desk.LEASE_S=2")
TIMEOUT_S = SOON_TIMEOUT_S / 3


class Sweep:
    """One store and its carrier, through many lives. in_flight: attempts that were open at the ends of those."""

    def __init__(self, ground: Ground, carrier: Carrier, *changes: str) -> None:
        self.ground, self.carrier = ground, carrier
        self.ledger, self.refs = Ledger(), map(str, count())
        self.in_flight: set[tuple[str, int]] = set()
        self.kills = 0
        self._program = program(*SOONER, *changes)
        first = sendgrid(carrier.port, timeout_s=TIMEOUT_S)
        self._config = configured(ground.folder, {"first": first}, store=ground.store)

    async def positions(self) -> dict[str, int]:
        """How often each call is made while a message goes through: by the thread that makes it most."""
        log = self.ground.folder / "calls"
        async with serving(self._config, program=self._program) as server:
            async with injected(server.pid, (), log):
                assert (await self._post(server)).state == "sent"
            assert await server.stopped() == 0, server.words()
        with log.open() as lines:
            made = Counter((call.name, call.thread) for call in calls(lines) if call.result is None)
        most: dict[str, int] = {}
        for (name, _), number in made.items():
            most[name] = max(number, most.get(name, 0))
        return most

    async def kill_at(self, call: str, when: int) -> bool:
        """Start it, settle what the last one left, and let a message through until it is killed; whether it was."""
        async with serving(self._config, program=self._program) as server:
            await self._settle(server)
            fault, log = killing(call, when), self.ground.folder / "calls"
            async with injected(server.pid, fault, log):
                answer = await self._post(server)
                if answer.state == "sent" and server.running:
                    return False
            assert await server.ended() == -SIGKILL, server.words()
        await self.ground.still()
        self.in_flight |= begun(await self.ground.stored())
        self.kills += 1
        return True

    async def verdict(self) -> Audit:
        """Settle, stop, and judge all of it."""
        async with serving(self._config, program=self._program) as server:
            await self._settle(server)
            assert await server.stopped() == 0, server.words()
        return audit(self.ledger.answers, self.carrier.arrivals, await self.ground.stored())

    async def _post(self, server: Server) -> Answer:
        caller = Caller(server.port)
        answer = await caller.post(next(self.refs), once=True, wait_s=10)
        await caller.close()
        await self.ledger.enter(answer)
        return answer

    async def _settle(self, server: Server) -> None:
        left = [*self.ledger.unanswered, *unfinished(await self.ground.stored())]
        await settle(server.port, left, self.ledger)
        found = audit(self.ledger.answers, self.carrier.arrivals, await self.ground.stored())
        assert not found.violations, (self.kills, found.violations)


@pytest.mark.timeout(120 if TRIED else 1800)
async def test_wherever_it_is_killed_one_message_is_neither_lost_nor_sent_twice_unmarked(
    ground: Ground, tell: Callable[[Line], None]
) -> None:
    kills = Counter[str]()
    async with carrying() as carrier:
        sweep = Sweep(ground, carrier)
        made = await sweep.positions()
        if TRIED:
            every = [(call, when) for call, most in made.items() for when in range(1, most + 1)]
            for call, when in chance("calls").sample(every, TRIED):
                kills[call] += await sweep.kill_at(call, when)
        else:
            for call in made:
                while await sweep.kill_at(call, kills[call] + 1):
                    kills[call] += 1
        found = await sweep.verdict()
    where = ", ".join(f"{call} {number}" for call, number in kills.items())
    tell(Line.of(f"killed at every call, {ground.name}", sweep.kills, found, len(sweep.in_flight), where))
    assert not found.violations, found.violations
    assert found.duplicates <= found.marked <= len(sweep.in_flight)
    assert sweep.kills > 0
