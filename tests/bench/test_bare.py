"""The bare loop, as the process it is: what it answers 202 is on disk, and is delivered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import msgspec

from posthouse.bench import bare, carrier
from posthouse.bench.contestant import fetch
from posthouse.bench.door import Open
from posthouse.bench.load import Plan, load
from posthouse.bench.process import Child, child
from posthouse.providers.client import Client


@asynccontextmanager
async def started(log: Path, module: str, setup: msgspec.Struct) -> AsyncIterator[tuple[Child, int]]:
    async with child(log, "-m", f"posthouse.bench.{module}", msgspec.json.encode(setup).decode()) as process:
        yield process, msgspec.json.decode(await process.line(10), type=Open).port


async def until_sent(client: Client, port: int, count: int) -> bare.State:
    """Ask until that many are recorded; the time limit of the test ends it."""
    while True:
        state = msgspec.json.decode(await fetch(client, f"http://127.0.0.1:{port}/"), type=bare.State)
        if state.sent >= count:
            return state


async def test_two_hundred_messages_are_accepted_delivered_and_recorded_once_each(tmp_path: Path) -> None:
    store, ledger = tmp_path / "bare.db", tmp_path / "ledger"
    async with (
        Client(4) as client,
        started(tmp_path / "log", "carrier", carrier.Setup(ledger=str(ledger))) as (_, carrier_port),
        started(tmp_path / "log", "bare", bare.Setup(str(store), f"http://127.0.0.1:{carrier_port}/v3/mail/send")) as (
            process,
            port,
        ),
    ):
        shot = await load(Plan(port, messages=200, connections=16))
        assert (shot.accepted, shot.lost) == (200, 0)
        state = await until_sent(client, port, 200)
        assert (state.accepted, state.sent) == (200, 200)
        assert 2 <= state.commits <= 400
    assert process.process.returncode == 0
    bodies = [msgspec.json.decode(line, type=carrier.Entry).body for line in ledger.read_bytes().splitlines()]
    assert len(bodies) == len(set(bodies)) == 200
    with apsw.Connection(str(store)) as database:
        sent = database.execute("SELECT count(DISTINCT name) FROM message WHERE state = 2 AND status = 202").get
        assert sent == 200


async def test_what_was_answered_with_202_is_in_the_file_after_a_kill(tmp_path: Path) -> None:
    store = tmp_path / "bare.db"
    async with (
        started(tmp_path / "log", "carrier", carrier.Setup()) as (_, carrier_port),
        started(tmp_path / "log", "bare", bare.Setup(str(store), f"http://127.0.0.1:{carrier_port}/v3/mail/send")) as (
            process,
            port,
        ),
    ):
        shot = await load(Plan(port, messages=100, connections=10))
        process.process.kill()
    with apsw.Connection(str(store)) as database:
        kept = database.execute("SELECT count(*) FROM message JOIN content USING (seq)").get
    assert shot.accepted == kept == 100
