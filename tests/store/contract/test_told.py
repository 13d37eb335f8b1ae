"""What providers tell later is added to the story, and moves the message on, never back."""

import pytest

from posthouse.mail.event import EventType, Status
from posthouse.routing.rules import Course
from posthouse.store.contract import Store
from posthouse.store.values import Claim, EventRecord, Query
from tests.store.conftest import Dialect
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    claimed,
    deferred,
    ended,
    ending,
    ids,
    intent,
    letter,
    letters,
    result,
    status,
    taken_back,
    told,
    wanted,
)


async def sent(store: Store, number: int = 0, *, provider_id: str | None = None, pool: str = POOL) -> Claim:
    [claim] = await begun(store, letter(number, pool=pool))
    assert await store.record([result(claim, provider_message_id=provider_id)]) == [True]
    return claim


async def held(store: Store, number: int = 0) -> Claim:
    [claim] = await begun(store, letter(number))
    assert await store.record([result(claim, "unsure", "held")]) == [True]
    return claim


async def events(store: Store, claim: Claim) -> list[EventRecord]:
    record = await store.find(claim.job.id, None)
    assert record is not None
    return list(record.events)


async def test_news_is_added_behind_what_is_known(store: Store) -> None:
    claim = await sent(store)
    news = told(claim, "delivered", at=NOW - 5, recipient="ann@example.org", detail="250 OK")
    assert await store.told([news]) == ["delivered"]
    *before, last = await events(store, claim)
    assert [event.type for event in before] == ["accepted", "sent"]
    assert last == EventRecord("delivered", NOW - 5, "first", "ann@example.org", "250 OK")
    assert await status(store, claim) == "delivered"


@pytest.mark.parametrize(
    ("types", "then"),
    [
        (["delivered", "complained"], "complained"),
        (["complained", "delivered"], "complained"),
        (["bounced", "delivered"], "bounced"),
        (["deferred", "opened", "clicked"], "delivered"),
        (["deferred"], "sent"),
    ],
)
async def test_a_message_moves_on_and_never_back(store: Store, types: list[EventType], then: Status) -> None:
    claim = await sent(store)
    *_, last = await store.told([told(claim, type_) for type_ in types])
    assert last == then == await status(store, claim)
    assert [event.type for event in await events(store, claim)] == ["accepted", "sent", *types]


async def test_what_is_held_is_settled_by_news_that_the_provider_had_it(store: Store) -> None:
    claims = [await held(store, number) for number in range(4)]
    types: list[EventType] = ["sent", "delivered", "bounced", "failed"]
    news = [told(claim, type_) for claim, type_ in zip(claims, types, strict=True)]
    assert await store.told(news) == ["sent", "delivered", "bounced", "held"]
    assert await ids(store, Query(status="held")) == [claims[3].job.id]
    assert await ids(store, Query(status="bounced")) == [claims[2].job.id]


async def test_news_of_what_is_not_there_is_answered_with_none(store: Store) -> None:
    claim = await sent(store, provider_id="x1")
    unknown = [told(letter(9)), told("x2"), told(claim, pool=OTHER_POOL), told("x1", pool=OTHER_POOL)]
    assert await store.told([*unknown, told(claim)]) == [None, None, None, None, "delivered"]
    assert len(await events(store, claim)) == 3


async def test_a_provider_s_own_id_finds_the_message(store: Store) -> None:
    claims = [await sent(store, number, provider_id=f"x{number}") for number in range(3)]
    assert await store.told([told("x1", "bounced"), told("x2")]) == ["bounced", "delivered"]
    assert [await status(store, claim) for claim in claims] == ["sent", "bounced", "delivered"]
    later = await sent(store, 3, provider_id="x3")
    assert await store.told([told("x3", "complained")]) == ["complained"]
    assert await status(store, later) == "complained"


async def test_of_two_pools_with_the_same_id_each_has_its_own(store: Store) -> None:
    ours = await sent(store, 1, provider_id="same")
    theirs = await sent(store, 2, provider_id="same", pool=OTHER_POOL)
    assert await store.told([told("same", "bounced", pool=OTHER_POOL)]) == ["bounced"]
    assert [await status(store, claim) for claim in (ours, theirs)] == ["sent", "bounced"]


async def test_another_provider_s_id_says_nothing(store: Store) -> None:
    [claim] = await claimed(store, letter())
    await store.intend([intent(claim, "second")])
    await store.record([result(claim, provider="second", provider_message_id="x1")])
    assert await store.told([told("x1")]) == [None]


async def test_ids_are_found_in_a_long_story_and_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    claims = await begun(store, *letters(900))
    await store.record([result(c, provider_message_id=f"x{n}") for n, c in enumerate(claims)])
    assert await store.told([told("x7")]) == ["delivered"]
    more = await begun(store, *letters(900, first=900))
    await store.record([result(c, provider_message_id=f"y{n}") for n, c in enumerate(more)])
    await store.close()
    store = await dialect.open()
    assert await store.told([told("y899"), told("x899", "bounced"), told("z")]) == ["delivered", "bounced", None]
    await store.close()


async def test_a_forgotten_message_is_not_found_by_its_id_and_a_later_one_is(store: Store) -> None:
    await sent(store, provider_id="x1")
    assert await store.told([told("x1")]) == ["delivered"]
    while await store.retire(NOW + 1, NOW + 1, 10):
        pass
    assert await store.told([told("x1")]) == [None]
    claim = await sent(store, 1, provider_id="x1")
    assert await store.told([told("x1", "bounced")]) == ["bounced"]
    assert await status(store, claim) == "bounced"


async def test_the_same_news_again_is_not_added_twice(store: Store) -> None:
    claim = await sent(store)
    news = told(claim, recipient="ann@example.org")
    assert await store.told([news, news]) == ["delivered", "delivered"]
    assert await store.told([news]) == ["delivered"]
    assert await store.told([told(claim, recipient="bob@example.org"), told(claim, at=NOW + 1)]) == ["delivered"] * 2
    assert [event.type for event in await events(store, claim)] == ["accepted", "sent", *["delivered"] * 3]


@pytest.mark.parametrize(
    ("ends_as", "types", "then"),
    [
        ("sent", ["delivered"], "delivered"),
        ("sent", ["delivered", "bounced"], "bounced"),
        ("held", ["deferred"], "sent"),
        ("held", ["delivered"], "delivered"),
        ("held", ["failed"], "held"),
        ("failed", ["delivered"], "failed"),
    ],
)
async def test_news_that_comes_before_the_answer_counts_when_the_attempt_ends(
    store: Store, ends_as: Status, types: list[EventType], then: Status
) -> None:
    [claim] = await begun(store, letter())
    for type_ in types:
        assert await store.told([told(claim, type_)]) == ["sending"]
    assert await store.record([result(claim, status=ends_as)]) == [True]
    assert await status(store, claim) == then
    assert await ids(store, Query(status=then)) == [claim.job.id]


async def test_news_before_and_after_the_answer_are_one_story(store: Store) -> None:
    [claim] = await begun(store, letter())
    assert await store.told([told(claim)]) == ["sending"]
    await store.record([result(claim)])
    assert await store.told([told(claim, "bounced")]) == ["bounced"]
    assert await ids(store, Query(status="bounced")) == [claim.job.id]


async def test_news_counts_when_a_message_ends_without_another_attempt(store: Store) -> None:
    [claim] = await begun(store, letter())
    await store.record([deferred(claim, NOW, course=Course(doubt=True))])
    assert await store.told([told(claim)]) == ["queued"]
    [claim] = await store.claim(wanted())
    assert await store.finish([ending(claim, "held")]) == [True]
    assert await status(store, claim) == "delivered"


async def test_news_ends_nothing_that_is_owed(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert await store.told([told(claim)]) == ["queued"]
    assert [swept.job.id for swept in await store.sweep(wanted(NOW + LEASE_S))] == [claim.job.id]


async def test_what_was_not_sent_stays_so_and_keeps_the_news(store: Store) -> None:
    await store.add([letter()])
    await store.cancel([taken_back(letter())])
    assert await store.told([told(letter(), "delivered")]) == ["cancelled"]
    record = await store.find(letter().id, POOL)
    assert record is not None
    assert [event.type for event in record.events] == ["accepted", "cancelled", "delivered"]


async def test_a_thousand_news_at_once_are_answered_in_their_order(store: Store) -> None:
    claims = await ended(store, *letters(500))
    news = [told(claim, type_) for claim in claims for type_ in ("delivered", "bounced")]
    assert await store.told(news) == ["delivered", "bounced"] * 500
