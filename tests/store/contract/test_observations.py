"""Observations: what the attempts taught, as it was said when they ended."""

import pytest

from posthouse.routing.board import Fact
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure, consequence
from posthouse.store.contract import Store
from tests.store.conftest import Dialect
from tests.store.letters import (
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

OUTCOMES: list[Outcome] = [
    Accepted(202),
    Refused("content"),
    Deferred(503),
    Deferred(451, blame="recipient"),
    Throttled(429, retry_after_s=1.25),
    Throttled(429, quota=True),
    Throttled(429, retry_after_s=86_400.0, quota=True),
    Unauthorised(401),
    Unsure(),
]


async def test_an_empty_store_has_learnt_nothing(store: Store) -> None:
    assert await store.observations(0) == {}


@pytest.mark.parametrize("outcome", OUTCOMES, ids=repr)
async def test_a_fact_comes_back_as_it_was_observed(store: Store, outcome: Outcome) -> None:
    fact = Fact.of("second", outcome, NOW + 0.125, NOW)
    [claim] = await begun(store, letter(), provider="second")
    await store.record([result(claim, consequence(outcome).kind, "held", fact=fact)])
    assert await store.observations(NOW) == {POOL: [fact]}


async def test_observations_equal_a_recount_of_the_attempts(store: Store) -> None:
    """Three rounds of 20 messages in two pools; each round ends in another order than it began."""
    entries = [letter(number, pool=(POOL, OTHER_POOL)[number % 2]) for number in range(20)]
    await store.add(entries)
    facts: dict[str, list[Fact]] = {POOL: [], OTHER_POOL: []}
    for round_no in range(3):
        now = NOW + 100 * round_no
        claims = await store.claim(wanted(now))
        await store.intend([intent(claim, f"p{n % 3}", now + n / 8) for n, claim in enumerate(claims)])
        for n, claim in reversed(list(enumerate(claims))):
            outcome = OUTCOMES[(7 * n + round_no) % len(OUTCOMES)]
            fact = Fact.of(f"p{n % 3}", outcome, now + 50 - n, now + n / 8)
            facts[claim.job.pool].append(fact)
            await store.record([result(claim, fact.kind, "queued", fact=fact, due_at=now + 100)])
    assert await store.observations(NOW) == facts


async def test_they_are_in_the_order_of_their_ends_not_of_their_beginnings(store: Store) -> None:
    first, second = await claimed(store, letter(1), letter(2))
    await store.intend([intent(first, "slow", NOW)])
    await store.intend([intent(second, "fast", NOW + 1)])
    await store.record([result(second, provider="fast", at=NOW + 2)])
    await store.record([result(first, provider="slow", at=NOW + 9)])
    assert [fact.provider for fact in (await store.observations(NOW))[POOL]] == ["fast", "slow"]


async def test_attempts_that_began_before_the_instant_are_left_out(store: Store) -> None:
    first, second = await claimed(store, letter(1), letter(2))
    await store.intend([intent(first, at=NOW), intent(second, at=NOW + 10)])
    await store.record([result(first, at=NOW + 20), result(second, at=NOW + 11)])
    assert [fact.at for fact in (await store.observations(NOW + 5))[POOL]] == [NOW + 11]
    assert await store.observations(NOW + 30) == {}


async def test_an_attempt_without_an_answer_has_taught_nothing_yet(store: Store) -> None:
    await begun(store, *letters(3))
    assert await store.observations(0) == {}


async def test_what_a_stale_holder_learnt_is_not_observed(store: Store) -> None:
    [stale] = await begun(store, letter())
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    await store.record([result(stale, "unauthorised", "failed")])
    assert await store.observations(0) == {}
    await store.record([deferred(holder, NOW + LEASE_S, number=1)])
    assert [fact.kind for fact in (await store.observations(0))[POOL]] == ["deferred"]


async def test_they_are_the_same_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    claims = await begun(store, *letters(5))
    await store.record([result(claim, at=NOW + n) for n, claim in enumerate(claims)])
    before = await store.observations(0)
    await store.close()
    store = await dialect.open()
    assert await store.observations(0) == before
    await store.close()
