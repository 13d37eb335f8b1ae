"""Rotating: whatever a store drops as a whole, nothing goes that is unfinished, or that is still to be kept."""

from posthouse.store.contract import Store
from tests.store.letters import DAY_S, NOW, POOL, begun, ended, ids, letter, wanted

LATER = NOW + 30 * DAY_S


async def test_an_empty_store_rotates(store: Store) -> None:
    await store.rotate(LATER, DAY_S, 2 * DAY_S)


async def test_the_unfinished_and_what_is_to_be_kept_stay(store: Store) -> None:
    await begun(store, letter(1))
    await store.add([letter(2, due_at=LATER)])
    [sent] = await ended(store, letter(3))
    before = await store.find(sent.job.id, POOL)
    await store.rotate(LATER, DAY_S, 2 * DAY_S)
    assert await store.find(sent.job.id, POOL) == before
    assert len(await ids(store)) == 3
    swept = await store.sweep(wanted(LATER))
    claims = await store.claim(wanted(LATER))
    assert [claim.job.id for claim in (*swept, *claims)] == [letter(1).id, letter(2).id]
    assert swept[0].opened is not None
