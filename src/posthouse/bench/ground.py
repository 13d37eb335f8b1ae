"""What all runs of a measurement share: the fake provider, a PostgreSQL, a directory on a real disk, a client."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from posthouse.bench import carrier, load, postfix, postgresql
from posthouse.bench.contestant import CONTESTANTS, fetch
from posthouse.bench.door import Open
from posthouse.bench.postgresql import Database, Unavailable
from posthouse.bench.process import Child, child
from posthouse.bench.report import POSTFIX
from posthouse.providers.client import Client

READY_S: Final = 30.0
ALL: Final = (*CONTESTANTS, POSTFIX)


class Plan(msgspec.Struct, frozen=True):
    """What to measure. directory: the stores are made in it, and removed; on a real disk, or fsync means nothing.

    postgresql: the URL of a server that runs already; empty: one is started.
    """

    rounds: int = 3
    seconds: float = 3.0
    connections: int = 64
    colds: int = 3
    names: tuple[str, ...] = ALL
    directory: Path = Path()
    postgresql: str = ""

    @property
    def needs_postgresql(self) -> bool:
        return any(CONTESTANTS[name].store == "postgresql" for name in self.names if name in CONTESTANTS)


class Ground(msgspec.Struct, frozen=True):
    """names: who can be measured here. missing: who cannot, and why."""

    plan: Plan
    names: tuple[str, ...]
    missing: dict[str, str]
    client: Client
    carrier: Child
    url: str
    directory: Path
    database: Database | None

    async def carried(self) -> int:
        """Messages the fake provider has taken so far."""
        return msgspec.json.decode(await fetch(self.client, f"{self.url}/count"), type=carrier.Count).messages

    @property
    def steps(self) -> int:
        """How many there are to tell of."""
        cold = sum(name in CONTESTANTS for name in self.names) if self.plan.colds else 0
        return cold + self.plan.rounds * len(self.names)


@asynccontextmanager
async def ground(plan: Plan, tell: Callable[[str], None]) -> AsyncIterator[Ground]:
    """For the length of the block."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix=".bench-", dir=plan.directory.absolute())))
        os.chmod(directory, 0o711)  # noqa: S103  those who are not run by root must get to what is theirs
        missing: dict[str, str] = {}
        database = None
        if plan.needs_postgresql:
            tell("PostgreSQL: start")
            try:
                database = await stack.enter_async_context(opened(plan, directory / "postgresql"))
            except Unavailable as error:
                missing |= {
                    name: str(error)
                    for name in plan.names
                    if name in CONTESTANTS and CONTESTANTS[name].store == "postgresql"
                }
        if POSTFIX in plan.names and (why := postfix.why_not(directory)):
            missing[POSTFIX] = why
        client = await stack.enter_async_context(Client(load.Plan(0).connections))
        fake = await stack.enter_async_context(child(directory / "carrier.log", "-m", "posthouse.bench.carrier", "{}"))
        port = msgspec.json.decode(await fake.line(READY_S), type=Open).port
        names = tuple(name for name in plan.names if name not in missing)
        yield Ground(plan, names, missing, client, fake, f"http://127.0.0.1:{port}", directory, database)


@asynccontextmanager
async def opened(plan: Plan, directory: Path) -> AsyncIterator[Database]:
    """The server that was named, or one of our own."""
    if plan.postgresql:
        yield Database(plan.postgresql)
        return
    os.mkdir(directory)
    async with postgresql.started(directory) as database:
        yield database


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def empty(directory: Path) -> TemporaryDirectory[str]:
    """A directory for one run, removed after it."""
    made = TemporaryDirectory(dir=directory)
    os.chmod(made.name, 0o711)  # noqa: S103
    return made
