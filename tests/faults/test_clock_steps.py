"""The wall clock jumps an hour ahead and back under load. Durations are not measured by it, so nothing comes of it."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

from tests.faults import watch
from tests.faults.auditor import audit, begun, unfinished
from tests.faults.carrier import carrying, slowly
from tests.faults.driver import Ledger, load, settle
from tests.faults.ground import Ground
from tests.faults.mutant import program
from tests.faults.report import Line
from tests.faults.server import configured, sendgrid, serving
from tests.faults.soak import chance, rounds
from tests.faults.watch import Watch

pytestmark = pytest.mark.skipif(watch.missing() is not None, reason=watch.missing() or "")

STEPS = rounds("STEPS", 3, 40)
HOUR_S = 3600
CALLERS = 8
OFTEN = program("delivery.sweep.EVERY_S=0.1")
"""Whoever would believe in the wall clock sees between two of its steps that leases have run out."""


@pytest.mark.timeout(120 + 5 * STEPS)
async def test_an_hour_that_is_skipped_or_comes_twice_costs_no_message_and_doubles_none(
    ground: Ground, tell: Callable[[Line], None]
) -> None:
    ledger, refs, random, going = Ledger(), map(str, count()), chance("steps"), True
    clock = Watch(ground.folder / "watch")
    in_flight: set[tuple[str, int]] = set()
    async with carrying(lambda: slowly(random.uniform(0, 0.6))) as carrier:
        config = configured(ground.folder, {"first": sendgrid(carrier.port)}, store=ground.store)
        async with serving(config, program=OFTEN, words=ground.words, variables=clock.variables) as server:
            calling = asyncio.create_task(load(server.port, refs, ledger, CALLERS, lambda: going, once=True))
            for number in range(STEPS):
                await ledger.accepts(len(ledger.accepted) + 4 * CALLERS)
                clock.step((HOUR_S, 0, -HOUR_S, 0)[number % 4])
                in_flight |= begun(await ground.stored())
                await carrier.arrived(len(carrier.arrivals) + CALLERS)
            clock.step(0)
            going = False
            await calling
            await settle(server.port, unfinished(await ground.stored()), ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, await ground.stored())
    tell(Line.of(f"clock steps, {ground.name}", STEPS, found, len(in_flight)))
    assert not found.violations, found.violations[:10]
    assert {answer.status for answer in ledger.answers} <= {200, 202}
    assert found.duplicates == found.marked == 0
