"""A fault in a running server: strace makes its system calls fail, or kill it, for as long as a block runs."""

import asyncio
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from tests.faults.trace import attaching


def breaking(call: str, error: str, when: str) -> Sequence[str]:
    """What strace is told to make calls fail."""
    return ("-e", f"inject={call}:error={error}:when={when}")


def killing(call: str, when: int) -> Sequence[str]:
    """The same, to let a process die on the threshold of a call: the how-manieth of any of its threads."""
    return ("-e", f"inject={call}:signal=SIGKILL:when={when}")


def attached(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def failing(pid: int, call: str, error: str, when: str, log: Path) -> AbstractAsyncContextManager[None]:
    """Calls of one name fail. when: the how-manieth of each thread (`3`), or from which one on (`3+`)."""
    return injected(pid, breaking(call, error, when), log)


@asynccontextmanager
async def injected(pid: int, fault: Sequence[str], log: Path) -> AsyncIterator[None]:
    """log: of the calls that were made meanwhile, complete when the block is left. The process may end before that."""
    tracer = attached([*attaching(log, pid), *fault])
    assert tracer.stderr is not None
    try:
        async with asyncio.timeout(10):
            line = await asyncio.to_thread(tracer.stderr.readline)
        assert re.search(rb"Process \d+ attached", line), line
        yield
    finally:
        await asyncio.to_thread(_let_go, tracer, pid)
        tracer.stderr.close()


def _let_go(tracer: "subprocess.Popen[bytes]", pid: int) -> None:
    """A tracer ends with what it traces. Interrupted while that dies, it may wait for ever for one of its threads."""
    for signal_ in (None if _dead(pid) else signal.SIGINT, signal.SIGKILL):
        if signal_ is not None:
            tracer.send_signal(signal_)
        with suppress(subprocess.TimeoutExpired):
            tracer.wait(5.0)
            return
    raise AssertionError("strace does not end")


def _dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] in "ZX"
    except FileNotFoundError:
        return True
