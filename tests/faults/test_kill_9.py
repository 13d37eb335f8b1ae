"""SIGKILL at random moments under load, again and again on one store; then everything is accounted for.

On SQLite the one process is killed; on PostgreSQL a worker, then the supervisor, or all of them at once.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from random import Random

import msgspec
import pytest

from tests.faults.auditor import Audit, audit, begun, unfinished
from tests.faults.carrier import ACCEPT, UNAVAILABLE, Manner, carrying, slowly
from tests.faults.driver import Caller, Ledger, load, settle
from tests.faults.ground import Ground
from tests.faults.mutant import SOON, SOON_TIMEOUT_S, program
from tests.faults.report import Line
from tests.faults.server import Server, configured, launched, sendgrid, serving
from tests.faults.soak import chance, rounds

KILLS = rounds("KILLS", 4, 150)
"""Of each store."""

CALLERS = 8


class Crashes(msgspec.Struct, frozen=True):
    """in_flight: attempts that were open at the kills, all together."""

    kills: int
    in_flight: int
    audit: Audit


async def crash(ground: Ground, kills: int, python: Sequence[str]) -> Crashes:
    """Let a server live and die so often; then let the last one finish everything."""
    ledger, refs, random = Ledger(), map(str, count()), chance(f"kills {ground.name}")
    in_flight: set[tuple[str, int]] = set()
    killed = 0
    async with carrying(moody(chance("moods"))) as carrier:
        one = sendgrid(carrier.port, timeout_s=SOON_TIMEOUT_S)
        config = configured(ground.folder, {"first": one, "second": one}, store=ground.store)
        while killed < kills:
            async with launched(config, program=python, words=ground.words) as server:
                killed += await _life(server, ground, ledger, refs, random)
            await ground.still()
            answers, arrivals = list(ledger.answers), list(carrier.arrivals)
            left = await ground.stored()
            in_flight |= begun(left)
            now = audit(answers, arrivals, left, over=False)
            assert not now.violations, f"after {killed} kills: {now.violations[:10]}"
        async with serving(config, program=python, words=ground.words) as server:
            await settle(server.port, [*ledger.unanswered, *unfinished(await ground.stored())], ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, await ground.stored())
    return Crashes(killed, len(in_flight), found)


def moody(random: Random) -> Callable[[], Manner]:
    """A carrier that is quick, slow or out of order."""

    def manner() -> Manner:
        draw = random.random()
        return ACCEPT if draw < 0.2 else UNAVAILABLE if draw < 0.25 else slowly(random.uniform(0, 0.1))

    return manner


async def _life(server: Server, ground: Ground, ledger: Ledger, refs: Iterator[str], random: Random) -> int:
    """One life, from its start to a moment that is drawn, sometimes before it is ready. How many kills it took."""
    kills, over = 1, False
    if ledger.answers and random.random() < 0.15:
        await asyncio.sleep(random.uniform(0, 0.8))
        await server.fell()
    else:
        await server.ready()
        calling = asyncio.create_task(_call(server.port, ledger, refs, lambda: not over))
        await asyncio.sleep(random.uniform(0, 0.6))
        if ground.words and random.random() < 0.8:
            os.kill(random.choice(server.workers), signal.SIGKILL)
            kills = 2
            await asyncio.sleep(random.uniform(0, 0.6))
        over = True
        await (server.behead() if random.random() < 0.5 else server.fell())
        await calling
    assert await server.gone() == -signal.SIGKILL, server.words()
    return kills


async def _call(port: int, ledger: Ledger, refs: Iterator[str], go_on: Callable[[], bool]) -> None:
    """As clients do: first what was left without an answer is posted again, under its key; then what is new."""
    again = iter(ledger.unanswered)
    caller = Caller(port)
    for ref in again:
        if not go_on():
            return
        await ledger.enter(await caller.post(ref, once=True))
    await caller.close()
    await load(port, refs, ledger, CALLERS, go_on, undaunted=True, once=True)


@pytest.mark.timeout(60 + 8 * KILLS)
async def test_what_was_accepted_survives_every_kill_and_is_sent_once_or_marked(
    ground: Ground, tell: Callable[[Line], None]
) -> None:
    run = await crash(ground, KILLS, ground.program)
    found = run.audit
    tell(Line.of(f"kill -9, {ground.name}", run.kills, found, run.in_flight))
    assert not found.violations, found.violations[:10]
    assert found.accepted >= run.kills
    assert found.duplicates <= found.marked <= run.in_flight
    assert await ground.sound()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("ground", ["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.soak)], indirect=True)
async def test_the_auditor_sees_a_server_that_forgets_what_it_had_begun(ground: Ground) -> None:
    # Of several workers one that was started anew only takes in at first: more of the kills find nothing begun.
    kills = 4 if ground.name == "SQLite" else 10
    run = await crash(ground, kills, program(*SOON, "forgets_attempts"))
    unmarked = [sentence for sentence in run.audit.violations if sentence.endswith("is not marked")]
    assert unmarked, f"{run.in_flight} in flight; {run.audit}"
