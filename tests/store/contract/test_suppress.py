"""Suppressions: a list of addresses for each pool, in lower case, in pages that hold still."""

import pytest

from posthouse.store.contract import Store
from posthouse.store.values import Lifting, Suppression
from tests.store.conftest import Dialect
from tests.store.letters import NOW, OTHER_POOL, POOL, suppression


async def addresses(store: Store, pool: str = POOL, limit: int = 100, after: str | None = None) -> list[str]:
    return [found.address for found in await store.suppressions(pool, limit, after)]


async def test_nobody_is_suppressed_at_first(store: Store) -> None:
    assert await store.suppressions(POOL, 100, None) == []


async def test_a_suppression_is_read_back_as_it_was_given(store: Store) -> None:
    given = Suppression(POOL, "ann@example.org", "asked for it", "operator", NOW, "bob")
    plain = Suppression(POOL, "bob@example.org", "bounced", "provider", NOW + 1)
    assert await store.suppress([given, plain]) == [True, True]
    assert await store.suppressions(POOL, 100, None) == [given, plain]


async def test_an_address_is_kept_in_lower_case_and_found_in_any(store: Store) -> None:
    assert await store.suppress([suppression("Ann@Example.ORG")]) == [True]
    assert await store.suppress([suppression("aNN@example.org")]) == [False]
    [found] = await store.suppressions(POOL, 100, None, "ANN@example.org")
    assert found.address == "ann@example.org"
    assert await store.unsuppress([Lifting(POOL, "ANN@EXAMPLE.org")]) == [True]
    assert await addresses(store) == []


async def test_an_address_that_is_suppressed_already_stays_as_it_was(store: Store) -> None:
    first = suppression("ann@example.org", reason="bounced")
    assert await store.suppress([first]) == [True]
    again = suppression("ann@example.org", reason="complained", at=NOW + 1)
    assert await store.suppress([again]) == [False]
    assert await store.suppressions(POOL, 100, None) == [first]


async def test_of_two_in_one_batch_the_first_one_is_new(store: Store) -> None:
    twice = [suppression("ann@example.org"), suppression("Ann@example.org"), suppression("bob@example.org")]
    assert await store.suppress(twice) == [True, False, True]
    items = [Lifting(POOL, address) for address in ("ann@example.org", "ann@example.org", "nobody@example.org")]
    assert await store.unsuppress(items) == [True, False, False]
    assert await addresses(store) == ["bob@example.org"]


async def test_a_pool_sees_its_own_list_only(store: Store) -> None:
    await store.suppress([suppression("ann@example.org"), suppression("bob@example.org", pool=OTHER_POOL)])
    assert await addresses(store) == ["ann@example.org"]
    assert await addresses(store, OTHER_POOL) == ["bob@example.org"]
    assert await store.suppressions(OTHER_POOL, 100, None, "ann@example.org") == []
    assert await store.unsuppress([Lifting(OTHER_POOL, "ann@example.org")]) == [False]
    assert await addresses(store) == ["ann@example.org"]


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_follow_each_other_without_a_gap_and_without_a_repetition(store: Store, limit: int) -> None:
    everybody = sorted(f"user{n}@example.org" for n in range(20))
    await store.suppress([suppression(address) for address in reversed(everybody)])
    found: list[str] = []
    while page := await addresses(store, POOL, limit, found[-1] if found else None):
        assert len(page) <= limit
        found += page
    assert found == everybody


async def test_pages_do_not_shift_under_addresses_that_come_and_go(store: Store) -> None:
    await store.suppress([suppression(f"{letter}@example.org") for letter in "bdfh"])
    first = await addresses(store, limit=2)
    await store.suppress([suppression("a@example.org"), suppression("g@example.org")])
    await store.unsuppress([Lifting(POOL, "d@example.org")])
    second = await addresses(store, after=first[-1])
    assert (first, second) == (["b@example.org", "d@example.org"], ["f@example.org", "g@example.org", "h@example.org"])


async def test_they_are_there_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    await store.suppress([suppression("ann@example.org")])
    await store.close()
    store = await dialect.open()
    assert await addresses(store) == ["ann@example.org"]
    await store.close()
