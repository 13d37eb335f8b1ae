"""The power fails under load: what was answered with 202 is there after the file system has replayed its journal.

Whoever writes to the drive is frozen first (an unfrozen sync could be told that it went well after the power was gone),
then the file system is told to forget all that is not written down, everything is killed, and the drive mounted again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import pytest

from tests.faults import drive as drives
from tests.faults.auditor import Audit, audit, begun, unfinished
from tests.faults.carrier import Carrier, carrying, slowly
from tests.faults.drive import Drive, drive
from tests.faults.driver import Ledger, load, settle
from tests.faults.freeze import Orphan, freeze
from tests.faults.ground import Ground, Postgres, Sqlite
from tests.faults.mutant import SOON, SOON_TIMEOUT_S, program
from tests.faults.report import Line
from tests.faults.server import Server, children, configured, launched, sendgrid
from tests.faults.soak import chance, rounds
from tests.store import database

pytestmark = pytest.mark.skipif(drives.missing() is not None, reason=drives.missing() or "")

CUTS = {"SQLite": rounds("CUTS", 2, 50), "PostgreSQL": rounds("POSTGRES_CUTS", 1, 12)}
MEBIBYTES = {"SQLite": 64, "PostgreSQL": 768}
CALLERS = 8


class Machine:
    """Posthouse on SQLite, on a drive."""

    def __init__(self, drive: Drive, ground: Ground) -> None:
        self.drive, self.ground = drive, ground

    @property
    def others(self) -> list[int]:
        """What runs there besides Posthouse."""
        return []

    async def off(self, server: Server) -> None:
        """The power fails."""
        others = [Orphan(pid) for pid in self.others]
        try:
            await freeze([server.pid, *server.workers, *self.others])
            self.drive.cut()
        finally:
            for other in others:
                other.kill()
        await server.fell()
        await server.gone()
        for other in others:
            await other.ended()

    async def on(self) -> None:
        """It comes back."""
        self.drive.unmount()
        self.drive.mount()


class WithPostgres(Machine):
    """PostgreSQL, whose files are on the drive, and Posthouse beside it."""

    def __init__(self, drive: Drive, server: database.Server, ground: Postgres) -> None:
        super().__init__(drive, ground)
        self._server = server

    @property
    def others(self) -> list[int]:
        return [self._server.pid, *children(self._server.pid)]

    async def on(self) -> None:
        await super().on()
        self._server.forget()
        await asyncio.to_thread(self._server.start)


@pytest.fixture(params=list(CUTS))
async def machine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Machine]:
    with drive(MEBIBYTES[request.param]) as made:
        if request.param == "SQLite":
            yield Machine(made, Sqlite(made.folder))
            return
        server = database.Server(database.given(made.folder / "data"))
        try:
            ground = await Postgres.create(made.folder, server)
            made.settle()
            yield WithPostgres(made, server, ground)
        finally:
            server.remove()


class Blackouts:
    """Power cuts of one machine, one after the other. in_flight: attempts that had begun when it went dark."""

    def __init__(self, machine: Machine, carrier: Carrier, folder: Path, python: Sequence[str]) -> None:
        self._machine, self._carrier, self._program = machine, carrier, python
        self.ledger, self._refs = Ledger(), map(str, count())
        self.in_flight: set[tuple[str, int]] = set()
        self._random = chance(f"cuts {machine.ground.name}")
        first = sendgrid(carrier.port, timeout_s=SOON_TIMEOUT_S)
        self._config = configured(folder, {"first": first}, store=machine.ground.store)

    async def one(self) -> Audit:
        """Under load, at a moment that is drawn; what can be said of it when the light is on again."""
        machine = self._machine
        async with self._launched() as server:
            await server.ready()
            calling = asyncio.create_task(load(server.port, self._refs, self.ledger, CALLERS, lambda: True, once=True))
            await self.ledger.accepts(len(self.ledger.accepted) + CALLERS)
            await asyncio.sleep(self._random.uniform(0, 0.5))
            await machine.off(server)
            await calling
        await machine.on()
        kept = await machine.ground.stored()
        self.in_flight |= begun(kept)
        return audit(self.ledger.answers, self._carrier.arrivals, kept, over=False)

    async def verdict(self) -> Audit:
        """Let everything come to its end, and judge it."""
        ground = self._machine.ground
        async with self._launched() as server:
            await server.ready()
            await settle(server.port, [*self.ledger.unanswered, *unfinished(await ground.stored())], self.ledger)
            assert await server.stopped() == 0, server.words()
        return audit(self.ledger.answers, self._carrier.arrivals, await ground.stored())

    def _launched(self) -> AbstractAsyncContextManager[Server]:
        return launched(self._config, program=self._program, words=self._machine.ground.words)


@pytest.mark.timeout(90 + 8 * max(CUTS.values()))
async def test_what_was_answered_with_202_is_there_after_a_power_cut(
    machine: Machine, tmp_path: Path, tell: Callable[[Line], None]
) -> None:
    ground = machine.ground
    async with carrying(slowly(0.02)) as carrier:
        blackouts = Blackouts(machine, carrier, tmp_path, ground.program)
        for number in range(CUTS[ground.name]):
            found = await blackouts.one()
            assert not found.violations, f"after cut {number + 1}: {found.violations[:10]}"
            assert await ground.sound()
        found = await blackouts.verdict()
    in_flight = len(blackouts.in_flight)
    tell(Line.of(f"power cut, {ground.name}", CUTS[ground.name], found, in_flight))
    assert not found.violations, found.violations[:10]
    assert found.duplicates <= found.marked <= in_flight


@pytest.mark.timeout(120)
@pytest.mark.parametrize("machine", ["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.soak)], indirect=True)
async def test_a_power_cut_is_seen_to_take_what_was_not_synced(machine: Machine, tmp_path: Path) -> None:
    async with carrying(slowly(0.02)) as carrier:
        blackouts = Blackouts(machine, carrier, tmp_path, program(*SOON, "forgets_to_sync"))
        lost = 0
        for _ in range(5):
            lost += (await blackouts.one()).lost
            if lost:
                break
    assert lost
