"""The bare loop on PostgreSQL, as the one or two processes it is: what it answers 202 is there, and goes out once."""

from pathlib import Path

import asyncpg
import msgspec
import pytest

from posthouse.bench import bare, bulk, carrier
from posthouse.bench.load import Plan, load
from posthouse.bench.postgresql import Database
from posthouse.providers.client import Client
from tests.bench.test_bare import started, until_sent
from tests.store import database


async def fresh(name: str) -> str:
    url = await database.server().create(name)
    await Database(url).run(url, bulk.SCHEMA)
    return url


async def count(url: str, what: str) -> int:
    return int(await Database(url).ask(url, f"SELECT count({what}) FROM message JOIN content USING (seq)"))


@pytest.mark.parametrize("roles", [("all",), ("web", "delivery")])
async def test_messages_are_accepted_delivered_and_recorded_once_each(
    tmp_path: Path, roles: tuple[bare.Role, ...]
) -> None:
    url, ledger = await fresh("bulk"), tmp_path / "ledger"
    async with (
        Client(4) as client,
        started(tmp_path / "log", "carrier", carrier.Setup(ledger=str(ledger))) as (_, carrier_port),
    ):
        setups = [bare.Setup(url, f"http://127.0.0.1:{carrier_port}/v3/mail/send", role=role) for role in roles]
        async with (
            started(tmp_path / "log", "bare", setups[0]) as (first, port),
            started(tmp_path / "log", "bare", setups[-1]) as (last, last_port),
        ):
            # One alone is both; the other process is then a rival that claims from the same tables.
            shot = await load(Plan(port, messages=200, connections=16))
            assert (shot.accepted, shot.lost) == (200, 0)
            while await count(url, "CASE WHEN state = 2 THEN 1 END") < 200:
                first.check()
                last.check()
            if len(roles) == 2:
                assert (await until_sent(client, last_port, 200)).accepted == 0
        assert (first.process.returncode, last.process.returncode) == (0, 0)
    bodies = [msgspec.json.decode(line, type=carrier.Entry).body for line in ledger.read_bytes().splitlines()]
    assert len(bodies) == len(set(bodies)) == 200
    assert await count(url, "DISTINCT name") == 200


async def test_what_was_answered_with_202_is_there_after_a_kill(tmp_path: Path) -> None:
    url = await fresh("bulk")
    async with started(tmp_path / "log", "bare", bare.Setup(url, "http://127.0.0.1:1", role="web")) as (process, port):
        shot = await load(Plan(port, messages=100, connections=10))
        process.process.kill()
    assert shot.accepted == await count(url, "*") == 100


async def test_a_message_is_claimed_once_and_recorded_once() -> None:
    url = await fresh("bulk")
    connection = await asyncpg.connect(url)
    await connection.execute(bulk.ADD, [1, 2, 3], [b"a", b"b", b"c"])
    first = await connection.fetch(bulk.CLAIM, 2)
    assert len(first) == 2
    assert len(await connection.fetch(bulk.CLAIM, 9)) == 1
    done = [first[0]["seq"]]
    assert await connection.execute(bulk.RECORD, done, [202], ["carrier-1"]) == "UPDATE 1"
    assert await connection.execute(bulk.RECORD, done, [202], ["carrier-1"]) == "UPDATE 0"
    await connection.close()
