"""Two workers behind one socket, on a real PostgreSQL: one of them is killed under load, and nothing is lost."""

import asyncio
import json
import os
import re
import signal
from itertools import count
from pathlib import Path

import asyncpg

from tests.end_to_end.process import Process, serving
from tests.faults.carrier import carrying
from tests.faults.driver import Ledger, load
from tests.faults.server import KEY, POOL, children, sendgrid
from tests.store import database
from tests.web.http import call

CALLERS = 8
WITHIN_S = 60.0
LEFT = "SELECT count(*) FROM messages WHERE status IN ('scheduled', 'queued', 'sending')"


def configured(folder: Path, url: str, port: int, canary: dict[str, str] | None = None, **provider: object) -> Path:
    pool = {"keys": {"web": KEY}, "providers": {"first": sendgrid(port, **provider)}}
    file = folder / "posthouse.yaml"
    given = {"store": url, "http": {"listen": "127.0.0.1:0"}, "pools": {POOL: pool}, "canary": canary}
    file.write_text(json.dumps(given))
    return file


async def until(query: str, url: str) -> None:
    """Ask the database until it counts none."""
    db = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(WITHIN_S):
            while await db.fetchval(query):
                pass
    finally:
        await db.close()


async def told_by_any(port: int, accepted: int) -> None:
    """Scrape until a worker tells of exactly so many messages that all of them have accepted."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            reply = await call(port, "GET", "/metrics", {}, None)
            found = re.search(rb'posthouse_accepted_total\{door="http",pool="example.com"\} ([0-9.e+]+)', reply.body)
            if found and float(found[1]) == accepted:
                return


def workers(process: Process) -> list[int]:
    return children(process.pid)


async def test_a_worker_that_is_killed_costs_no_message_and_is_started_again(tmp_path: Path) -> None:
    url = await database.server().create("workers")
    async with carrying() as carrier:
        file = configured(tmp_path, url, carrier.port)
        async with serving(tmp_path, "--config", str(file), "--workers", "2") as (process, port):
            before = workers(process)
            assert len(before) == 2
            ledger, refs, going = Ledger(), map(str, count()), True

            async def posting() -> None:
                """A caller whose connection dies with its worker makes another one, as clients do."""
                while going:
                    await load(port, refs, ledger, 1, lambda: going, once=True)

            posts = [asyncio.create_task(posting()) for _ in range(CALLERS)]
            await ledger.reached(200)
            os.kill(before[0], signal.SIGKILL)
            await ledger.reached(len(ledger.answers) + 400)
            going = False
            await asyncio.gather(*posts)
            async with asyncio.timeout(WITHIN_S):
                while len(workers(process)) < 2:  # noqa: ASYNC110  another process starts it
                    await asyncio.sleep(0.02)
            # What the dead one held is not taken over before its leases have run out.
            held = f"SELECT count(*) FROM ({LEFT} AND lease_until IS NULL) AS l WHERE count > 0"
            await until(held, url)
            assert await process.stopped() == 0
    db = await asyncpg.connect(url)
    kept = {row["id"] for row in await db.fetch("SELECT id FROM messages")}
    twice = await db.fetchval("SELECT count(*) FROM (SELECT message FROM attempts GROUP BY 1 HAVING count(*) > 1) AS t")
    await db.close()
    assert {answer.id for answer in ledger.accepted} <= kept
    assert len(ledger.accepted) > 300
    assert twice == 0


async def test_a_worker_that_starts_while_the_file_is_away_waits_for_it_and_takes_no_key_of_the_development_mode(
    tmp_path: Path,
) -> None:
    url = await database.server().create("away")
    async with carrying() as carrier:
        file = configured(tmp_path, url, carrier.port)
        async with serving(tmp_path, "--workers", "2") as (process, port):
            file.rename(tmp_path / "aside")
            for worker in workers(process):
                os.kill(worker, signal.SIGKILL)
            async with asyncio.timeout(WITHIN_S):
                while "posthouse.yaml: cannot be read" not in process.errors:  # noqa: ASYNC110  another process says so
                    await asyncio.sleep(0.02)
            (tmp_path / "aside").rename(file)
            # The socket is the supervisor's: a call that comes meanwhile is answered by the first that is there again.
            async with asyncio.timeout(WITHIN_S):
                assert (await call(port, "GET", "/email", {"X-API-KEY": "dev"})).status == 401
                assert (await call(port, "GET", "/email", {"X-API-KEY": KEY})).status == 200


async def test_one_scrape_tells_of_all_workers(tmp_path: Path) -> None:
    url = await database.server().create("scraped")
    async with carrying() as carrier:
        file = configured(tmp_path, url, carrier.port)
        async with serving(tmp_path, "--config", str(file), "--workers", "2") as (process, port):
            ledger, refs = Ledger(), map(str, count())
            await load(port, refs, ledger, 8, lambda: len(ledger.answers) < 200)
            for _ in range(4):  # whoever answers says the same
                await told_by_any(port, len(ledger.accepted))
            assert await process.stopped() == 0


async def begun(url: str) -> list[float]:
    """When each attempt began, in order."""
    db = await asyncpg.connect(url)
    rows = await db.fetch("SELECT started_at FROM attempts ORDER BY started_at")
    await db.close()
    return [row["started_at"] for row in rows]


def within_a_second(starts: list[float], most: int) -> bool:
    """Whether no sliding second holds more of them."""
    return all(later - earlier >= 1.0 for earlier, later in zip(starts, starts[most:], strict=False))


async def test_a_rate_is_kept_by_all_of_them_together(tmp_path: Path) -> None:
    url = await database.server().create("paced")
    async with carrying() as carrier:
        file = configured(tmp_path, url, carrier.port, rate="20/s")
        async with serving(tmp_path, "--config", str(file), "--workers", "2") as (process, port):
            ledger, refs = Ledger(), map(str, count())
            await load(port, refs, ledger, 4, lambda: len(ledger.answers) < 80)
            await carrier.arrived(80)
            assert await process.stopped() == 0
    starts = await begun(url)
    assert len(starts) >= 80
    assert within_a_second(starts, 20)


async def test_a_rate_is_kept_while_a_worker_dies_and_another_one_joins(tmp_path: Path) -> None:
    """For six seconds the dead one's share is nobody's; then there are two again, one of them new."""
    url = await database.server().create("paced_on")
    async with carrying() as carrier:
        file = configured(tmp_path, url, carrier.port, rate="20/s")
        async with serving(tmp_path, "--config", str(file), "--workers", "2") as (process, port):
            refs, going = map(str, count()), True

            async def posting() -> None:
                while going:
                    await load(port, refs, Ledger(), 4, lambda: going and len(carrier.arrivals) < 240)

            posts = asyncio.create_task(posting())
            await carrier.arrived(60)
            os.kill(workers(process)[0], signal.SIGKILL)
            await carrier.arrived(240, WITHIN_S)
            going = False
            await posts
            assert await process.stopped() == 0
    starts = await begun(url)
    assert len(starts) >= 240
    assert within_a_second(starts, 20)
    assert not within_a_second(starts[-60:], 12), "one alone has ten of them: two carry together again"


async def test_all_of_them_together_send_one_canary_a_turn_and_each_tells_of_it(tmp_path: Path) -> None:
    url = await database.server().create("canaries")
    async with carrying() as carrier:
        file = configured(tmp_path, url, carrier.port, {"pool": POOL, "to": "canary@example.org", "every": "10s"})
        async with serving(tmp_path, "--config", str(file), "--workers", "3") as (process, port):
            await carrier.arrived(2)
            sent = re.compile(rb'posthouse_canary_total\{outcome="sent",pool="example.com",provider="first"\} ([2-9])')
            async with asyncio.timeout(WITHIN_S):
                while not sent.search((await call(port, "GET", "/metrics", {}, None)).body):
                    pass
            for _ in range(6):  # whoever answers knows
                ready = json.loads((await call(port, "GET", "/readyz", {}, None)).body)
                assert ready["canary"] == {"failing": 0, "of": 1}
            assert await process.stopped() == 0
    db = await asyncpg.connect(url)
    turns = "SELECT count(*), count(DISTINCT floor(accepted_at / 10)) FROM messages"
    messages, distinct = await db.fetchrow(turns)
    await db.close()
    assert messages == distinct >= 2
