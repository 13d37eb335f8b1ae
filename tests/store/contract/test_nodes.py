"""Which processes live."""

from posthouse.store.contract import Store


async def test_a_process_is_told_of_itself(store: Store) -> None:
    assert await store.beat("one", 60.0) == ["one"]
    assert await store.beat("one", 60.0) == ["one"]
    await store.leave("one")
