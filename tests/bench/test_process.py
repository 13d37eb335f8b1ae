"""Processes of the benchmark: measured, and ended whatever they do."""

import sys
from pathlib import Path

import pytest

from posthouse.bench.process import BenchError, Pack, child

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


@needs_proc
async def test_cpu_and_memory_are_those_of_the_process_and_its_descendants(tmp_path: Path) -> None:
    inner = "b = bytearray(40 << 20); [0 for _ in range(5_000_000)]; print('ready', flush=True); input()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    async with child(tmp_path / "log", "-c", outer) as process:
        assert await process.line(20) == b"ready\n"
        cpu_s, peak_mib = process.cpu_s(), process.peak_mib()
        assert cpu_s is not None
        assert peak_mib is not None
        assert cpu_s >= 0.02
        assert 40 < peak_mib < 200
        # The inner process waits for its input: it must not outlive its parent.
        process.process.kill()


@needs_proc
async def test_the_work_of_descendants_that_have_ended_is_counted(tmp_path: Path) -> None:
    inner = "import time; [0 for _ in iter(lambda: time.process_time() < 0.3, False)]"
    outer = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}]); print('done', flush=True); input()"
    )
    async with child(tmp_path / "log", "-c", outer) as process:
        assert await process.line(30) == b"done\n"
        cpu_s = process.cpu_s()
        assert cpu_s is not None
        assert cpu_s > 0.28


@needs_proc
async def test_several_processes_are_one_server(tmp_path: Path) -> None:
    async with child(tmp_path / "log", "-c", "input()") as one, child(tmp_path / "log", "-c", "input()") as two:
        apart = [process.peak_mib() for process in (one, two)]
        assert None not in apart
        both = Pack([one, two]).peak_mib()
        assert both is not None
        assert both >= sum(filter(None, apart))
        two.process.kill()
        two.process.wait()
        assert Pack([one, two]).peak_mib() is None
        with pytest.raises(BenchError, match="ended by itself with -9"):
            Pack([one, two]).check()


@needs_proc
async def test_a_process_that_has_ended_has_no_figures(tmp_path: Path) -> None:
    async with child(tmp_path / "log", "-c", "pass") as process:
        process.process.wait()
        assert process.cpu_s() is None
        assert process.peak_mib() is None


async def test_a_process_that_ended_by_itself_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    async with child(tmp_path / "log", "-c", "raise SystemExit('no such road')") as process:
        with pytest.raises(BenchError, match="no such road"):
            await process.line(20)
        process.process.wait()
        with pytest.raises(BenchError, match="ended by itself with 1: no such road"):
            process.check()


async def test_a_process_that_says_nothing_in_time_is_an_error_and_is_ended(tmp_path: Path) -> None:
    async with child(tmp_path / "log", "-c", "import time; time.sleep(60)") as process:
        with pytest.raises(BenchError, match=r"not answered in 0\.05 s"):
            await process.line(0.05)
    assert process.process.returncode == -15


async def test_a_process_that_does_not_heed_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.bench.process.END_S", 0.05)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    async with child(tmp_path / "log", "-c", deaf) as process:
        assert await process.line(20) == b"deaf\n"
    assert process.process.returncode == -9
