"""Switches: how operators have set the providers is on disk, and read back as it was set."""

from posthouse.routing.switch import ON, Failing, Switch
from posthouse.store.contract import Store
from posthouse.store.values import Switching
from tests.store.conftest import Dialect
from tests.store.letters import NOW, OTHER_POOL, POOL

PAUSED = Switch("pause", "the account is being checked", "ann", NOW)
DRAINED = Switch("drain", at=NOW)
FAILING = Switch(failing=Failing("throttle", 0.25, NOW + 60), at=NOW)


async def test_nothing_is_switched_at_first(store: Store) -> None:
    assert await store.switches() == {}


async def test_each_provider_of_each_pool_has_its_own_switch(store: Store) -> None:
    items = [
        Switching(POOL, "first", PAUSED),
        Switching(POOL, "second", FAILING),
        Switching(OTHER_POOL, "first", DRAINED),
    ]
    assert await store.switch(items) == [PAUSED, FAILING, DRAINED]
    assert await store.switches() == {POOL: {"first": PAUSED, "second": FAILING}, OTHER_POOL: {"first": DRAINED}}


async def test_a_switch_is_set_as_a_whole(store: Store) -> None:
    await store.switch([Switching(POOL, "first", PAUSED)])
    assert await store.switch([Switching(POOL, "first", FAILING)]) == [FAILING]
    assert await store.switches() == {POOL: {"first": FAILING}}


async def test_a_switch_that_was_set_back_stays_on_record(store: Store) -> None:
    back = Switch(reason="well again", by="bob", at=NOW + 9)
    await store.switch([Switching(POOL, "first", PAUSED)])
    await store.switch([Switching(POOL, "first", back), Switching(POOL, "second", ON)])
    assert await store.switches() == {POOL: {"first": back, "second": ON}}


async def test_of_two_in_one_batch_the_last_one_holds(store: Store) -> None:
    items = [Switching(POOL, "first", PAUSED), Switching(POOL, "first", DRAINED)]
    assert await store.switch(items) == [DRAINED, DRAINED]
    assert await store.switches() == {POOL: {"first": DRAINED}}


async def test_switches_are_there_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    await store.switch([Switching(POOL, "first", PAUSED)])
    await store.close()
    store = await dialect.open()
    assert await store.switches() == {POOL: {"first": PAUSED}}
    await store.close()
