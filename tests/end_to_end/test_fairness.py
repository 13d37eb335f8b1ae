"""A pool with a long queue and slow providers: what is fresh in another pool is sent within two seconds."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from posthouse.clock import SystemClock
from posthouse.store.contract import Store
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sqlite.store import SqliteStore
from tests.end_to_end.conftest import Client
from tests.end_to_end.process import serving
from tests.faults.carrier import carrying, slowly
from tests.faults.server import KEY, POOL, sendgrid
from tests.store import database
from tests.store.letters import OTHER_POOL, letters

WAITING = 20_000
WITHIN_S = 2.0


async def sqlite(folder: Path) -> tuple[str, Store]:
    path = folder / "posthouse.db"
    return f"sqlite:///{path}", SqliteStore(path)


async def postgresql(folder: Path) -> tuple[str, Store]:
    url = await database.server().create("fairness")
    return url, await PostgresStore.open(url)


@pytest.mark.parametrize("kind", [sqlite, postgresql])
@pytest.mark.parametrize("delay_s", [0.0, 5.0])
async def test_a_fresh_message_of_another_pool_is_sent_within_two_seconds(
    tmp_path: Path, kind: Callable[[Path], Awaitable[tuple[str, Store]]], delay_s: float
) -> None:
    url, store = await kind(tmp_path)
    began = SystemClock().now()
    for first in range(0, WAITING, 1000):
        await store.add(letters(1000, first=first, at=began, pool=OTHER_POOL))
    await store.close()
    async with carrying(slowly(delay_s)) as slow, carrying() as quick:
        # More places than the worker has in all.
        big = {f"p{n}": sendgrid(slow.port, concurrency=1000) for n in range(2)}
        pools = {
            OTHER_POOL: {"keys": {"big": "another-key-of-the-tests"}, "strategy": "weighted", "providers": big},
            POOL: {"keys": {"small": KEY}, "providers": {"first": sendgrid(quick.port)}},
        }
        file = tmp_path / "posthouse.yaml"
        file.write_text(json.dumps({"store": url, "http": {"listen": "127.0.0.1:0"}, "pools": pools}))
        async with serving(tmp_path, "--config", str(file)) as (process, port):
            await slow.arrived(200)
            for number in range(5):
                took = await said(port, number)
                assert took < WITHIN_S, took
            assert len(slow.arrivals) < WAITING
            process.signal(signal.SIGKILL)


async def said(port: int, number: int) -> float:
    """Hand one message in and wait until it is sent; how long that took."""
    body = {"from": f"post@{POOL}", "to": "ann@example.org", "subject": f"Number {number}", "text": "Hello."}
    began = SystemClock.monotonic()
    record = await asyncio.to_thread(Client(port, KEY).post, "application/json", json.dumps(body).encode())
    assert record["status"] == "sent"
    return SystemClock.monotonic() - began
