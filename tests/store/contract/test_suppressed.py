"""A suppression binds: a claim is told of it, and what it overtakes does not begin."""

import asyncio
import random

import pytest

from posthouse.mail.address import shown
from posthouse.mail.message import Address, Message
from posthouse.store.contract import Store
from posthouse.store.values import Claim, Entry, Lifting, Summary
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    claimed,
    deferred,
    delay,
    intent,
    letter,
    letters,
    status,
    suppression,
    taken_back,
    wanted,
)

ANN, BOB, EVE = "Ann@example.org", "bob@example.org", "eve@example.org"


def to(*emails: str, number: int = 0, pool: str = POOL) -> Entry:
    message = Message(Address("post@example.com"), to=(Address(emails[0], "Ann <A.> B."),), text="Hello.")
    message = Message(message.sender, message.to, tuple(map(Address, emails[1:])), text="Hello.")
    recipients = tuple(map(shown, message.recipients))
    return letter(number, pool=pool, message=message, summary=Summary(message.sender.email, recipients, ""))


async def again(store: Store, *, now: float = NOW) -> list[Claim]:
    return await store.claim(wanted(now))


async def test_without_suppressions_a_claim_names_nobody(store: Store) -> None:
    [claim] = await claimed(store, to(ANN, BOB))
    assert (claim.suppressed, claim.seen) == ((), 0)


async def test_a_claim_names_those_of_its_recipients_that_are_suppressed(store: Store) -> None:
    await store.suppress([suppression(ANN), suppression(EVE), suppression("somebody@example.org")])
    first, second, third = await claimed(store, to(ANN, BOB), to(BOB, number=1), to(EVE, ANN, number=2))
    assert first.suppressed == ("ann@example.org",)
    assert second.suppressed == ()
    assert sorted(third.suppressed) == ["ann@example.org", "eve@example.org"]


async def test_another_pool_s_suppressions_are_not_ours(store: Store) -> None:
    await store.suppress([suppression(ANN, pool=OTHER_POOL)])
    ours, theirs = await claimed(store, to(ANN), to(ANN, number=1, pool=OTHER_POOL))
    assert (ours.suppressed, theirs.suppressed) == ((), ("ann@example.org",))
    assert await store.intend([intent(ours), intent(theirs)]) == [True, True]


async def test_a_message_swept_or_overdue_is_told_as_well(store: Store) -> None:
    await claimed(store, to(ANN))
    await store.suppress([suppression(ANN)])
    [swept] = await store.sweep(wanted(NOW + LEASE_S))
    await store.postpone([delay(swept, NOW)])
    [overdue] = await store.overdue(wanted(NOW + 10**6))
    assert swept.suppressed == overdue.suppressed == ("ann@example.org",)


async def test_what_was_suppressed_after_the_claim_does_not_begin_and_is_due_again(store: Store) -> None:
    [claim] = await claimed(store, to(BOB, ANN))
    await store.suppress([suppression(ANN)])
    assert await store.intend([intent(claim, at=NOW + 1)]) == [False]
    record = await store.find(claim.job.id, POOL)
    assert record is not None
    assert (record.status, record.due_at, record.attempts) == ("queued", NOW + 1, ())
    [claim] = await again(store, now=NOW + 1)
    assert claim.suppressed == ("ann@example.org",)
    assert await store.intend([intent(claim)]) == [True]


async def test_whoever_gives_no_number_is_asked_to_claim_again(store: Store) -> None:
    """A claim of before the suppression has seen nothing; that is what a caller says who knows of no numbers."""
    await store.suppress([suppression(ANN)])
    [claim] = await claimed(store, to(ANN))
    assert await store.intend([intent(claim, seen=0)]) == [False]


async def test_what_concerns_others_stops_nothing(store: Store) -> None:
    claims = await claimed(store, to(ANN), to(BOB, number=1), to(ANN, number=2, pool=OTHER_POOL))
    await store.suppress([suppression(ANN)])
    assert await store.intend([intent(claim) for claim in claims]) == [False, True, True]


async def test_a_number_is_never_given_again(store: Store) -> None:
    """A list that was emptied and filled again is newer than what was seen of it."""
    await store.suppress([suppression(EVE)])
    [claim] = await claimed(store, to(ANN))
    await store.unsuppress([Lifting(POOL, EVE)])
    await store.suppress([suppression(ANN)])
    assert await store.intend([intent(claim)]) == [False]


async def test_what_was_taken_off_the_list_stops_nothing_more(store: Store) -> None:
    [claim] = await claimed(store, to(ANN))
    await store.suppress([suppression(ANN)])
    await store.unsuppress([Lifting(POOL, ANN)])
    assert await store.intend([intent(claim)]) == [True]


async def test_a_lost_lease_gives_nothing_back(store: Store) -> None:
    [stale] = await claimed(store, to(ANN))
    [holder] = await store.sweep(wanted(NOW + LEASE_S))
    await store.suppress([suppression(ANN)])
    assert await store.intend([intent(stale)]) == [False]
    assert await again(store) == []
    assert await store.renew([]) == []
    assert await store.intend([intent(holder)]) == [False]
    assert [claim.job.id for claim in await again(store)] == [holder.job.id]


async def test_what_has_begun_is_not_stopped_and_its_next_attempt_is(store: Store) -> None:
    [claim] = await begun(store, to(ANN))
    await store.suppress([suppression(ANN)])
    assert await status(store, claim) == "sending"
    assert await store.record([deferred(claim, NOW)]) == [True]
    [claim] = await again(store)
    assert claim.suppressed == ("ann@example.org",)


async def test_a_message_that_was_given_back_wakes_whoever_waits_for_work(store: Store) -> None:
    [claim] = await claimed(store, to(ANN))
    await store.due(0.0)
    await store.suppress([suppression(ANN)])
    waiting = asyncio.create_task(store.due(60.0))
    await asyncio.sleep(0)
    assert await store.intend([intent(claim)]) == [False]
    async with asyncio.timeout(10):
        await waiting


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_suppressed_or_cancelled_before_it_begins_ever_begins(store: Store, seed: int) -> None:
    """Of 90 messages a third is stopped first, a third begins first, and for a third chance decides."""
    rng = random.Random(seed)
    entries = [to(f"user{n}@example.org", f"other{n}@example.org", number=n) for n in range(90)]
    claims = await claimed(store, *entries)
    stopped, asked = [asyncio.Event() for _ in entries], [asyncio.Event() for _ in entries]
    began = [False] * 90
    too_late = [False] * 90

    async def any_moment() -> None:
        for _ in range(rng.randrange(12)):
            await store.waiting(NOW)

    async def stop(n: int) -> None:
        await (asked[n].wait() if n % 3 == 1 else any_moment())
        if n % 2:
            await store.suppress([suppression(f"{rng.choice(['user', 'other'])}{n}@example.org")])
        else:
            too_late[n] = await store.cancel([taken_back(entries[n])]) != ["cancelled"]
        stopped[n].set()

    async def begin(n: int) -> None:
        await (stopped[n].wait() if n % 3 == 0 else any_moment())
        before = stopped[n].is_set() and not too_late[n]
        [began[n]] = await store.intend([intent(claims[n])])
        asked[n].set()
        assert not (before and began[n]), f"message {n} began after it was stopped"

    await asyncio.gather(*map(stop, range(90)), *map(begin, range(90)))
    assert began[1::3] == [True] * 30
    assert began[::3] == [False] * 30
    assert [await status(store, entries[n]) == "sending" for n in range(0, 90, 2)] == began[::2]
    for claim in await again(store):  # what was given back, and it says why
        assert len(claim.suppressed) == 1
        assert not began[[entry.id for entry in entries].index(claim.job.id)]


async def test_a_large_batch_is_told_apart_message_by_message(store: Store) -> None:
    entries = [*letters(100), *(to(f"user{n}@example.org", number=100 + n) for n in range(100))]
    claims = await claimed(store, *entries)
    await store.suppress([suppression(f"user{n}@example.org") for n in range(0, 100, 3)])
    answers = await store.intend([intent(claim) for claim in claims])
    assert answers == [True] * 100 + [n % 3 != 0 for n in range(100)]
