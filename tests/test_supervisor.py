"""The supervisor with real processes: small programs that keep to what a worker promises."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from posthouse import supervisor

BODY = """
import json, os, signal, socket, sys, threading
from pathlib import Path
folder, place = Path(sys.argv[1]), os.environ["POSTHOUSE_WORKER"]
listener = socket.socket(fileno=int(os.environ["POSTHOUSE_SOCKET"]))
def end(number, frame):
    sys.exit(int(os.environ.get("STATUS", "0")))
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGHUP, lambda *_: (folder / f"{place}.hup").touch())
def orphaned():
    os.read(int(os.environ["POSTHOUSE_ALIVE"]), 1)
    (folder / f"{place}.orphan").touch()
    os._exit(0)
threading.Thread(target=orphaned, daemon=True).start()
if os.environ.get("BROKEN"):
    sys.exit(3)
with (folder / f"{place}.pids").open("a") as file:
    print(os.getpid(), file=file)
os.write(int(os.environ["POSTHOUSE_READY"]), b"ready")
while True:
    signal.pause()
"""

WITHIN_S = 20.0


class Row:
    """A supervised row of workers in a folder. pids: of every life of a place, in order."""

    def __init__(self, folder: Path, running: "asyncio.Task[int]", ready: asyncio.Event) -> None:
        self.folder, self.running, self.ready = folder, running, ready

    def pids(self, place: int) -> list[int]:
        file = self.folder / f"{place}.pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []


async def until(told: Callable[[], bool]) -> None:
    """Look again until it is so: the workers are other processes, and tell by files."""
    async with asyncio.timeout(WITHIN_S):
        while not told():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def supervised(folder: Path, workers: int = 2, program: str = sys.executable) -> AsyncIterator[Row]:
    ready = asyncio.Event()
    command = [program, "-c", BODY, str(folder)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(supervisor.supervise(command, workers, listener, ready.set))
        row = Row(folder, running, ready)
        try:
            yield row
        finally:
            if not running.done():
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.wait([running], timeout=WITHIN_S)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)


async def test_it_is_ready_when_all_are_and_ends_well_when_they_do(tmp_path: Path) -> None:
    async with supervised(tmp_path) as row:
        await row.ready.wait()
        assert len({*row.pids(0), *row.pids(1)}) == 2
        os.kill(os.getpid(), signal.SIGTERM)
        assert await row.running == 0


async def test_a_worker_that_is_killed_is_started_again(tmp_path: Path) -> None:
    async with supervised(tmp_path) as row:
        await row.ready.wait()
        os.kill(row.pids(1)[0], signal.SIGKILL)
        await until(lambda: len(row.pids(1)) == 2)
        assert len(row.pids(0)) == 1


async def test_a_worker_that_cannot_be_started_now_is_started_later_and_the_others_live(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program, away = tmp_path / "python", tmp_path / "away"
    program.symlink_to(sys.executable)
    async with supervised(tmp_path, program=str(program)) as row:
        await row.ready.wait()
        files = len(os.listdir("/proc/self/fd"))
        program.rename(away)
        os.kill(row.pids(1)[0], signal.SIGKILL)
        await until(lambda: "a worker could not be started" in caplog.messages)
        assert not row.running.done()
        away.rename(program)
        await until(lambda: len(row.pids(1)) == 2)
        assert len(row.pids(0)) == 1
        assert len(os.listdir("/proc/self/fd")) == files


async def test_a_program_that_is_not_there_ends_all(tmp_path: Path) -> None:
    async with supervised(tmp_path, program=str(tmp_path / "nothing")) as row:
        assert await row.running == os.EX_OSERR


async def test_who_is_asked_to_stop_while_a_worker_is_started_has_it_end(tmp_path: Path) -> None:
    alive, held = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-c", BODY, str(tmp_path)]
        worker, stop = supervisor.Worker(0, command, listener, alive, {}), asyncio.Event()
        living = asyncio.create_task(worker.life(stop))
        await asyncio.sleep(0)  # it is on its way, and there is nobody yet to pass a signal on to
        stop.set()
        async with asyncio.timeout(WITHIN_S):
            status, _ = await living
        assert status in (0, -signal.SIGTERM)
        assert await supervisor._keep(worker, stop) == 0
    os.close(alive)
    os.close(held)


async def test_a_worker_that_never_comes_up_ends_all_with_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "1")
    async with supervised(tmp_path) as row:
        assert await row.running == 3
        assert not row.ready.is_set()


async def test_a_worker_that_ends_badly_is_told_in_the_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUS", "70")
    async with supervised(tmp_path) as row:
        await row.ready.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await row.running == 70


async def test_a_reload_reaches_every_worker(tmp_path: Path) -> None:
    async with supervised(tmp_path) as row:
        await row.ready.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: all((tmp_path / f"{place}.hup").exists() for place in (0, 1)))


async def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, json, socket, sys\nfrom posthouse.supervisor import supervise\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "asyncio.run(supervise(json.loads(sys.argv[1]), 2, listener, lambda: print('ready', flush=True)))"
    )
    command = json.dumps([sys.executable, "-c", BODY, str(tmp_path)])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, command, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        assert await process.stdout.readline() == b"ready\n"
        process.kill()
        await process.wait()
        await until(lambda: all((tmp_path / f"{place}.orphan").exists() for place in (0, 1)))
