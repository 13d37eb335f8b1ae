"""Quotas that are read anew while everything runs: what is on its way to the disk counts."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from posthouse.delivery.attempt import attempt
from posthouse.delivery.express import Written
from posthouse.routing.rules import Candidate
from posthouse.store.contract import StoreDown
from posthouse.store.values import Entry, Intent, Mismatch, Receipt
from tests.delivery.office import Office, office
from tests.delivery.station import at_work
from tests.store.letters import POOL, letter

ONE_A_DAY = (Candidate("first", daily=1),)


async def read_anew(house: Office) -> None:
    """As the next sign of life after a reload does."""
    await house.clock.advance(0.01)
    house.desk.count_anew()
    await house.desk.take_up_quotas()


def today(house: Office) -> int:
    return house.desk.board(POOL).standing("first").spent.today


async def test_what_is_on_its_way_to_the_disk_by_the_short_way_counts(tmp_path: Path) -> None:
    async with office(tmp_path, candidates=ONE_A_DAY) as house:
        disk = asyncio.Event()

        class Slow:
            def add(self, entries: Sequence[Entry]) -> Written:
                return asyncio.ensure_future(self._added(entries))

            async def _added(self, entries: Sequence[Entry]) -> list[Receipt | Mismatch]:
                await disk.wait()
                return await house.store.add(entries)

        async with at_work(house, Slow()) as at:
            adding = at.express.add([letter()])
            reading = asyncio.create_task(read_anew(house))
            await asyncio.sleep(0)
            disk.set()
            await asyncio.gather(adding, reading)
            assert await at.stop() == 0
            assert today(house) == 1


async def test_what_is_on_its_way_to_the_disk_by_an_intent_counts(tmp_path: Path) -> None:
    async with office(tmp_path, candidates=ONE_A_DAY) as house:
        disk = asyncio.Event()
        intend = house.store.intend

        async def slow(items: Sequence[Intent]) -> list[bool]:
            await disk.wait()
            return await intend(items)

        claim = await house.claimed()
        house.store.intend = slow  # type: ignore[method-assign]
        trying = asyncio.create_task(attempt(claim, house.desk))
        await asyncio.sleep(0)
        reading = asyncio.create_task(read_anew(house))
        await asyncio.sleep(0)
        disk.set()
        await asyncio.gather(trying, reading)
        assert today(house) == 1


async def test_nobody_waits_for_what_is_known_not_to_begin(tmp_path: Path) -> None:
    async with office(tmp_path, candidates=ONE_A_DAY) as house:

        async def full(items: Sequence[Intent]) -> list[bool]:
            raise StoreDown("the disk is full")

        claim = await house.claimed()
        house.store.intend = full  # type: ignore[method-assign]
        trying = asyncio.create_task(attempt(claim, house.desk))
        await house.clock.sleeping(1)
        await read_anew(house)
        assert today(house) == 0
        await house.clock.advance(1)
        await trying
