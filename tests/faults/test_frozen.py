"""A process that stands still for longer than its leases last, with messages in hand, and goes on as if nothing was.

On PostgreSQL another process takes them over meanwhile, and the one that wakes may write nothing but evidence.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

import asyncpg
import msgspec
import pytest

from tests.faults.auditor import Audit, audit, begun, unfinished
from tests.faults.carrier import ACCEPT, Carrier, carrying, slowly
from tests.faults.driver import Ledger, load, settle
from tests.faults.freeze import freeze, frozen, thaw
from tests.faults.ground import Postgres, Sqlite
from tests.faults.mutant import SOON, program
from tests.faults.report import Line
from tests.faults.server import Server, configured, sendgrid, serving
from tests.faults.soak import rounds

FREEZES = rounds("FREEZES", 1, 10)
"""On each store."""

LEASE_S = 4.0
TIMEOUT_S = 1.2
CHANGES = (*SOON, f"delivery.desk.LEASE_S={LEASE_S}")
UNDER_WAY = 5
CALLERS = 8
LATE = "an answer came after the lease was lost; it is kept as evidence"
STATE = """
SELECT json_agg(m ORDER BY m.id) || '' FROM messages AS m
UNION ALL SELECT json_agg(a ORDER BY message, number) || '' FROM
  (SELECT message, number, provider, fence, started_at, finished_at, outcome, status, detail FROM attempts) AS a
UNION ALL SELECT json_agg(e ORDER BY seq) || '' FROM events AS e
"""


class Frozen(msgspec.Struct, frozen=True):
    """changed: whether the one that woke changed what it may not; forbidden: or tried to, and the tables forbade it.

    evidence: how often it had an answer to add.
    """

    audit: Audit
    in_flight: int
    changed: bool
    forbidden: bool
    evidence: int


def not_yet(over: asyncio.Event) -> Callable[[], bool]:
    return lambda: not over.is_set()


async def under_way(carrier: Carrier) -> None:
    async with asyncio.timeout(30):
        while carrier.waiting < UNDER_WAY:  # noqa: ASYNC110  it goes up and down
            await asyncio.sleep(0.002)


@pytest.mark.timeout(60 + 30 * FREEZES)
async def test_the_only_process_frozen_past_its_leases_loses_nothing_and_marks_what_it_sends_again(
    tmp_path: Path, tell: Callable[[Line], None]
) -> None:
    ground, ledger, refs = Sqlite(tmp_path), Ledger(), map(str, count())
    in_hand: set[str] = set()
    async with carrying(slowly(0.3)) as carrier:
        one = sendgrid(carrier.port, timeout_s=TIMEOUT_S)
        config = configured(tmp_path, {"first": one, "second": one})
        async with serving(config, program=program(*CHANGES)) as server:
            for _ in range(FREEZES):
                over = asyncio.Event()
                calling = asyncio.create_task(load(server.port, refs, ledger, CALLERS, not_yet(over), once=True))
                await under_way(carrier)
                async with frozen([server.pid]):
                    # Of what waited, some was being claimed; and of what was being posted, with the same commit.
                    in_hand |= set(unfinished(await ground.stored()))
                    told = len(ledger.answers)
                    over.set()
                    await asyncio.sleep(LEASE_S + 0.5)  # time itself is what happens here
                await calling
                in_hand |= {answer.ref for answer in ledger.answers[told:]}
                await settle(server.port, unfinished(await ground.stored()), ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, await ground.stored())
    tell(Line.of("frozen past its leases, SQLite", FREEZES, found, len(in_hand)))
    assert not found.violations, found.violations[:10]
    assert found.duplicates <= found.marked <= len(in_hand)


async def take_over(folder: Path, *changes: str) -> Frozen:
    """One of two delivery processes is frozen with messages in hand; the other one finishes; the first one wakes.

    changes: made to the one that is frozen.
    """
    ground, ledger, refs, over = await Postgres.create(folder), Ledger(), map(str, count()), asyncio.Event()
    async with carrying(slowly(0.3)) as carrier:
        first = sendgrid(carrier.port, timeout_s=TIMEOUT_S)

        def node(name: str, role: str, *more: str) -> AbstractAsyncContextManager[Server]:
            (folder / name).mkdir()
            config = configured(folder / name, {"first": first, "second": first}, store=ground.store)
            return serving(config, program=program(*CHANGES, *more), words=("--role", role))

        async with node("web", "web") as web, node("one", "delivery", *changes) as one:
            calling = asyncio.create_task(load(web.port, refs, ledger, CALLERS, not_yet(over), once=True))
            await under_way(carrier)
            await freeze([one.pid])
            await ledger.reached(len(ledger.answers) + 4 * CALLERS)  # whatever it had asked the database for is done
            over.set()
            await calling
            in_flight = begun(await ground.stored())
            carrier.manner = lambda: ACCEPT
            async with node("other", "delivery") as other:
                await settle(web.port, unfinished(await ground.stored()), ledger)
                before = await state(ground)
                thaw([one.pid])
                await until_said(one, LATE, len(in_flight))
                assert await one.stopped() == 0 or changes, one.words()
                after = await state(ground)
                for node_ in (other, web):
                    assert await node_.stopped() == 0, node_.words()
        found = audit(ledger.answers, carrier.arrivals, await ground.stored())
    forbidden = "CheckViolationError" in one.words()
    return Frozen(found, len(in_flight), before != after, forbidden, one.words().count(LATE))


async def state(ground: Postgres) -> list[str]:
    """All that the store says of messages, but for evidence."""
    db = await asyncpg.connect(ground.store)
    try:
        return [row[0] for row in await db.fetch(STATE)]
    finally:
        await db.close()


async def until_said(server: Server, words: str, times: int) -> None:
    """Wait until its log says so, so often; or for a while, where it never does."""
    try:
        async with asyncio.timeout(10):
            while server.words().count(words) < times:  # noqa: ASYNC110  a file of another process
                await asyncio.sleep(0.02)
    except TimeoutError:
        pass


@pytest.mark.timeout(60 + 40 * FREEZES)
async def test_the_frozen_one_of_two_processes_writes_nothing_but_evidence_when_it_wakes(
    tmp_path: Path, tell: Callable[[Line], None]
) -> None:
    for number in range(FREEZES):
        (tmp_path / str(number)).mkdir()
        run = await take_over(tmp_path / str(number))
        found = run.audit
        tell(Line.of("one of two frozen past its leases, PostgreSQL", 1, found, run.in_flight))
        assert not found.violations, found.violations[:10]
        assert not run.changed
        assert not run.forbidden
        assert run.evidence > 0
        assert 0 < found.duplicates <= found.marked <= run.in_flight


@pytest.mark.soak
@pytest.mark.timeout(180)
async def test_a_process_that_does_not_ask_whether_its_lease_still_holds_is_seen(tmp_path: Path) -> None:
    run = await take_over(tmp_path, "believes_in_its_leases")
    assert run.changed or run.forbidden
