"""Several processes behind one socket: starts them, starts again what dies, passes signals on, and ends with the last.

Each worker is a `posthouse serve` of its own that takes the socket over by its number. What they share is the
database; this process touches neither that nor a message, so it has little to die of itself.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Final

from posthouse.telemetry import log, warn

SOCKET: Final = "POSTHOUSE_SOCKET"
READY: Final = "POSTHOUSE_READY"
ALIVE: Final = "POSTHOUSE_ALIVE"
WORKER: Final = "POSTHOUSE_WORKER"
SHELF: Final = "POSTHOUSE_SHELF"
SECRET: Final = "POSTHOUSE_SECRET"  # noqa: S105  the name of a variable
"""Variables of a worker's environment: the number of the socket, of the pipe on which it says that it is ready, of the
pipe that ends when this process does, its own place in the row, a folder for their metrics, and 32 random bytes in
hexadecimal that all of them share.
"""

AGAIN_S: Final = 0.2
AGAIN_MAX_S: Final = 10.0
STEADY_S: Final = 20.0
"""A worker that dies is started again after AGAIN_S, twice as long each time; one that lived for STEADY_S anew."""

END_S: Final = 40.0
"""How long workers may take to end before they are killed: longer than they take to drain."""


class Worker:
    """One place in the row, and the process that holds it now. ready: it has said so, and lives."""

    def __init__(
        self, place: int, command: Sequence[str], listener: socket.socket, alive: int, shared: Mapping[str, str]
    ) -> None:
        self.place, self._command, self._listener, self._alive, self._shared = place, command, listener, alive, shared
        self._process: Process | None = None
        self.ready = asyncio.Event()

    async def life(self, stop: asyncio.Event) -> tuple[int, bool]:
        """Start it and wait for its end: its exit status, minus the signal that ended it, and whether it was ready.

        stop: set when all of them are to end. OSError where it cannot be started now.
        """
        loop = asyncio.get_running_loop()
        ours, theirs = os.pipe()
        handed = self._listener.fileno()
        named = {SOCKET: handed, READY: theirs, ALIVE: self._alive, WORKER: self.place, **self._shared}
        environment = {**os.environ, **{name: str(value) for name, value in named.items()}}
        try:
            # A session of its own: Ctrl-C reaches this process alone, which then asks the workers to drain.
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=environment, pass_fds=(handed, theirs, self._alive), start_new_session=True
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        if stop.is_set():  # while it was started: whoever passed that on did not see it yet
            self.signal(signal.SIGTERM)
        said = False

        def says() -> None:
            nonlocal said
            loop.remove_reader(ours)
            said = bool(os.read(ours, 16))
            if said:
                self.ready.set()

        loop.add_reader(ours, says)
        try:
            return await self._process.wait(), said
        finally:
            loop.remove_reader(ours)
            os.close(ours)
            self.ready.clear()

    def signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


async def supervise(
    command: Sequence[str], workers: int, listener: socket.socket, ready: Callable[[], None] = lambda: None
) -> int:
    """Run so many workers until told to stop (SIGTERM, SIGINT); the exit status of this process.

    0 when all of them ended well. A worker that cannot even start ends all of them, with its status: what it wrote to
    standard error says why. A second signal kills.
    """
    # Nobody writes into this pipe: it ends with this process, however that ends, and so do the workers.
    alive, held = os.pipe()
    with TemporaryDirectory(prefix="posthouse-") as folder:
        shared = {SECRET: token_hex(32), SHELF: folder}
        row = [Worker(place, command, listener, alive, shared) for place in range(workers)]
        try:
            return await _supervised(row, ready)
        finally:
            os.close(alive)
            os.close(held)


async def _supervised(row: Sequence[Worker], ready: Callable[[], None]) -> int:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def passed_on(number: int) -> None:
        for worker in row:
            worker.signal(number)

    def asked(number: int) -> None:
        again = stop.is_set()
        stop.set()
        passed_on(signal.SIGKILL if again else number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, signal.SIGTERM)
    loop.add_signal_handler(signal.SIGHUP, passed_on, signal.SIGHUP)
    keeping = [asyncio.create_task(_keep(worker, stop)) for worker in row]
    greeting = asyncio.create_task(_greet(row, ready))
    await asyncio.wait([*keeping, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        asked(signal.SIGTERM)
    greeting.cancel()
    _, late = await asyncio.wait(keeping, timeout=END_S)
    if late:
        warn("workers did not end in time and are killed", count=len(late))
        asked(signal.SIGKILL)
    statuses = [await task for task in keeping]
    return next((abs(status) for status in statuses if status), 0)


async def _keep(worker: Worker, stop: asyncio.Event) -> int:
    """Start it again whenever it dies, until told to stop; the status of its last life."""
    loop, wait_s, ran = asyncio.get_running_loop(), AGAIN_S, False
    while True:
        if stop.is_set():
            return 0
        began = loop.time()
        try:
            status, was_ready = await worker.life(stop)
        except OSError as error:  # no process or no file to be had at this moment, or no program
            status, was_ready = os.EX_OSERR, False
            warn("a worker could not be started", worker=worker.place, error=error)
        ran = ran or was_ready
        if stop.is_set():
            # Asked to stop while it was still starting, it had begun nothing.
            return status if was_ready or status != -signal.SIGTERM else 0
        if not ran:
            return status or 1  # it never came up: starting it again would not help
        wait_s = AGAIN_S if loop.time() - began >= STEADY_S else min(AGAIN_MAX_S, wait_s * 2)
        warn("a worker died and is started again", worker=worker.place, status=status, seconds=round(wait_s, 1))
        try:
            async with asyncio.timeout(wait_s):
                await stop.wait()
            return status
        except TimeoutError:
            pass


async def _greet(row: Sequence[Worker], ready: Callable[[], None]) -> None:
    for worker in row:
        await worker.ready.wait()
    log("all workers are ready", count=len(row))
    ready()


def worker_command(file: Path | None = None) -> list[str]:
    """This very command line, as a worker is to be started.

    file: the configuration, also where it was found by its name: a worker that starts while it is away must not take
    that for the development mode.
    """
    named = [] if file is None else ["--config", str(file)]
    return [sys.executable, *sys.orig_argv[1:], *named]
