"""How many messages of a key were accepted, for its daily limit after a restart."""

from posthouse.store.contract import Store
from tests.store.letters import DAY_S, NOW, OTHER_POOL, POOL, letter


async def test_messages_of_counted_keys_are_counted_by_pool_and_key(store: Store) -> None:
    await store.add([letter(number, caller="web") for number in range(3)])
    await store.add([letter(10, caller="app"), letter(11, pool=OTHER_POOL, caller="web"), letter(12)])
    assert await store.accepted(NOW - 1) == {(POOL, "web"): 3, (POOL, "app"): 1, (OTHER_POOL, "web"): 1}


async def test_what_came_before_is_not_counted(store: Store) -> None:
    await store.add([letter(1, at=NOW - DAY_S, caller="web"), letter(2, caller="web")])
    assert await store.accepted(NOW - 10) == {(POOL, "web"): 1}
    assert await store.accepted(NOW + 10) == {}
