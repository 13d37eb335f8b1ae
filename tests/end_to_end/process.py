"""Programs started for a test and ended by their id: `posthouse serve`, and servers for it to talk to."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

READY_S = 30.0
END_S = 30.0


class Process:
    """A program that runs. said: its first lines on standard output, up to the one that was waited for."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self._process, self._errors = process, errors
        self.said = ""

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait for a line in which the pattern is found."""
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_S):
            while line := await asyncio.to_thread(self._process.stdout.readline):
                self.said += line
                if found := re.search(pattern, line):
                    return found
        raise AssertionError(f"it said {self.said!r} and then {self.errors!r}")

    async def rest(self) -> str:
        """What else it says, until it has ended."""
        assert self._process.stdout is not None
        return await asyncio.to_thread(self._process.stdout.read)

    @property
    def errors(self) -> str:
        """What it wrote to standard error."""
        return self._errors.read_text()

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Its exit status; minus the number of the signal that ended it."""
        return await asyncio.to_thread(self._process.wait, END_S)

    async def stopped(self) -> int:
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            await self.ended()
        if self._process.stdout is not None:
            self._process.stdout.close()


@asynccontextmanager
async def started(
    words: Sequence[str], folder: Path, env: Mapping[str, str] | None = None, python: str = sys.executable
) -> AsyncIterator[Process]:
    """Run Python with these words in that folder; the program is gone when the block is left."""
    process = _start([python, *words], folder, env or {})
    try:
        yield process
    finally:
        await process.close()


def _start(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Process:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    errors = folder / f"errors.{len(list(folder.glob('errors.*')))}"
    with errors.open("w") as file:
        running = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, "PYTHONUNBUFFERED": "1", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
    return Process(running, errors)


@asynccontextmanager
async def serving(
    folder: Path, *words: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Process, int]]:
    """`posthouse serve …` in that folder, ready: the process, and the port it listens on."""
    async with started(["-m", "posthouse", "serve", *words], folder, env) as process:
        found = await process.says(r"Posthouse listens on http://\S+:(\d+)")
        yield process, int(found[1])
