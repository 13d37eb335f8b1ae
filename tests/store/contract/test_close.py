"""Closing: what was asked for is done; what is asked for later is refused."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from posthouse.store.contract import Store, StoreDown
from posthouse.store.values import Query
from tests.store.conftest import Dialect
from tests.store.letters import (
    NOW,
    POOL,
    claimed,
    delay,
    ending,
    ids,
    intent,
    letter,
    letters,
    renewal,
    result,
    taken_back,
    wanted,
)


async def test_what_was_asked_for_before_is_done(dialect: Dialect) -> None:
    store = await dialect.open()
    adding = [store.add([entry]) for entry in letters(20)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*adding)) == 20
    store = await dialect.open()
    assert len(await ids(store)) == 20
    await store.close()


async def test_closing_twice_is_closing_once(dialect: Dialect) -> None:
    store = await dialect.open()
    await store.close()
    await store.close()


async def test_closing_twice_at_the_same_time_is_closing_once(dialect: Dialect) -> None:
    store = await dialect.open()
    adding = store.add([letter()])
    await asyncio.sleep(0)
    await asyncio.gather(store.close(), store.close())
    assert len(await adding) == 1


async def test_whatever_is_asked_for_later_is_refused(dialect: Dialect) -> None:
    store = await dialect.open()
    [claim] = await claimed(store, letter())
    await store.close()
    later: list[Callable[[Store], Awaitable[Any]]] = [
        lambda store: store.add([letter(2)]),
        lambda store: store.cancel([taken_back(letter())]),
        lambda store: store.claim(wanted()),
        lambda store: store.sweep(wanted()),
        lambda store: store.overdue(wanted()),
        lambda store: store.intend([intent(claim)]),
        lambda store: store.record([result(claim)]),
        lambda store: store.finish([ending(claim)]),
        lambda store: store.postpone([delay(claim, NOW)]),
        lambda store: store.renew([renewal(claim, NOW)]),
        lambda store: store.retire(NOW, NOW, 1),
        lambda store: store.observations(NOW),
        lambda store: store.find(letter().id, POOL),
        lambda store: store.page(Query()),
        lambda store: store.settled(letter().id, 1),
        lambda store: store.waiting(NOW),
    ]
    for ask in later:
        with pytest.raises(StoreDown, match="closed"):
            await ask(store)
