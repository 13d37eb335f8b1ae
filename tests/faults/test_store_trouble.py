"""The disk in trouble: held by another process, full, or failing. What was acknowledged is there, whatever happens."""

import asyncio
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tests.faults import trace
from tests.faults.auditor import Audit, audit, unfinished
from tests.faults.carrier import HANG, Carrier, carrying, slowly
from tests.faults.driver import Caller, Ledger, load, settle
from tests.faults.fault import breaking, failing
from tests.faults.ground import sound, stored
from tests.faults.mutant import program
from tests.faults.report import Line
from tests.faults.server import POSTHOUSE, STORE, configured, launched, sendgrid, serving
from tests.faults.soak import SOAK
from tests.faults.trace import Call, calls, tracing

DISK_FAILED = 70
SYNCS: Sequence[int] = range(1, 40) if SOAK else (1, 3)
WRITES: Sequence[int] = range(1, 120) if SOAK else (1, 2, 3, 5, 8, 13, 21, 34)
"""Which one of the writer's calls fails, counted from a moment under load; in the long form, one after the other."""

traced = pytest.mark.skipif(trace.missing() is not None, reason=trace.missing() or "")
attached = pytest.mark.skipif(trace.unattachable() is not None, reason=trace.unattachable() or "")


async def test_a_second_process_on_the_same_store_refuses_to_start_and_names_the_first(tmp_path: Path) -> None:
    async with carrying() as carrier:
        config = configured(tmp_path, {"carrier": sendgrid(carrier.port)})
        async with serving(config) as first:
            async with launched(config) as second:
                assert await second.ended() == 1
            assert f"in use by another Posthouse process (pid {first.pid})" in second.words()
            assert "Traceback" not in second.words()
            assert (await Caller(first.port).post("1", wait_s=10)).state == "sent"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB: three times what the write-ahead log takes before it is folded into the file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def fill_up(folder: Path, python: Sequence[str] = POSTHOUSE) -> Audit:
    """Run a server on a small disk while somebody else fills it, and makes room again."""
    async with carrying() as carrier:
        config = configured(folder, {"carrier": sendgrid(carrier.port)})
        async with serving(config, program=python) as server:
            ledger, refs, caller = Ledger(), map(str, count()), Caller(server.port)
            await load(server.port, refs, ledger, 2, lambda: len(ledger.answers) < 20)
            await carrier.arrived(len(ledger.accepted))
            ballast = folder / "ballast"
            fill(ballast)
            refused = await until_refused(caller, refs, ledger)
            ballast.unlink()
            if refused:
                await welcome_again(caller, refs, ledger)
            await caller.close()
            assert await server.stopped() == 0, server.words()
        # What was accepted on the last pages of the disk is sent after a start, if not before.
        async with serving(config, program=python) as server:
            await carrier.arrived(len(stored(folder / STORE)))
            assert await server.stopped() == 0, server.words()
    assert sound(folder / STORE)
    return audit(ledger.answers, carrier.arrivals, stored(folder / STORE))


async def until_refused(caller: Caller, refs: Iterator[str], ledger: Ledger) -> bool:
    """Post until it is turned away as it should be; False where everything is taken, on a disk that is full."""
    for _ in range(200):
        answer = await caller.post(next(refs), text="x" * 20_000)
        await ledger.enter(answer)
        if not answer.accepted:
            assert (answer.status, answer.retry_after) == (503, "5")
            return True
    return False


async def welcome_again(caller: Caller, refs: Iterator[str], ledger: Ledger) -> None:
    for _ in range(20):
        answer = await caller.post(next(refs))
        await ledger.enter(answer)
        assert answer.status == 202


def fill(ballast: Path) -> None:
    """Take all the room that is left."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


async def test_on_a_full_disk_messages_are_turned_away_and_taken_again_when_there_is_room(
    small_disk: Path, tell: Callable[[Line], None]
) -> None:
    found = await fill_up(small_disk)
    tell(Line.of("small disk, SQLite", 1, found))
    assert not found.violations, found.violations[:10]
    assert found.stored == found.accepted < found.posted


async def test_the_auditor_sees_a_server_that_answers_before_the_disk_has(small_disk: Path) -> None:
    found = await fill_up(small_disk, program("acknowledges_early"))
    assert found.lost > 0


@traced
@pytest.mark.parametrize(("call", "error", "when"), [("fdatasync", "EIO", 5), ("pwrite64", "ENOSPC", 12)])
async def test_a_server_that_cannot_write_when_it_starts_says_so_and_leaves(
    tmp_path: Path, call: str, error: str, when: int
) -> None:
    config = configured(tmp_path, {"carrier": sendgrid(1)})
    disk = (*tracing(tmp_path / "calls"), *breaking(call, error, f"{when}+"))
    async with launched(config, under=disk) as server:
        assert await server.ended() == 1
    assert f"{STORE} cannot be " in server.words()
    assert "Traceback" not in server.words()


async def fails(folder: Path, carrier: Carrier, ledger: Ledger, when: int, python: Sequence[str] = POSTHOUSE) -> int:
    """Run under load until a sync fails; how many calls changed the store after it."""
    config = configured(folder, {"carrier": sendgrid(carrier.port)})
    refs, log = (f"{when}.{number}" for number in count()), folder / f"calls.{when}"
    async with serving(config, program=python) as server:
        calling = asyncio.create_task(load(server.port, refs, ledger, 4, lambda: True, once=True))
        await ledger.reached(len(ledger.answers) + 20)
        async with failing(server.pid, "fdatasync", "EIO", str(when), log):
            assert await server.ended(20) == DISK_FAILED, server.words()
        await calling
    with log.open() as lines:
        return changes_after_failure(calls(lines), folder / STORE)


def changes_after_failure(log: Iterable[Call], store: Path) -> int:
    failed, changes = False, 0
    for call in log:
        if call.on in (str(store), f"{store}-wal") and call.result is not None:
            changes += failed and call.name in ("pwrite64", "fdatasync", "ftruncate")
            failed = failed or (call.name == "fdatasync" and call.result != 0)
    assert failed, "no sync failed"
    return changes


@attached
@pytest.mark.timeout(60 + 5 * len(SYNCS))
async def test_after_a_failed_sync_nothing_more_is_written_and_all_that_was_acknowledged_is_there(
    tmp_path: Path, tell: Callable[[Line], None]
) -> None:
    async with carrying(slowly(0.005)) as carrier:
        ledger = Ledger()
        for when in SYNCS:
            assert await fails(tmp_path, carrier, ledger, when) == 0
        async with serving(configured(tmp_path, {"carrier": sendgrid(carrier.port)})) as server:
            await settle(server.port, [*ledger.unanswered, *unfinished(stored(tmp_path / STORE))], ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, stored(tmp_path / STORE))
        tell(Line.of("failed syncs, SQLite", len(SYNCS), found))
        assert not found.violations, found.violations[:10]
        assert {answer.status for answer in ledger.answers if answer.fate == "answered"} <= {200, 202, 503}
        assert sound(tmp_path / STORE)


@attached
async def test_the_witness_sees_a_server_that_believes_the_next_sync(tmp_path: Path) -> None:
    async with carrying(slowly(0.005)) as carrier:
        mutant = program("believes_the_next_sync")
        for when in range(2, 12):  # once it has more to write in the moment between its failure and its end
            if await fails(tmp_path, carrier, Ledger(), when, mutant):
                return
    pytest.fail("nothing was written after any failure")


@attached
async def test_a_server_whose_disk_failed_does_not_wait_for_a_carrier_that_does_not_answer(tmp_path: Path) -> None:
    async with carrying(HANG) as carrier:
        config = configured(tmp_path, {"carrier": sendgrid(carrier.port)})
        async with serving(config) as server:
            caller = Caller(server.port)
            assert (await caller.post("1")).status == 202
            await carrier.arrived(1)
            async with failing(server.pid, "fdatasync", "EIO", "1", tmp_path / "calls"):
                assert (await caller.post("2")).status == 503
                assert await server.ended(10) == DISK_FAILED, server.words()
            await caller.close()


@attached
@pytest.mark.timeout(60 + 5 * len(WRITES))
async def test_wherever_a_write_finds_the_disk_full_the_server_goes_on_and_keeps_its_word(
    tmp_path: Path, tell: Callable[[Line], None]
) -> None:
    async with carrying(slowly(0.005)) as carrier:
        config = configured(tmp_path, {"carrier": sendgrid(carrier.port)})
        ledger, refs = Ledger(), map(str, count())
        async with serving(config) as server:
            calling = asyncio.create_task(load(server.port, refs, ledger, 4, lambda: server.running, once=True))
            for when in WRITES:
                async with failing(server.pid, "pwrite64", "ENOSPC", str(when), tmp_path / "calls"):
                    await ledger.reached(len(ledger.answers) + 30)
            assert await server.stopped() == 0, server.words()
            await calling
        async with serving(config) as server:
            await settle(server.port, [*ledger.unanswered, *unfinished(stored(tmp_path / STORE))], ledger)
            assert await server.stopped() == 0, server.words()
        found = audit(ledger.answers, carrier.arrivals, stored(tmp_path / STORE))
        tell(Line.of("full disk at each write, SQLite", len(WRITES), found))
        assert not found.violations, found.violations[:10]
        assert sound(tmp_path / STORE)
