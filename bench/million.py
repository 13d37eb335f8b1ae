"""What a million rows cost: claims, memory, the start, and whether another pool's mail waits.

    python -m bench.million --store sqlite
    python -m bench.million --store postgresql [--queued 1000000] [--finished 1000000] [--url postgresql://…]

Without a URL PostgreSQL is the tests' own: from the wheel, in a folder of its own. Everything is on loopback. First the
store alone is asked for CLAIMS claims; then `posthouse serve` is started on it, with a provider that answers at once:
how soon the first message arrives there, how soon a fresh one of another pool is sent, how many in SECONDS seconds, and
the most memory it held.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench import pile
from bench.pile import BIG, SMALL
from posthouse.bench.contestant import fetch
from posthouse.bench.process import Child, child
from posthouse.clock import SystemClock
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Client, prepare
from posthouse.store.contract import Store
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import ClaimRequest, Portion

clock = SystemClock()

CLAIMS: Final = 500
EACH: Final = 64
SECONDS: Final = 20.0
PATIENCE_S: Final = 60.0


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


async def claims(store: Store) -> list[float]:
    """Seconds of each claim, every other one with the big pool full and a fresh message in the small one's place."""
    took = []
    for number in range(CLAIMS):
        portions = (Portion(BIG, 0 if number % 2 else EACH, 100), Portion(SMALL, EACH))
        began = clock.monotonic()
        found = await store.claim(ClaimRequest(EACH, 2**26, clock.now(), 3600.0, portions))
        took.append(clock.monotonic() - began)
        if len(found) != (0 if number % 2 else EACH):
            raise SystemExit(f"expected {EACH} messages at every other claim, got {len(found)}")
    return sorted(took)


def configured(folder: Path, url: str, carrier: int) -> Path:
    provider = {"type": "sendgrid", "api_key": "SG.bench", "base_url": f"http://127.0.0.1:{carrier}"}
    pools = {pool: {"keys": {"bench": f"key-of-{pool}"}, "providers": {"first": provider}} for pool in (BIG, SMALL)}
    file = folder / "posthouse.yaml"
    file.write_text(json.dumps({"store": url, "http": {"listen": "127.0.0.1:0"}, "pools": pools}))
    return file


@asynccontextmanager
async def serving(folder: Path, file: Path) -> AsyncIterator[tuple[Child, int, float]]:
    """`posthouse serve`, its port, and when it was started."""
    began = clock.monotonic()
    async with child(folder / "log", "-m", "posthouse", "serve", "--config", str(file)) as server:
        line = await server.line(PATIENCE_S)
        yield server, int(line.split(b":")[-1].split()[0]), began


async def carried(client: Client, port: int) -> int:
    return int(json.loads(await fetch(client, f"http://127.0.0.1:{port}/count"))["messages"])


async def fresh(client: Client, port: int) -> float:
    """Seconds in which a new message of the small pool is accepted and sent."""
    body = {"from": f"post@{SMALL}", "to": "ann@example.org", "subject": "Fresh", "text": "Hello."}
    headers = {
        "Authorization": f"Bearer key-of-{SMALL}",
        "Content-Type": "application/json",
        "Prefer": "wait=30",
    }
    began = clock.monotonic()
    request = HttpRequest("POST", f"http://127.0.0.1:{port}/email", headers, json.dumps(body).encode())
    answer = await client.call(prepare(request), PATIENCE_S)
    if not isinstance(answer, HttpResponse) or json.loads(answer.body).get("status") != "sent":
        raise SystemExit(f"a fresh message was not sent: {answer}")
    return clock.monotonic() - began


async def served(folder: Path, url: str) -> None:
    async with child(folder / "carrier", "-m", "posthouse.bench.carrier", '{"port": 0}') as carrier:
        at = int(json.loads(await carrier.line(PATIENCE_S))["port"])
        client = Client(8)
        async with serving(folder, configured(folder, url, at)) as (server, port, began):
            while not await carried(client, at):  # noqa: ASYNC110  another process counts
                await asyncio.sleep(0.01)
            say(f"start to the first send     {clock.monotonic() - began:8.2f} s")
            before, since = await carried(client, at), clock.monotonic()
            waits = []
            while clock.monotonic() - since < SECONDS:
                waits.append(await fresh(client, port))
                await asyncio.sleep(0.2)
            sent, seconds = await carried(client, at) - before, clock.monotonic() - since
            middle = sorted(waits)[len(waits) // 2]
            say(f"fresh mail of another pool  {middle * 1000:8.0f} ms, at the longest {max(waits) * 1000:.0f}")
            say(f"sent meanwhile              {sent / seconds:8.0f} messages/s")
            say(f"peak memory                 {server.peak_mib() or 0:8.0f} MiB")
        await client.close()


async def measure(store: str, url: str | None, queued: int, finished: int) -> None:
    with TemporaryDirectory(dir=Path.cwd(), prefix=".million-") as name:
        folder, began = Path(name), clock.monotonic()
        if store == "sqlite":
            path = folder / "posthouse.db"
            pile.sqlite(path, queued, finished, clock.now())
            url, size = f"sqlite:///{path}", pile.size_sqlite(path)
        else:
            if url is None:
                from tests.store import database

                url = await database.server().create("million")
            await pile.postgresql(url, queued, finished, clock.now())
            size = await pile.size_postgresql(url)
        say(f"{store}: {queued} queued, {finished} finished")
        say(f"filled in                   {clock.monotonic() - began:8.1f} s, {size / 1e6:,.0f} MB on disk")
        opened = SqliteStore(folder / "posthouse.db") if store == "sqlite" else await PostgresStore.open(url)
        took = await claims(opened)
        await opened.close()
        shown = [took[len(took) // 2], took[len(took) * 99 // 100 - 1], took[-1]]
        say("claim of 64, p50, p99, max  " + " ".join(f"{seconds * 1000:8.1f}" for seconds in shown) + " ms")
        await served(folder, url)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), required=True)
    parser.add_argument("--url")
    parser.add_argument("--queued", type=int, default=1_000_000)
    parser.add_argument("--finished", type=int, default=1_000_000)
    given = parser.parse_args()
    asyncio.run(measure(given.store, given.url, given.queued, given.finished))


if __name__ == "__main__":
    main()
