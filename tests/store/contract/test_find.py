"""Finding one message: by its id, in its pool."""

import pytest

from posthouse.store.contract import Store
from tests.store.letters import NOW, OTHER_POOL, POOL, begun, letter, letters, result


async def test_a_message_is_found_in_its_pool_and_by_who_sees_all(store: Store) -> None:
    await store.add([letter()])
    ours, all_seeing = await store.find(letter().id, POOL), await store.find(letter().id, None)
    assert ours is not None
    assert ours == all_seeing
    assert ours.id == letter().id


async def test_another_pool_s_message_is_not_found(store: Store) -> None:
    await store.add([letter()])
    assert await store.find(letter().id, OTHER_POOL) is None


@pytest.mark.parametrize("message_id", ["", "x", "%", letter(7).id, letter().id.upper(), letter().id + " ", "a\0b"])
async def test_what_is_not_there_is_not_found(store: Store, message_id: str) -> None:
    await store.add([letter()])
    assert await store.find(message_id, None) is None
    assert await store.find(message_id, POOL) is None


async def test_each_message_has_its_own_attempts_and_events(store: Store) -> None:
    claims = await begun(store, *letters(3))
    await store.record([result(claim, at=NOW + n, detail=f"answer {n}") for n, claim in enumerate(claims)])
    for n, claim in enumerate(claims):
        record = await store.find(claim.job.id, POOL)
        assert record is not None
        assert [attempt.detail for attempt in record.attempts] == [f"answer {n}"]
        assert [(event.type, event.at) for event in record.events] == [("accepted", NOW), ("sent", NOW + n)]
