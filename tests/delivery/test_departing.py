import asyncio

from posthouse.delivery.departing import Departing


async def test_who_waits_waits_for_those_that_depart_now_and_for_nobody_who_comes_after() -> None:
    departing = Departing()
    departing.begins("one")
    departing.begins("two")
    waiting = asyncio.create_task(departing.all_known())
    await asyncio.sleep(0)
    departing.begins("three")
    departing.known("one")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    departing.known("two")
    async with asyncio.timeout(5):
        await waiting


async def test_where_nobody_departs_nobody_waits() -> None:
    departing = Departing()
    departing.begins("one")
    departing.known("one")
    departing.known("one")  # told again, by whoever ends what did not begin
    async with asyncio.timeout(5):
        await departing.all_known()
