"""A process of the benchmark: started here, measured from `/proc`, ended here, by its id."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

PROC: Final = Path("/proc")
END_S: Final = 20.0


class BenchError(Exception):
    """The benchmark cannot go on; the text says what happened, for a person."""


class Child:
    """A running program. Figures are of it and its descendants; None where `/proc` does not have them.

    Waiting is done in threads: asyncio's own processes lose the exit code when a signal meets the end of one.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, stop: int = signal.SIGTERM) -> None:
        self.process = process
        self.log = log
        self.stop = stop

    async def line(self, within_s: float) -> bytes:
        """The next line it writes to its standard output."""
        stream = self.process.stdout
        if stream is None:
            raise BenchError("a process of the benchmark was started without an output to read")
        try:
            async with asyncio.timeout(within_s):
                line = await asyncio.to_thread(stream.readline)
        except TimeoutError:
            line = b""
        if not line:
            raise BenchError(f"a process of the benchmark has not answered in {within_s:g} s: {self.last_words()}")
        return line

    def check(self) -> None:
        """Raise with its last words where it has ended by itself."""
        if self.process.poll() is not None:
            raise BenchError(f"the server ended by itself with {self.process.returncode}: {self.last_words()}")

    async def ended(self, within_s: float) -> int:
        """Its exit status, when it has ended by itself."""
        try:
            return await asyncio.to_thread(self.process.wait, within_s)
        except subprocess.TimeoutExpired:
            raise BenchError(f"a program of the benchmark has not ended in {within_s:g} s") from None

    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        return self.log.read_text(errors="replace")[-2000:].strip() or "(it said nothing)"

    def cpu_s(self) -> float | None:
        """Processor time it has used so far, user and system, that of descendants that have ended too, in seconds."""
        return total(seconds, self.process.pid)

    def peak_mib(self) -> float | None:
        """The most memory it has held (VmHWM), in MiB."""
        return total(peak, self.process.pid)

    async def end(self) -> None:
        """Its signal to stop, and SIGKILL where that is not heeded in time."""
        for number in (self.stop, signal.SIGKILL):
            self.process.send_signal(number)
            try:
                await asyncio.to_thread(self.process.wait, END_S)
            except subprocess.TimeoutExpired:
                continue
            break
        if self.process.stdout is not None:
            self.process.stdout.close()


class Pack:
    """The processes that together are one server."""

    def __init__(self, children: Sequence[Child]) -> None:
        self.children = children

    def check(self) -> None:
        """Raise with the last words of one that has ended by itself."""
        for one in self.children:
            one.check()

    def cpu_s(self) -> float | None:
        return added([one.cpu_s() for one in self.children])

    def peak_mib(self) -> float | None:
        return added([one.peak_mib() for one in self.children])


def added(figures: Sequence[float | None]) -> float | None:
    """The sum; None where one of them is not known."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


@asynccontextmanager
async def child(log: Path, *arguments: str) -> AsyncIterator[Child]:
    """`python ARGUMENTS…`, until the block is left. Its standard error goes to the file `log`."""
    async with program(log, sys.executable, *arguments) as one:
        yield one


@asynccontextmanager
async def program(log: Path, *command: str, stop: int = signal.SIGTERM, **how: Any) -> AsyncIterator[Child]:
    """The command, until the block is left. stop: the signal that ends it well. how: as `subprocess.Popen` takes it."""
    with open(log, "ab") as errors:  # noqa: ASYNC230
        one = Child(start(command, errors.fileno(), how), log, stop)
    try:
        yield one
    finally:
        await one.end()


def start(command: Sequence[str], errors: int, how: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, **{"stdout": subprocess.PIPE, "stderr": errors, **how})  # noqa: S603


def total(figure: Callable[[int], float], pid: int) -> float | None:
    """The sum of a figure over the family; None where a part of it cannot be read (it has ended, or no `/proc`)."""
    try:
        return sum(figure(one) for one in family(pid))
    except OSError:
        return None


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    tasks = (PROC / str(pid) / "task").iterdir()
    below = [int(one) for task in tasks for one in (task / "children").read_text().split()]
    return [pid, *(one for child in below for one in family(child))]


def seconds(pid: int) -> float:
    """utime, stime, cutime, cstime of `/proc/PID/stat` (proc_pid_stat(5)); the name before them may hold blanks."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> float:
    """VmHWM of `/proc/PID/status`, in MiB."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
