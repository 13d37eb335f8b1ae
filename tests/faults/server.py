"""A real Posthouse process: started on a free port, known to be ready by its first line, ended by its id."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.faults.freeze import Orphan, freeze

KEY = "a-key-of-the-fault-tests"
POOL = "example.com"
STORE = "posthouse.db"

POSTHOUSE = ("-m", "posthouse")
READY_S = 30.0
END_S = 40.0


def configured(folder: Path, providers: Mapping[str, object], store: str | None = None, **pool: object) -> Path:
    """Write `posthouse.yaml` for one pool of these providers, tried again soon. store: beside it unless said."""
    retry = {"first_s": 0.2, "factor": 1.5, "max_s": 1.0}
    document = {
        "http": {"listen": "127.0.0.1:0"},
        "store": store or f"sqlite:///{folder / STORE}",
        "pools": {POOL: {"keys": {"faults": KEY}, "retry": retry, "providers": providers, **pool}},
    }
    path = folder / "posthouse.yaml"
    path.write_text(json.dumps(document, indent=1))
    return path


def sendgrid(port: int, **settings: object) -> dict[str, object]:
    """A provider of the pool: SendGrid's adapter, and a carrier on this machine behind it."""
    return {"type": "sendgrid", "api_key": "SG.faults", "base_url": f"http://127.0.0.1:{port}", **settings}


class Server:
    """port: where it listens; pid: of Posthouse itself, where it is traced too. Both are known once it is ready.

    orphans: its workers, after it was killed and they were not.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, *, traced: bool = False) -> None:
        self._process, self.traced = process, traced
        self.orphans: list[Orphan] = []
        self.log = log
        self.pid = process.pid
        self.port = 0

    async def ready(self) -> "Server":
        """Wait for the line that says where it listens."""
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_S):
            line = await asyncio.to_thread(self._process.stdout.readline)
        found = re.search(rb"http://127\.0\.0\.1:(\d+)", line)
        assert found, f"it said {line!r} and {self.words()}"
        self.port = int(found[1])
        if self.traced:
            (self.pid,) = children(self.pid)
        return self

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As a crash does: nothing more is run of it. Its workers, where it has any, are left alone."""
        self.signal(signal.SIGKILL)

    async def behead(self) -> None:
        """Kill a supervisor. Its workers notice: they are its orphans now."""
        await freeze([self.pid])  # it would start another one meanwhile
        self.orphans = [Orphan(pid) for pid in self.workers]
        self.kill()

    async def fell(self) -> None:
        """Kill all of it at one time: a supervisor with its workers."""
        await self.behead()
        for orphan in self.orphans:
            orphan.kill()

    async def gone(self, within_s: float = END_S) -> int:
        """Wait until nothing of it runs any more; its exit status."""
        status = await self.ended(within_s)
        while self.orphans:
            await self.orphans.pop().ended(within_s)
        return status

    @property
    def workers(self) -> list[int]:
        return children(self.pid)

    async def ended(self, within_s: float = END_S) -> int:
        """Its exit status; minus the number of the signal that ended it."""
        return await asyncio.to_thread(self._process.wait, within_s)

    async def stopped(self, within_s: float = END_S) -> int:
        """Ask it to stop; its exit status."""
        self.signal(signal.SIGTERM)
        return await self.ended(within_s)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def words(self) -> str:
        """What it wrote to its standard error."""
        return self.log.read_text(errors="replace")

    def figure(self, name: str) -> int:
        """One of /proc/PID/status, as the number it begins with: `VmHWM` in KiB, `Threads`.

        Raises ProcessLookupError: it has ended.
        """
        found = re.search(rf"^{name}:\s*(\d+)", _told(f"/proc/{self.pid}/status"), re.MULTILINE)
        if found is None:  # of one that has ended, and was not waited for yet, only the name is left
            raise ProcessLookupError(f"{self.pid} has no {name}")
        return int(found[1])


def children(pid: int) -> list[int]:
    """The processes that another one has started; none of one that has ended."""
    return [int(one) for one in _told(f"/proc/{pid}/task/{pid}/children").split()]


def _told(path: str) -> str:
    """What the kernel says about a process; nothing once it is gone, be it before the file is opened or after."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def launch(
    config: Path,
    *,
    program: Sequence[str] = POSTHOUSE,
    under: Sequence[str] = (),
    words: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Server:
    """Start it, and do not wait.

    program: what Python is to run; under: a command that runs another command; words: after `serve`; variables: of its
    environment.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("POSTHOUSE_", "PYTHON"))}
    environment = kept | dict(variables or {})
    command = [*under, sys.executable, *program, "serve", "--config", str(config), *words]
    log = config.with_suffix(".log")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, cwd=config.parent, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        )
    return Server(process, log, traced="strace" in under)


@asynccontextmanager
async def launched(config: Path, **how: Any) -> AsyncIterator[Server]:
    """A process that may not be ready yet; it is gone when the block is left."""
    server = launch(config, **how)
    try:
        yield server
    finally:
        await _end(server)


@asynccontextmanager
async def serving(config: Path, **how: Any) -> AsyncIterator[Server]:
    """A server that is ready; it is gone when the block is left."""
    async with launched(config, **how) as server:
        yield await server.ready()


async def _end(server: Server) -> None:
    process = server._process
    if process.poll() is None:
        # A tracer lets go of what it traces when it is killed: it comes last. A supervisor would start workers again.
        if not server.traced:
            await freeze([process.pid])
        for pid in (*children(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait, 5.0)
    for orphan in server.orphans:
        orphan.kill()
        orphan.close()
    if process.stdout is not None:
        process.stdout.close()
