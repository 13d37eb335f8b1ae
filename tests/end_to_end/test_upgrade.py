"""Two versions on one PostgreSQL: the older one goes on, and starts again, on a schema that says that it can."""

import asyncio
from itertools import count
from pathlib import Path

import pytest

from posthouse.store.postgres import migrate
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sql import migrations
from tests.end_to_end.process import serving, started
from tests.end_to_end.test_workers import LEFT, configured, until
from tests.faults.carrier import carrying
from tests.faults.driver import Ledger, load
from tests.store import database

STEPS = len(migrations("posthouse.store.postgres"))

COMPATIBLE = f"""
-- compatible-since: {STEPS}
ALTER TABLE messages ADD COLUMN colour text NOT NULL DEFAULT 'red';
ALTER TABLE attempts ADD COLUMN colour text;
CREATE TABLE colours (name text PRIMARY KEY);
"""
INCOMPATIBLE = "-- compatible-since: itself\nALTER TABLE messages DROP COLUMN colour"


async def upgraded(url: str, monkeypatch: pytest.MonkeyPatch, *steps: str) -> None:
    """What the next version does to the database when it is started."""
    more = list(enumerate(steps, STEPS + 1))
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda package: [*migrations(package), *more])
        await (await PostgresStore.open(url)).close()


async def test_this_version_runs_on_the_next_schema_where_that_allows_it_and_not_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await database.server().create("upgraded")
    ledger, refs = Ledger(), map(str, count())
    async with carrying() as carrier:
        words = ("--config", str(configured(tmp_path, url, carrier.port)))
        async with serving(tmp_path, *words) as (process, port):
            going = True
            calling = asyncio.create_task(load(port, refs, ledger, 4, lambda: going, once=True))
            await ledger.reached(100)
            await upgraded(url, monkeypatch, COMPATIBLE)
            await ledger.reached(len(ledger.answers) + 200)
            going = False
            await calling
            await until(LEFT, url)
            assert await process.stopped() == 0
        async with serving(tmp_path, *words) as (process, port):
            before = len(ledger.answers)
            await load(port, refs, ledger, 4, lambda: len(ledger.answers) < before + 50, once=True)
            await until(LEFT, url)
            assert "newer schema than this version knows" in process.errors
            assert await process.stopped() == 0
        assert {answer.status for answer in ledger.answers} == {202}
        assert {arrival.ref for arrival in carrier.arrivals if arrival.taken} == {one.ref for one in ledger.answers}
        assert len(carrier.arrivals) == len(ledger.answers), "none was sent twice"
        await upgraded(url, monkeypatch, COMPATIBLE, INCOMPATIBLE)
        async with started(["-m", "posthouse", "serve", *words], tmp_path) as process:
            assert await process.ended() == 1
            assert f"newer Posthouse (schema {STEPS + 2}, this one knows {STEPS})" in process.errors
