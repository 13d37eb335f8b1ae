"""The benchmark's own PostgreSQL: durable as shipped, and gone afterwards."""

from pathlib import Path

import pytest

from posthouse.bench import postgresql
from posthouse.bench.postgresql import Unavailable, started
from posthouse.bench.process import BenchError


async def test_it_keeps_what_it_takes_and_its_work_is_counted(place: Path) -> None:
    folder = place / "postgresql"
    folder.mkdir()
    async with started(folder) as server:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await server.ask(server.url, f"SHOW {setting}") == "on"
        url = await server.create("scratch")
        before = await server.bytes_of(url)
        await server.run(url, "CREATE TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
        assert await server.bytes_of(url) - before > 1_000_000
        assert server.child is not None
        assert server.child.cpu_s()
        assert await server.logged_bytes() > 1_000_000
        await server.drop("scratch")
        with pytest.raises(BenchError, match="does not exist"):
            await server.ask(url, "SELECT 1")
        with pytest.raises(BenchError, match="refused 'nonsense'"):
            await server.run(server.url, "nonsense")
    assert server.child.process.returncode == 0


async def test_without_the_wheel_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(postgresql, "WHEEL", "posthouse_has_no_such_wheel")
    with pytest.raises(Unavailable, match="--postgresql URL"):
        async with started(place):
            pass
