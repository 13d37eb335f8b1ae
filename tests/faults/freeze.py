"""Processes that stand still, as when their machine is paused; and those that are waited for though nobody's own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

STILL = "TZX"
LOOK_S = 0.001


async def freeze(pids: Iterable[int], within_s: float = 10.0) -> None:
    """Return when all their threads stand: what they had asked of the kernel has ended then."""
    stopped = list(pids)
    for pid in stopped:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(within_s):
        while not all(_stands(pid) for pid in stopped):  # noqa: ASYNC110  the kernel tells only parents
            await asyncio.sleep(LOOK_S)


def thaw(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def frozen(pids: Iterable[int]) -> AsyncIterator[None]:
    """They stand while the block runs."""
    stopped = list(pids)
    try:
        await freeze(stopped)
        yield
    finally:
        thaw(stopped)


def _stands(pid: int) -> bool:
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return all(stat.rpartition(") ")[2][0] in STILL for stat in tasks)


class Orphan:
    """A process whose parent is gone: known by a descriptor, which is its own for ever, as its number is not."""

    def __init__(self, pid: int) -> None:
        self._fd = os.pidfd_open(pid)

    async def ended(self, within_s: float = 40.0) -> None:
        """Wait for its end. The descriptor is let go then."""
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._fd, end.set)
        try:
            async with asyncio.timeout(within_s):
                await end.wait()
        finally:
            loop.remove_reader(self._fd)
            self.close()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._fd, signal.SIGKILL)

    def close(self) -> None:
        os.close(self._fd)
