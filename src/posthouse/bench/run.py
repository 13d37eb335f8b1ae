"""The measurement: servers in turns, the same load on each, until the last accepted message is delivered."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from posthouse.bench import carrier, load
from posthouse.bench.contestant import CONTESTANTS, KEY, Contestant, Place, Tally, fetch
from posthouse.bench.door import Open
from posthouse.bench.process import BenchError, Child, child
from posthouse.bench.report import Name, Report, Run, machine
from posthouse.clock import SystemClock
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Client, prepare
from posthouse.routing.outcome import Deferred

clock = SystemClock()

READY_S: Final = 30.0
POLL_S: Final = 0.005
WARM_S: Final = 0.5


class Plan(msgspec.Struct, frozen=True):
    """What to measure. directory: the stores are made in it, and removed; on a real disk, or fsync means nothing."""

    rounds: int = 3
    seconds: float = 4.0
    connections: int = 64
    colds: int = 5
    names: tuple[Name, ...] = ("bare", "posthouse")
    directory: Path = Path()

    @property
    def steps(self) -> int:
        """How often `tell` will be called."""
        return (self.rounds + (self.colds > 0)) * len(self.names)


class Field(msgspec.Struct, frozen=True):
    """What all runs share."""

    plan: Plan
    client: Client
    carrier: Child
    url: str
    directory: Path

    async def carried(self) -> int:
        """Messages the fake provider has taken so far."""
        return msgspec.json.decode(await fetch(self.client, f"{self.url}/count"), type=carrier.Count).messages


class Mark(msgspec.Struct, frozen=True):
    """The counters at an instant between loads."""

    carried: int
    tally: Tally
    cpu_s: float | None
    carrier_cpu_s: float | None


async def measure(plan: Plan, tell: Callable[[str], None]) -> Report:
    """All of it. `tell` is called before each step with what it is. BenchError says why it cannot be done."""
    runs: list[Run] = []
    cold: dict[Name, list[float]] = {}
    async with field(plan) as ground:
        for name in plan.names if plan.colds else ():
            tell(f"{name}: cold start, {plan.colds} times")
            cold[name] = [await cold_start(ground, CONTESTANTS[name]) for _ in range(plan.colds)]
        for number in range(1, plan.rounds + 1):
            # The order turns round by round: nobody always comes after the other has warmed the disk.
            for name in plan.names if number % 2 else reversed(plan.names):
                tell(f"{name}: round {number} of {plan.rounds}")
                runs.append(await run(ground, CONTESTANTS[name], number))
        where = machine(ground.directory)
    return Report(where, plan.rounds, plan.seconds, plan.connections, runs, cold)


HEADERS: Final = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


@asynccontextmanager
async def field(plan: Plan) -> AsyncIterator[Field]:
    """The provider, a directory, a client: for the length of the block."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix=".bench-", dir=plan.directory.absolute())))
        client = await stack.enter_async_context(Client(load.Plan(0).connections))
        fake = await stack.enter_async_context(child(directory / "carrier.log", "-m", "posthouse.bench.carrier", "{}"))
        port = msgspec.json.decode(await fake.line(READY_S), type=Open).port
        yield Field(plan, client, fake, f"http://127.0.0.1:{port}", directory)


@asynccontextmanager
async def server(ground: Field, contestant: Contestant) -> AsyncIterator[tuple[Child, Place, float]]:
    """A fresh server that has answered one message; with the milliseconds that took from the start of its process."""
    with TemporaryDirectory(dir=ground.directory) as name:
        place = Place(Path(name), free_port(), ground.url)
        command = contestant.command(place)
        began = clock.monotonic()
        async with child(place.directory / "server.log", *command) as process:
            await first(ground.client, process, place)
            yield process, place, (clock.monotonic() - began) * 1e3


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def first(client: Client, process: Child, place: Place) -> None:
    """Post a message again and again until the server is there to take it."""
    one = b"0000000000".join(load.request(load.Plan(place.port, KEY))).partition(b"\r\n\r\n")[2]
    deadline = clock.monotonic() + READY_S
    while clock.monotonic() < deadline:
        process.check()
        answer = await client.call(prepare(HttpRequest("POST", f"{place.url}/email", HEADERS, one)), READY_S)
        if isinstance(answer, Deferred):  # nobody listens yet
            await clock.sleep(POLL_S / 2)
            continue
        if not isinstance(answer, HttpResponse) or answer.status != 202:
            raise BenchError(f"the first message was answered with {answer}")
        return
    raise BenchError(f"the server took no message within {READY_S:g} s: {process.last_words()}")


async def cold_start(ground: Field, contestant: Contestant) -> float:
    """Milliseconds from the start of the process to the answer to its first message."""
    async with server(ground, contestant) as (_, _, cold_ms):
        return cold_ms


async def run(ground: Field, contestant: Contestant, number: int) -> Run:
    """One fresh server: warm up, drain; load, drain; the difference of the counters."""
    plan = ground.plan
    start = await ground.carried()
    async with server(ground, contestant) as (process, place, _):
        warm = await fire(ground, place, min(WARM_S, plan.seconds))
        await drained(ground, contestant, process, place, start + 1 + warm.accepted)
        before = await mark(ground, contestant, process, place)
        shot = await fire(ground, place, plan.seconds)
        done_at = await drained(ground, contestant, process, place, before.carried + shot.accepted)
        after = await mark(ground, contestant, process, place)
        return result(contestant.name, number, shot, before, after, done_at, process.peak_mib())


async def fire(ground: Field, place: Place, seconds: float) -> load.Load:
    """The load, from a process of its own."""
    plan = load.Plan(place.port, KEY, ground.plan.connections, seconds)
    order = msgspec.json.encode(plan).decode()
    async with child(ground.directory / "load.log", "-m", "posthouse.bench.load", order) as generator:
        return msgspec.json.decode(await generator.line(seconds + load.PATIENCE_S + READY_S), type=load.Load)


async def drained(ground: Field, contestant: Contestant, process: Child, place: Place, target: int) -> float:
    """When the provider had all and the server knew it, on the monotonic clock; or when patience ran out."""
    deadline = clock.monotonic() + 30 + 10 * ground.plan.seconds
    while clock.monotonic() < deadline:
        process.check()
        if await ground.carried() >= target and (await contestant.tally(ground.client, place)).done:
            break
        await clock.sleep(POLL_S)
    return clock.monotonic()


async def mark(ground: Field, contestant: Contestant, process: Child, place: Place) -> Mark:
    tally = await contestant.tally(ground.client, place)
    return Mark(await ground.carried(), tally, process.cpu_s(), ground.carrier.cpu_s())


def result(
    name: Name, number: int, shot: load.Load, before: Mark, after: Mark, done_at: float, peak_mib: float | None
) -> Run:
    """The figures of one run from what was seen before and after it."""
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
        peak_mib=peak_mib,
        messages_per_commit=per_commit(before.tally, after.tally, shot.accepted),
        load_cpu_us=shot.cpu_us,
        carrier_cpu_us=each(before.carrier_cpu_s, after.carrier_cpu_s, shot.accepted, 1e6),
        undelivered=missing if after.tally.done else max(1, missing),
        twice=max(0, carried - shot.accepted),
        refused=sum(n for status, n in shot.statuses.items() if status != 202),
        lost=shot.lost,
    )


def each(before: float | None, after: float | None, count: int, unit: float) -> float | None:
    return None if before is None or after is None or not count else (after - before) * unit / count


def per_commit(before: Tally, after: Tally, count: int) -> float | None:
    if before.commits is None or after.commits is None:
        return None
    return count / max(1, after.commits - before.commits)
