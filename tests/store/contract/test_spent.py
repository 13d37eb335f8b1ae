"""What was spent of a provider's quotas: attempts that were accepted, may have been, or still may be."""

import pytest

from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.quota import Spent
from posthouse.store.contract import Store
from tests.store.conftest import Dialect
from tests.store.letters import (
    DAY_S,
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    claimed,
    deferred,
    intent,
    letter,
    letters,
    result,
    wanted,
)

FIRST, SECOND = (POOL, "first"), (POOL, "second")
DAY, MONTH = NOW - 3600, NOW - 9 * DAY_S


async def spent(store: Store, line: tuple[str, str] = FIRST) -> Spent:
    return (await store.spent(DAY, MONTH, [line]))[line]


async def test_nothing_is_spent_at_first(store: Store) -> None:
    assert await store.spent(DAY, MONTH, [FIRST, SECOND]) == {FIRST: Spent(as_of=DAY), SECOND: Spent(as_of=DAY)}


async def test_nobody_asked_for_is_nobody_answered(store: Store) -> None:
    await begun(store, letter())
    assert await store.spent(DAY, MONTH, []) == {}


@pytest.mark.parametrize(
    ("outcome", "count"),
    [("accepted", 1), ("unsure", 1), ("refused", 0), ("deferred", 0), ("throttled", 0), ("unauthorised", 0)],
)
async def test_what_was_or_may_have_been_accepted_counts(store: Store, outcome: OutcomeKind, count: int) -> None:
    [claim] = await begun(store, letter())
    await store.record([result(claim, outcome, "failed")])
    assert await spent(store) == Spent(count, count, DAY, NOW)


async def test_what_has_not_ended_counts(store: Store) -> None:
    await begun(store, *letters(3))
    assert await spent(store) == Spent(3, 3, DAY, NOW)


async def test_each_attempt_counts_at_the_provider_that_made_it(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([result(claim, "unsure", "queued", due_at=NOW)])
    [claim] = await store.claim(wanted())
    await store.intend([intent(claim, "second", NOW + 5)])
    other = letter(7, pool=OTHER_POOL)
    await begun(store, other)
    assert await store.spent(DAY, MONTH, [FIRST, SECOND, (OTHER_POOL, "first")]) == {
        FIRST: Spent(1, 1, DAY, NOW),
        SECOND: Spent(1, 1, DAY, NOW + 5),
        (OTHER_POOL, "first"): Spent(1, 1, DAY, NOW),
    }


@pytest.mark.parametrize(
    ("at", "today", "month"), [(DAY, 1, 1), (DAY - 0.001, 0, 1), (MONTH, 0, 1), (MONTH - 0.001, 0, 0)]
)
async def test_an_attempt_belongs_to_the_day_in_which_it_began(store: Store, at: float, today: int, month: int) -> None:
    [claim] = await claimed(store, letter(at=at), now=at)
    await store.intend([intent(claim, at=at)])
    await store.record([result(claim, at=NOW)])
    assert await spent(store) == Spent(today, month, DAY, at)


async def test_the_last_start_is_known_whatever_came_of_it(store: Store) -> None:
    first, second = await claimed(store, letter(1), letter(2))
    await store.intend([intent(first, at=NOW + 1), intent(second, at=NOW + 2)])
    await store.record([result(first, at=NOW + 9), deferred(second, NOW + 60)])
    assert await spent(store) == Spent(1, 1, DAY, NOW + 2)


async def test_a_start_just_before_both_instants_is_still_known(store: Store) -> None:
    """At midnight on the first of a month a rate still binds what starts next."""
    await begun(store, letter())
    assert (await store.spent(NOW + 1, NOW + 1, [FIRST]))[FIRST] == Spent(0, 0, NOW + 1, NOW)


async def test_what_a_dead_process_left_open_counts_before_and_after_it_is_taken_up(dialect: Dialect) -> None:
    store = await dialect.open()
    await begun(store, letter())
    await store.close()
    store = await dialect.open()
    assert (await spent(store)).today == 1
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    await store.record([result(swept, "unsure", "held", number=1)])
    assert (await spent(store)).today == 1
    await store.close()
