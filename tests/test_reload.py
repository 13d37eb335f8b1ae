"""A configuration that changes while everything runs."""

import asyncio
from pathlib import Path

from posthouse import reload as reloading
from posthouse.config import Config, Problem
from posthouse.reload import Reload, stamp
from tests.config.sample import MINIMAL, config
from tests.delivery.clock import FakeClock

BROKEN = [Problem("pools", 3, "expected a mapping")]
CHANGED = MINIMAL + "\nretention: {content: 1d}\n"


class House:
    """What is read and what was put in force."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.there: Config | list[Problem] = config(MINIMAL)
        self.applied: list[Config] = []
        self.reload = Reload(self.clock, lambda: self.there, self.applied.append, config(MINIMAL))


def test_a_changed_configuration_is_put_in_force_and_told() -> None:
    house = House()
    house.there = config(CHANGED)
    told = house.reload.reload()
    assert house.applied == [house.there]
    assert (told.problems, told.changed, told.waiting) == ((), ("retention.content",), ())
    assert house.reload.last is told
    assert house.reload.running is house.there


def test_a_broken_one_changes_nothing_and_is_told_until_it_is_mended() -> None:
    house = House()
    running, house.there = house.reload.running, BROKEN
    assert house.reload.reload().problems == tuple(BROKEN)
    assert (house.applied, house.reload.running) == ([], running)
    house.there = config(MINIMAL)
    assert house.reload.reload().problems == ()


def test_what_waits_for_a_restart_is_told() -> None:
    house = House()
    house.there = config(MINIMAL + '\nhttp: {listen: "127.0.0.1:9999"}\n')
    assert house.reload.reload().waiting == ("http.listen",)


async def test_a_file_is_read_again_once_it_has_changed_and_stands_still(tmp_path: Path) -> None:
    house, file = House(), tmp_path / "posthouse.yaml"
    file.write_text("one")
    house.there = config(CHANGED)
    watching = asyncio.create_task(house.reload.watching(file))
    await house.clock.sleeping(1)
    await look(house, 2)
    assert house.applied == []
    file.write_text("another")
    await look(house, 3)
    assert house.applied == [], "it may still be written"
    await look(house, 4)
    assert len(house.applied) == 1
    await look(house, 5)
    assert len(house.applied) == 1
    watching.cancel()


async def test_a_file_that_is_gone_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    house, file = House(), tmp_path / "posthouse.yaml"
    file.write_text("one")
    watching = asyncio.create_task(house.reload.watching(file))
    await house.clock.sleeping(1)
    file.unlink()
    await look(house, 2)
    await look(house, 3)
    assert house.applied == []
    file.write_text("another")
    await look(house, 4)
    await look(house, 5)
    assert len(house.applied) == 1
    watching.cancel()


async def look(house: House, count: int) -> None:
    """Let the watcher look once more."""
    await house.clock.advance(reloading.LOOK_S)
    await house.clock.sleeping(count)


def test_a_file_that_is_not_there_has_no_version(tmp_path: Path) -> None:
    assert stamp(tmp_path / "nothing") is None
