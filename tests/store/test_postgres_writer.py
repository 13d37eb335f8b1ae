"""Several lines that take from one queue, as many of them as may work at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from posthouse.metrics.tally import Tally
from posthouse.store.call import Call
from posthouse.store.contract import StoreDown
from posthouse.store.postgres.writer import Writer


class Door:
    """In the place of a connection: a transaction ends when the door is open. inside: how many stand before it.

    entered: how many ever did.
    """

    def __init__(self) -> None:
        self.open, self.inside, self.most_inside, self.sizes = asyncio.Event(), 0, 0, list[int]()
        self.entered = 0

    async def write(self, body: Callable[[Any], Awaitable[None]]) -> None:
        self.inside += 1
        self.entered += 1
        self.most_inside = max(self.most_inside, self.inside)
        await self.open.wait()
        await body(None)
        self.inside -= 1

    async def close(self) -> None:
        """There is nothing to let go."""


async def echoed(session: Any, items: list[Any]) -> list[Any]:
    return items


async def doubled(session: Any, items: list[Any]) -> list[Any]:
    return [2 * item for item in items]


async def nothing(session: Any, items: Any) -> None:
    """Nothing is to be done before."""


def writer(*doors: Door) -> Writer:
    """One with two lines: through these doors, or both through the same."""

    def committed(calls: list[Call]) -> None:
        doors[0].sizes.append(sum(len(call.items) for call in calls))

    return Writer([doors[0], doors[-1]], committed, Tally(), nothing)  # type: ignore[list-item]


async def turns() -> None:
    """Let everybody go as far as they get."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("most", [1, 2])
async def test_so_many_work_at_once_and_what_comes_meanwhile_goes_together(most: int) -> None:
    door = Door()
    opened = writer(door)
    opened.most = most
    told = []
    for number in range(6):
        told.append(opened.submit(echoed, [number]))
        await turns()
    assert door.inside == most
    door.open.set()
    assert [await one for one in told] == [[number] for number in range(6)]
    assert sorted(door.sizes) == sorted([1] * most + [6 - most])
    await opened.close()


async def test_what_goes_alone_goes_with_its_like_and_takes_turns_with_all_others() -> None:
    door = Door()
    opened = writer(door)
    opened.most = 1
    first = opened.submit(echoed, [0])
    await turns()
    others = [opened.submit(echoed, [number]) for number in range(4)]
    alone = [opened.submit(method, [1], alone=True) for method in (echoed, echoed, doubled, echoed)]
    door.open.set()
    assert [await one for one in (first, *others, *alone)] == [[0], [0], [1], [2], [3], [1], [1], [2], [1]]
    assert door.sizes == [1, 2, 4, 1, 1]
    await opened.close()


async def test_one_that_works_when_there_are_too_many_ends_what_it_has_and_rests() -> None:
    door = Door()
    opened = writer(door)
    told = []
    for number in range(4):
        told.append(opened.submit(echoed, [number]))
        await turns()
    assert door.inside == 2
    opened.most, door.most_inside = 1, 0
    door.open.set()
    assert [await one for one in told] == [[number] for number in range(4)]
    assert door.most_inside == 1
    door.open.clear()
    opened.most = 2
    told = []
    for number in (5, 6):
        told.append(opened.submit(echoed, [number]))
        async with asyncio.timeout(5):
            while door.inside < len(told):  # noqa: ASYNC110  one that had company before lingers for more
                await asyncio.sleep(0)
    door.open.set()
    assert [await one for one in told] == [[5], [6]]
    await opened.close()


@pytest.mark.parametrize("most", [1, 2])
async def test_a_close_writes_all_that_was_submitted(most: int) -> None:
    door = Door()
    opened = writer(door)
    opened.most = most
    told = [opened.submit(echoed, [1])]
    await turns()
    told += [opened.submit(echoed, [number]) for number in (2, 3)]
    closing = asyncio.create_task(opened.close())
    await turns()
    assert not closing.done()
    door.open.set()
    assert [await one for one in told] == [[1], [2], [3]]
    await closing
    with pytest.raises(StoreDown):
        await opened.submit(echoed, [4])


async def test_lines_take_turns_with_what_comes_alone() -> None:
    first, second = Door(), Door()
    opened = writer(first, second)
    first.open.set()
    second.open.set()
    await turns()
    for number in range(6):
        assert await opened.submit(echoed, [number]) == [number]
        await turns()
    assert (first.entered, second.entered) == (3, 3)
    await opened.close()
