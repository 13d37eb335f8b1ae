"""A backup is made under load, the server goes on sending, then the backup is put to use in its place.

What was accepted before the backup is there; what was sent twice says so; what is accepted after the restore is sent at
once, and nothing that is in doubt before somebody says so.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random

import apsw
import msgspec
import pytest

from tests.faults.auditor import Audit, audit, unfinished
from tests.faults.carrier import Carrier, Manner, carrying, slowly
from tests.faults.driver import Caller, Ledger, load, settle
from tests.faults.ground import sound, stored
from tests.faults.report import Line
from tests.faults.server import STORE, configured, sendgrid, serving

ADMIN = "the-key-of-an-admin"
CALLERS = 8
SEED = 20261128


class Restored(msgspec.Struct, frozen=True):
    """in_doubt: messages that were unfinished in the copy. sent_twice: by the original, and by the copy.
    fresh_s: how long a message took that was accepted before the verdict.
    """

    in_doubt: int
    sent_twice: int
    fresh_s: float
    audit: Audit


async def posthouse(*words: str | Path, url: str | None = None) -> str:
    """A command of Posthouse's; what it says."""
    more = [] if url is None else ["--url", url, "--key", ADMIN]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "posthouse", *map(str, words), *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


def administered(folder: Path, carrier: Carrier) -> Path:
    """A configuration with an administrator, for a store in that folder."""
    folder.mkdir()
    # Fewer places than callers fill: some of what the copy finds is on its way, and some has only been accepted.
    config = configured(folder, {"first": sendgrid(carrier.port, concurrency=48)})
    config.write_text(json.dumps({**json.loads(config.read_text()), "admins": {"ops": ADMIN}}))
    return config


async def restored(folder: Path, put_to_use: Callable[[Path, Path], object], verdict: str) -> Restored:
    """put_to_use(backup, config): how the copy takes the place of the store."""
    random, refs = Random(SEED), map(str, count())
    original, after = Ledger(), Ledger()

    def manner() -> Manner:
        return slowly(random.uniform(0.05, 0.4))

    async with carrying(manner) as carrier:
        config, backup = administered(folder / "before", carrier), folder / "backup.db"
        async with serving(config) as server:
            calling = asyncio.create_task(
                load(server.port, refs, original, CALLERS, lambda: not backup.exists(), once=True)
            )
            await original.reached(300)
            safe = list(original.accepted)
            await posthouse("backup", backup, "--config", config)
            await calling
            assert await server.stopped() == 0, server.words()
        elsewhere = list(carrier.arrivals)
        config = administered(folder / "after", carrier)
        await asyncio.to_thread(put_to_use, backup, config)
        async with serving(config) as server:
            url = f"http://127.0.0.1:{server.port}"
            caller = Caller(server.port)
            fresh = await caller.post("fresh", once=True, wait_s=20)
            await caller.close()
            held_back = [arrival.ref for arrival in carrier.arrivals[len(elsewhere) :]]
            in_doubt = json.loads(await posthouse("release", "--json", url=url))["in_doubt"]
            if in_doubt:
                assert held_back == ["fresh"], "nothing else was sent before the verdict"
                await posthouse("release", verdict, "--all", url=url)
            await after.enter(fresh)
            await settle(server.port, unfinished(stored(folder / "after" / STORE)), after)
            assert await server.stopped() == 0, server.words()
        here = carrier.arrivals[len(elsewhere) :]
        messages = stored(folder / "after" / STORE)
        found = audit([*safe, *after.answers], here, messages, elsewhere)
    assert fresh.state == "sent"
    again = {arrival.id for arrival in elsewhere} & {arrival.id for arrival in here}
    return Restored(in_doubt, len(again), fresh.seconds, found)


async def _by_command(backup: Path, config: Path) -> None:
    await posthouse("restore", backup, "--config", config)


def by_command(backup: Path, config: Path) -> None:
    asyncio.run(_by_command(backup, config))


def by_cp(backup: Path, config: Path) -> None:
    shutil.copy(backup, config.parent / STORE)


def by_cp_of_a_copy_that_does_not_know_that_it_is_one(backup: Path, config: Path) -> None:
    with closing(apsw.Connection(str(backup))) as db:
        db.execute("DELETE FROM restores")
    by_cp(backup, config)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("put_to_use", [by_command, by_cp])
async def test_nothing_is_lost_and_what_is_sent_twice_is_marked(
    tmp_path: Path, put_to_use: Callable[[Path, Path], object], tell: Callable[[Line], None]
) -> None:
    run = await restored(tmp_path, put_to_use, "send")
    more = f"{run.in_doubt} in doubt; a fresh message in {run.fresh_s * 1000:.0f} ms"
    tell(Line.of(f"restore, {put_to_use.__name__}", 1, run.audit, run.in_doubt, more))
    assert not run.audit.violations, run.audit.violations[:10]
    assert run.audit.lost == 0
    assert 0 < run.sent_twice <= run.in_doubt
    assert run.audit.marked >= run.sent_twice
    assert sound(tmp_path / "after" / STORE)


@pytest.mark.timeout(120)
async def test_what_is_held_back_is_sent_to_nobody(tmp_path: Path) -> None:
    run = await restored(tmp_path, by_command, "hold")
    assert not run.audit.violations, run.audit.violations[:10]
    assert (run.sent_twice, run.audit.duplicates) == (0, 0)
    assert run.in_doubt > 0


@pytest.mark.timeout(120)
async def test_the_auditor_sees_a_copy_that_is_taken_for_the_original(tmp_path: Path) -> None:
    run = await restored(tmp_path, by_cp_of_a_copy_that_does_not_know_that_it_is_one, "send")
    assert [sentence for sentence in run.audit.violations if sentence.endswith("is not marked")]
