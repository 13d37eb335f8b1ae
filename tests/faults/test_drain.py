"""SIGTERM under load: what has begun is finished, what has not is kept, and nobody is left with half an answer."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import msgspec
import pytest

from tests.faults.auditor import audit
from tests.faults.carrier import HANG, Carrier, Manner, carrying, slowly
from tests.faults.driver import Caller, Ledger, load
from tests.faults.ground import Ground, Sqlite, stored
from tests.faults.mutant import program
from tests.faults.report import Line
from tests.faults.server import STORE, configured, sendgrid, serving
from tests.faults.soak import chance, rounds

DRAINS = rounds("DRAINS", 2, 50)
"""On each store."""

CALLERS = 8
LONGEST_S = 30.0


class Stop(msgspec.Struct, frozen=True):
    """One stop under load. seconds: from SIGTERM to the end. under_way: attempts that had begun. doubts: left by it."""

    seconds: float
    under_way: int
    doubts: list[str]


async def stop(
    config: Path,
    ground: Ground,
    carrier: Carrier,
    ledger: Ledger,
    refs: Iterator[str],
    after_s: float,
    python: Sequence[str] | None = None,
) -> Stop:
    """Start, call, and ask it to stop while the callers go on."""
    clock = asyncio.get_running_loop().time
    async with serving(config, program=python or ground.program, words=ground.words) as server:
        calling = asyncio.create_task(load(server.port, refs, ledger, CALLERS, lambda: True))
        await ledger.reached(len(ledger.answers) + 1)
        await asyncio.sleep(after_s)
        asked, under_way = clock(), carrier.waiting
        assert await server.stopped(LONGEST_S) == 0, server.words()
        seconds = clock() - asked
        await calling
    messages = (await ground.stored()).values()
    doubts = [m.id for m in messages if m.marked or None in m.attempts or "unsure" in m.attempts]
    return Stop(seconds, under_way, doubts)


@pytest.mark.timeout(60 + 6 * DRAINS)
async def test_a_stopped_server_leaves_nothing_in_doubt(ground: Ground, tell: Callable[[Line], None]) -> None:
    random, moods, ledger, refs = chance("drains"), chance("moods"), Ledger(), map(str, count())

    def manner() -> Manner:
        return slowly(moods.uniform(0, 0.4))

    async with carrying(manner) as carrier:
        config = configured(ground.folder, {"carrier": sendgrid(carrier.port)}, store=ground.store)
        stops = [await stop(config, ground, carrier, ledger, refs, random.uniform(0, 0.5)) for _ in range(DRAINS)]
        async with serving(config, program=ground.program, words=ground.words) as server:
            await carrier.arrived(len(await ground.stored()), within_s=40)
            assert await server.stopped(LONGEST_S) == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, await ground.stored())
    fates = {fate: sum(a.fate == fate for a in ledger.answers) for fate in ("refused", "silent", "half")}
    turned_away, under_way = sum(a.status == 503 for a in ledger.answers), sum(one.under_way for one in stops)
    longest_s = max(one.seconds for one in stops)
    more = f"{under_way} under way at them, the longest took {longest_s:.2f} s; {turned_away} times 503, {fates}"
    tell(Line.of(f"SIGTERM, {ground.name}", DRAINS, found, 0, more))
    assert [one.doubts for one in stops] == [[]] * DRAINS
    assert under_way > 0
    assert not found.violations, found.violations[:10]
    assert found.duplicates == found.marked == 0
    assert {answer.status for answer in ledger.answers if answer.fate == "answered"} <= {202, 503}
    assert fates["half"] == 0


async def test_a_server_that_stops_at_once_is_seen_to_leave_doubts(tmp_path: Path) -> None:
    async with carrying(slowly(0.3)) as carrier:
        config = configured(tmp_path, {"carrier": sendgrid(carrier.port)})
        ledger, mutant = Ledger(), program("stops_at_once")
        one = await stop(config, Sqlite(tmp_path), carrier, ledger, map(str, count()), 0.2, mutant)
    assert one.doubts


async def test_a_second_sigterm_ends_it_at_once_and_what_was_under_way_is_known(tmp_path: Path) -> None:
    async with carrying(HANG) as carrier:
        config = configured(tmp_path, {"carrier": sendgrid(carrier.port)})
        async with serving(config) as server:
            caller = Caller(server.port)
            assert (await caller.post("1")).status == 202
            await carrier.arrived(1)
            server.signal(signal.SIGTERM)
            while (answer := await caller.post("2")).accepted:
                pass
            assert answer.status == 503 or answer.fate in ("refused", "silent")
            assert server.running
            server.signal(signal.SIGTERM)
            assert await server.ended(5.0) == 128 + signal.SIGTERM
            await caller.close()
        open_attempts = [m.ref for m in stored(tmp_path / STORE).values() if None in m.attempts]
    assert "1" in open_attempts
