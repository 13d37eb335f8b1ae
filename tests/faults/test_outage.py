"""PostgreSQL goes away under the whole product, in each way it can, again and again; then all is accounted for."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from random import Random

import asyncpg
import pytest

from tests.faults.auditor import audit, begun, unfinished
from tests.faults.carrier import carrying
from tests.faults.driver import Ledger, load, settle
from tests.faults.freeze import Orphan, frozen
from tests.faults.ground import Postgres
from tests.faults.report import Line
from tests.faults.server import children, configured, sendgrid, serving
from tests.faults.soak import SOAK, chance, rounds
from tests.faults.test_kill_9 import moody
from tests.store import database

RESTARTS = rounds("RESTARTS", 4, 32)
LONGEST_S = 3.0 if SOAK else 1.0
"""That it hangs: less than it may take for a transaction."""

CALLERS = 8
WITHIN_S = 60.0
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'posthouse'"

Outage = Callable[[database.Server, Random], Awaitable[None]]


async def stopped_dead(server: database.Server, random: Random) -> None:
    """As after a power cut: nothing is finished, and the next start recovers."""

    def again() -> None:
        with server.stopped("immediate"):
            pass

    await asyncio.to_thread(again)


async def killed(server: database.Server, random: Random) -> None:
    """The first of its processes is killed; the others notice, and leave."""
    rest = [Orphan(pid) for pid in children(server.pid)]
    os.kill(server.pid, signal.SIGKILL)
    for orphan in rest:
        await orphan.ended()
    server.forget()
    await asyncio.to_thread(server.start)


async def cut(server: database.Server, random: Random) -> None:
    """All connections end, a few times."""
    db = await asyncpg.connect(server.url())
    for _ in range(3):
        await db.execute(CUT)
        await asyncio.sleep(random.uniform(0, 0.1))
    await db.close()


async def hanging(server: database.Server, random: Random) -> None:
    """None of its processes does anything for a while."""
    async with frozen([server.pid, *children(server.pid)]):
        await asyncio.sleep(random.uniform(0.5, LONGEST_S))


OUTAGES: dict[str, Outage] = {"stopped dead": stopped_dead, "killed": killed, "cut": cut, "hanging": hanging}


def outages(random: Random) -> Iterator[str]:
    """Each of them equally often, in any order."""
    while True:
        yield from random.sample(list(OUTAGES), len(OUTAGES))


@pytest.mark.parametrize("ground", ["PostgreSQL"], indirect=True)
@pytest.mark.timeout(90 + 20 * RESTARTS)
async def test_whatever_becomes_of_the_database_nothing_is_lost_and_nothing_sent_twice_unmarked(
    ground: Postgres, tell: Callable[[Line], None]
) -> None:
    ledger, refs, random, going = Ledger(), map(str, count()), chance("outages"), True
    in_flight: set[tuple[str, int]] = set()
    kinds = outages(random)
    async with carrying(moody(chance("moods"))) as carrier:
        one = sendgrid(carrier.port)
        config = configured(ground.folder, {"first": one, "second": one}, store=ground.store)
        async with serving(config, words=ground.words) as server:
            calling = asyncio.create_task(
                load(server.port, refs, ledger, CALLERS, lambda: going, undaunted=True, once=True)
            )
            await ledger.reached(CALLERS)
            for _ in range(RESTARTS):
                kind = next(kinds)
                await asyncio.sleep(random.uniform(0.2, 0.8))
                await OUTAGES[kind](ground.server, random)
                answers, arrivals = list(ledger.answers), list(carrier.arrivals)
                left = await ground.stored()
                in_flight |= begun(left)
                now = audit(answers, arrivals, left, over=False)
                assert not now.violations, f"{kind}: {now.violations[:10]}"
                async with asyncio.timeout(WITHIN_S):
                    await ledger.accepts(len(ledger.accepted) + CALLERS)
            going = False
            await calling
            await settle(server.port, [*ledger.unanswered, *unfinished(await ground.stored())], ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, await ground.stored())
    refused = sum(answer.status == 503 for answer in ledger.answers)
    tell(Line.of("outages, PostgreSQL", RESTARTS, found, len(in_flight), f"{refused} times 503"))
    assert not found.violations, found.violations[:10]
    assert found.duplicates <= found.marked <= len(in_flight)
    assert {answer.status for answer in ledger.answers if answer.fate == "answered"} <= {200, 202, 503}
    assert await ground.sound()
