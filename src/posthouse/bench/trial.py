"""One run of a server that is posted to over HTTP: the same load on each, until the last message is delivered."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Final

import apsw
import msgspec

from posthouse.bench import load
from posthouse.bench.contestant import KEY, Contestant, Place, Tally
from posthouse.bench.ground import READY_S, Ground, empty, free_ports
from posthouse.bench.process import BenchError, Pack, child
from posthouse.bench.report import Run
from posthouse.clock import SystemClock
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Client, prepare
from posthouse.routing.outcome import Deferred

clock = SystemClock()

POLL_S: Final = 0.005
WARM_S: Final = 0.5
SCRATCH: Final = "posthouse_bench"
"""The database of a run, on PostgreSQL."""

OPEN_CONNECTIONS: Final = 256
"""Of an open loop at least: whoever waits for a free connection waits at the generator, and is counted all the same."""

HEADERS: Final = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


class Mark(msgspec.Struct, frozen=True):
    """The counters at an instant between loads."""

    carried: int
    tally: Tally
    cpu_s: float | None = None
    carrier_cpu_s: float | None = None
    database_cpu_s: float | None = None
    disk_bytes: float | None = None
    log_bytes: float | None = None


class Trial(msgspec.Struct, frozen=True):
    """A fresh server that has answered one message. cold_ms: what that took from the start of its first process."""

    ground: Ground
    contestant: Contestant
    pack: Pack
    place: Place
    cold_ms: float

    async def fire(self, seconds: float, connections: int, rate: float | None = None) -> load.Load:
        """The load, from a process of its own."""
        plan = load.Plan(self.place.port, KEY, connections, seconds, rate=rate)
        order = msgspec.json.encode(plan).decode()
        async with child(self.ground.directory / "load.log", "-m", "posthouse.bench.load", order) as generator:
            return msgspec.json.decode(await generator.line(seconds + load.PATIENCE_S + READY_S), type=load.Load)

    async def drained(self, target: int) -> float:
        """When the provider had all and the server knew it, on the monotonic clock; or when patience ran out."""
        deadline = clock.monotonic() + 30 + 10 * self.ground.plan.seconds
        while clock.monotonic() < deadline:
            self.pack.check()
            if await self.ground.carried() >= target and await self.idle():
                break
            await clock.sleep(POLL_S)
        return clock.monotonic()

    async def idle(self) -> bool:
        return (await self.contestant.tally(self.ground.client, self.place)).done

    async def mark(self) -> Mark:
        database = self.ground.database if self.place.database else None
        server = database.child if database is not None else None
        return Mark(
            carried=await self.ground.carried(),
            tally=await self.contestant.tally(self.ground.client, self.place),
            cpu_s=self.pack.cpu_s(),
            carrier_cpu_s=self.ground.carrier.cpu_s(),
            database_cpu_s=server.cpu_s() if server is not None else None,
            disk_bytes=await database.bytes_of(self.place.database) if database else kept(self.place.directory),
            log_bytes=await database.logged_bytes() if database else None,
        )


def kept(directory: Path) -> int:
    """Bytes of a SQLite store without its log, but with what only the log has of it yet."""
    return sum(pages(file) for file in directory.glob("*.db"))


def pages(file: Path) -> int:
    with closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as database:
        count, size = (database.execute(f"PRAGMA page_{what}").get for what in ("count", "size"))
        return int(count * size)


@asynccontextmanager
async def trial(ground: Ground, contestant: Contestant) -> AsyncIterator[Trial]:
    """For the length of the block."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(empty(ground.directory)))
        database = ground.database if contestant.store == "postgresql" else None
        url = await database.create(SCRATCH) if database is not None else ""
        if database is not None:
            stack.push_async_callback(database.drop, SCRATCH)
        port, second_port = free_ports(2)
        place = Place(directory, port, ground.url, second_port, url)
        commands = await contestant.commands(place, database)
        began = clock.monotonic()
        children = [
            await stack.enter_async_context(child(directory / f"server.{number}.log", *command))
            for number, command in enumerate(commands)
        ]
        pack = Pack(children)
        await first(ground.client, pack, place)
        cold_ms = (clock.monotonic() - began) * 1e3
        yield Trial(ground, contestant, pack, place, cold_ms)


async def first(client: Client, pack: Pack, place: Place) -> None:
    """Post a message again and again until the server is there to take it."""
    one = b"0000000000".join(load.request(load.Plan(place.port, KEY))).partition(b"\r\n\r\n")[2]
    deadline = clock.monotonic() + READY_S
    while clock.monotonic() < deadline:
        pack.check()
        answer = await client.call(prepare(HttpRequest("POST", f"{place.url}/email", HEADERS, one)), READY_S)
        if isinstance(answer, Deferred):  # nobody listens yet
            await clock.sleep(POLL_S / 2)
            continue
        if not isinstance(answer, HttpResponse) or answer.status != 202:
            raise BenchError(f"the first message was answered with {answer}")
        return
    words = " ".join(one.last_words() for one in pack.children)
    raise BenchError(f"the server took no message within {READY_S:g} s: {words}")


async def cold_start(ground: Ground, contestant: Contestant) -> float:
    """Milliseconds from the start of the process to the answer to its first message."""
    async with trial(ground, contestant) as one:
        return one.cold_ms


async def run(ground: Ground, contestant: Contestant, number: int) -> Run:
    """Settle, warm up, drain; as much as it takes, drain; half of that in an open loop, drain. Counters between."""
    plan = ground.plan
    start = await ground.carried()
    async with trial(ground, contestant) as one:
        await one.drained(start + 1)
        await clock.sleep(contestant.settles_s)
        warm = await one.fire(min(WARM_S, plan.seconds), plan.connections)
        await one.drained(start + 1 + warm.accepted)
        before = await one.mark()
        shot = await one.fire(plan.seconds, plan.connections)
        done_at = await one.drained(before.carried + shot.accepted)
        after = await one.mark()
        full = result(contestant.name, number, shot, before, after, done_at)
        half = await one.fire(plan.seconds, max(OPEN_CONNECTIONS, plan.connections), full.delivered_per_s / 2)
        half_at = await one.drained(after.carried + half.accepted)
        last = await one.mark()
        return joined(full, result(contestant.name, number, half, after, last, half_at), half, one.pack.peak_mib())


def result(name: str, number: int, shot: load.Load, before: Mark, after: Mark, done_at: float) -> Run:
    """The figures of one load from what was seen before and after it."""
    carried = after.carried - before.carried
    missing = max(0, shot.accepted - carried)
    return Run(
        name=name,
        round=number,
        accepted=shot.accepted,
        accepted_per_s=shot.rate,
        delivered_per_s=(shot.accepted - missing) / (done_at - shot.began),
        p50_ms=shot.p50_ms,
        p99_ms=shot.p99_ms,
        max_ms=shot.max_ms,
        cpu_us=each(before.cpu_s, after.cpu_s, shot.accepted, 1e6),
        database_cpu_us=each(before.database_cpu_s, after.database_cpu_s, shot.accepted, 1e6),
        disk_bytes=each(before.disk_bytes, after.disk_bytes, shot.accepted),
        log_bytes=each(before.log_bytes, after.log_bytes, shot.accepted),
        messages_per_commit=per_commit(before.tally, after.tally, shot.accepted),
        load_cpu_us=shot.cpu_us,
        carrier_cpu_us=each(before.carrier_cpu_s, after.carrier_cpu_s, shot.accepted, 1e6),
        undelivered=missing if after.tally.done else max(1, missing),
        twice=max(0, carried - shot.accepted),
        refused=sum(n for status, n in shot.statuses.items() if status != 202),
        lost=shot.lost,
        late=shot.late,
    )


def joined(full: Run, half: Run, shot: load.Load, peak_mib: float | None) -> Run:
    """A run with what was seen at half of its load; what went wrong in either is wrong."""
    return msgspec.structs.replace(
        full,
        half_per_s=shot.rate,
        half_p50_ms=shot.p50_ms,
        half_p99_ms=shot.p99_ms,
        half_max_ms=shot.max_ms,
        peak_mib=peak_mib,
        undelivered=full.undelivered + half.undelivered,
        twice=full.twice + half.twice,
        refused=full.refused + half.refused,
        lost=full.lost + half.lost,
        late=full.late + half.late,
    )


def each(before: float | None, after: float | None, count: int, unit: float = 1.0) -> float | None:
    return None if before is None or after is None or not count else (after - before) * unit / count


def per_commit(before: Tally, after: Tally, count: int) -> float | None:
    if before.commits is None or after.commits is None:
        return None
    return count / max(1, after.commits - before.commits)
