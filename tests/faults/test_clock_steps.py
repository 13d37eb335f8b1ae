"""The wall clock jumps an hour ahead and an hour back under load, in all processes at once.

Ahead, leases that are not renewed in time seem to have run out: what is sent again is marked. Back, what waits becomes
due an hour later, which is why the last jump is ahead.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.faults.auditor import audit, begun, unfinished
from tests.faults.carrier import carrying, slowly
from tests.faults.driver import Ledger, load, settle
from tests.faults.ground import Ground
from tests.faults.mutant import program
from tests.faults.report import Line
from tests.faults.server import configured, sendgrid, serving
from tests.faults.soak import chance, rounds

STEPS = rounds("STEPS", 5, 60)
HOUR_S = 3600.0
OFFSETS = (HOUR_S, 0.0, -HOUR_S, 0.0)
CALLERS = 8
OFTEN = program("goes_by_a_wrong_watch", "delivery.sweep.EVERY_S=0.1")
"""Whoever would believe in the wall clock looks between two of its steps for leases that have run out."""


class Watch:
    """The wall clock of the processes that are told of it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.step(0.0)

    def step(self, offset_s: float) -> None:
        """So far off from now on; in one moment, since half a number would be another time."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(offset_s))
        fresh.replace(self._file)

    @property
    def variables(self) -> dict[str, str]:
        return {"WATCH": str(self._file)}


@pytest.mark.timeout(120 + 5 * STEPS)
async def test_an_hour_that_is_skipped_or_comes_twice_costs_no_message_and_doubles_none_unmarked(
    ground: Ground, tell: Callable[[Line], None]
) -> None:
    ledger, refs, random, going = Ledger(), map(str, count()), chance("steps"), True
    clock = Watch(ground.folder / "watch")
    in_flight: set[tuple[str, int]] = set()
    async with carrying(lambda: slowly(random.uniform(0, 0.3))) as carrier:
        config = configured(ground.folder, {"first": sendgrid(carrier.port)}, store=ground.store)
        async with serving(config, program=OFTEN, words=ground.words, variables=clock.variables) as server:
            calling = asyncio.create_task(load(server.port, refs, ledger, CALLERS, lambda: going, once=True))
            for number in range(STEPS):
                await ledger.accepts(len(ledger.accepted) + 4 * CALLERS)
                clock.step(OFFSETS[number % 4])
                in_flight |= begun(await ground.stored())
                await carrier.arrived(len(carrier.arrivals) + CALLERS)  # what is new is sent at once
            clock.step(2 * HOUR_S)
            in_flight |= begun(await ground.stored())
            going = False
            await calling
            await settle(server.port, unfinished(await ground.stored()), ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, await ground.stored())
    tell(Line.of(f"clock steps, {ground.name}", STEPS, found, len(in_flight)))
    assert not found.violations, found.violations[:10]
    assert {answer.status for answer in ledger.answers} <= {200, 202}
    assert found.duplicates <= found.marked <= len(in_flight)
