"""SIGKILL at random moments under load, again and again on one store; then everything is accounted for.

POSTHOUSE_KILLS says how often, POSTHOUSE_SEED repeats the moments of an earlier run (the machine's own timing differs).
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random

import msgspec
import pytest

from tests.faults.auditor import Audit, audit, sound, stored, unfinished
from tests.faults.carrier import ACCEPT, UNAVAILABLE, Manner, carrying, slowly
from tests.faults.driver import Caller, Ledger, load, settle
from tests.faults.mutant import program
from tests.faults.server import POSTHOUSE, STORE, configured, launched, sendgrid, serving

KILLS = int(os.environ.get("POSTHOUSE_KILLS", "8"))
SEED = int(os.environ.get("POSTHOUSE_SEED", "0")) or Random().randrange(1, 2**32)
CALLERS = 8


class Crashes(msgspec.Struct, frozen=True):
    """in_flight: attempts that were open at the kills, all together."""

    kills: int
    in_flight: int
    audit: Audit


async def crash(folder: Path, kills: int, python: Sequence[str] = POSTHOUSE) -> Crashes:
    """Let a server live and die so often; then let the last one finish everything."""
    ledger, refs = Ledger(), map(str, count())
    in_flight: set[tuple[str, int]] = set()
    random = Random(SEED)
    async with carrying(moody(Random(SEED))) as carrier:
        one = sendgrid(carrier.port)
        config = configured(folder, {"first": one, "second": one})
        for _ in range(kills):
            await _life(config, ledger, refs, random, python)
            in_flight |= {(m.id, len(m.attempts)) for m in stored(folder / STORE).values() if None in m.attempts}
        async with serving(config, program=python) as server:
            await settle(server.port, [*ledger.unanswered, *unfinished(stored(folder / STORE))], ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, stored(folder / STORE))
    return Crashes(kills, len(in_flight), found)


def moody(random: Random) -> Callable[[], Manner]:
    """A carrier that is quick, slow or out of order."""

    def manner() -> Manner:
        draw = random.random()
        return ACCEPT if draw < 0.2 else UNAVAILABLE if draw < 0.25 else slowly(random.uniform(0, 0.1))

    return manner


async def _life(config: Path, ledger: Ledger, refs: Iterator[str], random: Random, python: Sequence[str]) -> None:
    """One process, from its start to a moment that is drawn: sometimes before it is ready."""
    async with launched(config, program=python) as server:
        if (config.parent / STORE).exists() and random.random() < 0.15:
            await asyncio.sleep(random.uniform(0, 0.8))
            server.kill()
        else:
            await server.ready()
            calling = asyncio.create_task(_call(server.port, ledger, refs))
            await asyncio.sleep(random.uniform(0, 0.6))
            server.kill()
            await calling
        assert await server.ended() == -9, server.words()


async def _call(port: int, ledger: Ledger, refs: Iterator[str]) -> None:
    """As clients do: first what was left without an answer is posted again, under its key; then what is new."""
    again = iter(ledger.unanswered)
    caller = Caller(port)
    for ref in again:
        answer = await caller.post(ref, once=True)
        await ledger.enter(answer)
        if answer.fate != "answered":
            return
    await caller.close()
    await load(port, refs, ledger, CALLERS, lambda: True, once=True)


@pytest.mark.timeout(60 + 5 * KILLS)
async def test_what_was_accepted_survives_every_kill_and_is_sent_once_or_marked(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    run = await crash(tmp_path, KILLS)
    found = run.audit
    tell(f"POSTHOUSE_SEED={SEED}: {run.kills} kills, {run.in_flight} attempts in flight at them; {found}")
    assert not found.violations, f"POSTHOUSE_SEED={SEED}: {found.violations[:10]}"
    assert found.accepted >= run.kills
    assert found.duplicates <= found.marked <= run.in_flight
    assert sound(tmp_path / STORE)


@pytest.mark.timeout(120)
async def test_the_auditor_sees_a_server_that_forgets_what_it_had_begun(tmp_path: Path) -> None:
    run = await crash(tmp_path, 4, program("forgets_attempts"))
    unmarked = [sentence for sentence in run.audit.violations if sentence.endswith("is not marked")]
    assert unmarked, f"POSTHOUSE_SEED={SEED}: {run.in_flight} in flight; {run.audit}"
