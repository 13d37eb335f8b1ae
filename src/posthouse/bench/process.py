"""A process of the benchmark: started here, measured from `/proc`, ended here, by its id."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
END_S: Final = 20.0


class BenchError(Exception):
    """The benchmark cannot go on; the text says what happened, for a person."""


class Child:
    """A running Python module. Figures are of it and its descendants; None where `/proc` does not have them.

    Waiting is done in threads: asyncio's own processes lose the exit code when a signal meets the end of one.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

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

    def last_words(self) -> str:
        """The end of what it wrote to its standard error."""
        return self.log.read_text(errors="replace")[-2000:].strip() or "(it said nothing)"

    def cpu_s(self) -> float | None:
        """Processor time it has used so far, user and system, in seconds."""
        return total(seconds, self.process.pid)

    def peak_mib(self) -> float | None:
        """The most memory it has held (VmHWM), in MiB."""
        return total(peak, self.process.pid)

    async def end(self) -> None:
        """SIGTERM, and SIGKILL where that is not heeded in time."""
        for signal in (self.process.terminate, self.process.kill):
            signal()
            try:
                await asyncio.to_thread(self.process.wait, END_S)
            except subprocess.TimeoutExpired:
                continue
            break
        if self.process.stdout is not None:
            self.process.stdout.close()


@asynccontextmanager
async def child(log: Path, *arguments: str) -> AsyncIterator[Child]:
    """`python ARGUMENTS…`, until the block is left. Its standard error goes to the file `log`."""
    with open(log, "ab") as errors:  # noqa: ASYNC230
        one = Child(start(arguments, errors.fileno()), log)
    try:
        yield one
    finally:
        await one.end()


def start(arguments: tuple[str, ...], errors: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=errors)  # noqa: S603


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
    """utime and stime of `/proc/PID/stat` (proc_pid_stat(5)); the name before them may hold blanks."""
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> float:
    """VmHWM of `/proc/PID/status`, in MiB."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
