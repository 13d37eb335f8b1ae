"""Waiting for the end of a message: no longer than needed, no shorter than asked."""

import asyncio

from posthouse.store.contract import Store
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    begun,
    claimed,
    deferred,
    delay,
    ended,
    ending,
    intent,
    letter,
    result,
    taken_back,
    wanted,
)

SHORT_S = 0.05


async def _settled_at_once(store: Store, message_id: str) -> None:
    async with asyncio.timeout(5):
        await store.settled(message_id, 60)


def _waiting(store: Store, message_id: str) -> "asyncio.Task[None]":
    return asyncio.create_task(store.settled(message_id, 60))


async def _watched(store: Store, *tasks: "asyncio.Task[None]") -> None:
    """Return when the tasks had time to look at the message, and see that they still wait."""
    await asyncio.sleep(0)
    await asyncio.gather(*(store.waiting(NOW) for _ in range(4)))
    assert not any(task.done() for task in tasks)


async def test_a_finished_message_is_settled_at_once(store: Store) -> None:
    [claim] = await ended(store, letter())
    await _settled_at_once(store, claim.job.id)


async def test_a_message_that_is_not_there_is_settled_at_once(store: Store) -> None:
    await _settled_at_once(store, letter().id)


async def test_a_pending_message_is_settled_by_its_answer(store: Store) -> None:
    [claim] = await begun(store, letter())
    waiting = [_waiting(store, claim.job.id) for _ in range(3)]
    await _watched(store, *waiting)
    await store.record([result(claim)])
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


async def test_a_pending_message_is_settled_by_an_end_without_an_attempt(store: Store) -> None:
    [claim] = await claimed(store, letter())
    waiting = _waiting(store, claim.job.id)
    await _watched(store, waiting)
    await store.finish([ending(claim)])
    async with asyncio.timeout(5):
        await waiting


async def test_a_pending_message_is_settled_by_being_cancelled(store: Store) -> None:
    await store.add([letter()])
    waiting = _waiting(store, letter().id)
    await _watched(store, waiting)
    await store.cancel([taken_back(letter())])
    async with asyncio.timeout(5):
        await waiting


async def test_waiting_that_began_together_with_the_end_is_not_forgotten(store: Store) -> None:
    claims = await begun(store, *(letter(number) for number in range(20)))
    waiting = [_waiting(store, claim.job.id) for claim in claims]
    recording = [store.record([result(claim)]) for claim in claims]
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting, *recording)


async def test_a_pending_message_is_waited_for_until_the_timeout(store: Store) -> None:
    await store.add([letter()])
    began = asyncio.get_running_loop().time()
    await store.settled(letter().id, SHORT_S)
    assert asyncio.get_running_loop().time() - began >= SHORT_S * 0.9


async def test_a_retry_is_not_an_end(store: Store) -> None:
    [claim] = await begun(store, letter())
    waiting = _waiting(store, claim.job.id)
    await store.record([deferred(claim, NOW + 5)])
    await _watched(store, waiting)
    waiting.cancel()


async def test_somebody_else_s_end_is_not_an_end(store: Store) -> None:
    [claim, other] = await begun(store, letter(1), letter(2))
    waiting = _waiting(store, claim.job.id)
    await store.record([result(other)])
    await _watched(store, waiting)
    waiting.cancel()


async def test_a_cancelling_that_came_too_late_is_not_an_end(store: Store) -> None:
    [claim] = await begun(store, letter())
    waiting = _waiting(store, claim.job.id)
    await _watched(store, waiting)
    assert await store.cancel([taken_back(letter())]) == ["sending"]
    await _watched(store, waiting)
    waiting.cancel()


async def test_another_pool_s_cancelling_is_not_an_end(store: Store) -> None:
    await store.add([letter()])
    waiting = _waiting(store, letter().id)
    await _watched(store, waiting)
    assert await store.cancel([taken_back(letter(), OTHER_POOL)]) == [None]
    await _watched(store, waiting)
    waiting.cancel()


async def test_the_word_of_a_stale_holder_is_not_an_end(store: Store) -> None:
    [stale] = await begun(store, letter())
    await store.sweep(wanted(NOW + LEASE_S))
    waiting = _waiting(store, stale.job.id)
    await _watched(store, waiting)
    assert await store.record([result(stale)]) == [False]
    assert await store.finish([ending(stale)]) == [False]
    await _watched(store, waiting)
    waiting.cancel()


async def test_an_end_wakes_whoever_waits_through_retries(store: Store) -> None:
    [claim] = await begun(store, letter())
    waiting = _waiting(store, claim.job.id)
    await store.record([deferred(claim, NOW)])
    [claim] = await store.claim(wanted())
    await store.postpone([delay(claim, NOW)])
    [claim] = await store.claim(wanted())
    await store.intend([intent(claim)])
    await _watched(store, waiting)
    await store.record([result(claim)])
    async with asyncio.timeout(5):
        await waiting
