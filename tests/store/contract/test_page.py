"""Paging: records of a pool, newest first, in pages that hold still."""

import asyncio

import pytest

from posthouse.mail.event import Status
from posthouse.store.contract import Store
from posthouse.store.values import Page, Query, Summary
from tests.store.letters import (
    NOW,
    OTHER_POOL,
    POOL,
    begun,
    claimed,
    delay,
    ended,
    ending,
    ids,
    intent,
    letter,
    letters,
    taken_back,
    wanted,
)


def _named(*numbers: int) -> list[str]:
    return [letter(number).id for number in numbers]


def _to(*recipients: str, tags: tuple[str, ...] = ()) -> Summary:
    return Summary("post@example.com", recipients, "Hello", tags)


async def _pages(store: Store, query: Query) -> list[list[str]]:
    """All pages from there on."""
    pages: list[list[str]] = []
    after = query.after
    while True:
        page = [record.id for record in await store.page(_after(query, after))]
        if not page:
            return pages
        pages.append(page)
        after = page[-1]


def _after(query: Query, after: str | None) -> Query:
    return Query(query.limit, query.pool, query.status, query.to, query.tag, query.provider, after=after)


async def test_an_empty_store_has_an_empty_page(store: Store) -> None:
    assert await store.page(Query()) == Page(())


async def test_the_newest_comes_first(store: Store) -> None:
    entries = [letter(0, at=NOW + at) for at in (3, 1, 2)]
    await store.add(entries)
    assert await ids(store) == [entries[0].id, entries[2].id, entries[1].id]


async def test_a_page_holds_no_more_than_its_limit(store: Store) -> None:
    await store.add(letters(60))
    assert len(await store.page(Query())) == 50
    assert await ids(store, Query(limit=2)) == _named(59, 58)


@pytest.mark.parametrize("pool", [None, POOL])
async def test_pages_follow_each_other_without_a_gap_and_without_a_repetition(store: Store, pool: str | None) -> None:
    await store.add(letters(25))
    await store.add([letter(100 + number, pool=OTHER_POOL) for number in range(5)])
    pages = await _pages(store, Query(limit=4, pool=pool))
    assert [len(page) for page in pages[:-1]] == [4] * (len(pages) - 1)
    everything = [letter(n).id for n in reversed(range(25))]
    if pool is None:
        everything = [letter(n).id for n in reversed(range(100, 105))] + everything
    assert [message_id for page in pages for message_id in page] == everything


async def test_pages_do_not_shift_under_messages_that_arrive_and_end(store: Store) -> None:
    await store.add(letters(20))
    first = await ids(store, Query(limit=5, pool=POOL))
    claims = await store.claim(wanted())
    await store.finish([ending(claim) for claim in claims[:10]])
    await store.add(letters(20, first=20))
    second = await ids(store, Query(limit=5, pool=POOL, after=first[-1]))
    assert first + second == _named(*range(19, 9, -1))


async def test_a_page_is_whole_while_messages_arrive(store: Store) -> None:
    await store.add(letters(20))
    last = letter(19).id
    arriving = [store.add(letters(5, first=100 + 5 * n)) for n in range(10)]
    looking = [ids(store, Query(limit=10, pool=POOL, after=last)) for _ in range(10)]
    answers = await asyncio.gather(*arriving, *looking)
    assert answers[10:] == [_named(*range(18, 8, -1))] * 10


async def test_a_record_on_a_page_has_no_attempts_and_no_events(store: Store) -> None:
    [claim] = await begun(store, letter())
    [record] = await store.page(Query())
    whole = await store.find(claim.job.id, POOL)
    assert whole is not None
    assert (record.attempts, record.events) == ((), ())
    assert (record.status, record.provider, record.summary) == (whole.status, whole.provider, whole.summary)


async def test_another_pool_s_messages_are_not_seen(store: Store) -> None:
    await store.add([letter(1), letter(2, pool=OTHER_POOL), letter(3)])
    assert await ids(store, Query(pool=POOL)) == _named(3, 1)
    assert await ids(store, Query(pool=OTHER_POOL)) == _named(2)
    assert await ids(store, Query(pool="example.org")) == []
    assert await ids(store, Query(pool=None)) == _named(3, 2, 1)


async def test_another_pool_s_message_may_mark_the_place_and_is_still_not_seen(store: Store) -> None:
    await store.add([letter(1), letter(2, pool=OTHER_POOL), letter(3)])
    assert await ids(store, Query(pool=POOL, after=letter(2).id)) == _named(1)


@pytest.mark.parametrize(
    ("status", "numbers"),
    [("queued", [5, 4]), ("scheduled", [6]), ("sending", [3]), ("sent", [1]), ("cancelled", [2]), ("failed", [])],
)
async def test_only_those_of_the_status_are_listed(store: Store, status: Status, numbers: list[int]) -> None:
    await ended(store, letter(1))
    await begun(store, letter(3))
    waiting, *_ = await claimed(store, letter(4))
    await store.postpone([delay(waiting, NOW)])
    await store.add([letter(2), letter(5), letter(6, due_at=NOW + 9)])
    await store.cancel([taken_back(letter(2))])
    assert await ids(store, Query(pool=POOL, status=status)) == _named(*numbers)


async def test_only_those_to_the_recipient_are_listed(store: Store) -> None:
    await store.add(
        [
            letter(1, summary=_to("ann@example.org")),
            letter(2, summary=_to("bob@example.org", "Ann B. <ann@example.org>")),
            letter(3, summary=_to('"ann@example.org" <eve@example.org>')),
            letter(4, summary=_to("joann@example.org", "Jo <joann@example.org>")),
            letter(5, summary=_to("ann@example.org.example.net", "ann")),
        ]
    )
    assert await ids(store, Query(to="ann@example.org")) == _named(2, 1)
    assert await ids(store, Query(to="bob@example.org")) == _named(2)
    assert await ids(store, Query(to="nobody@example.org")) == []


@pytest.mark.parametrize(
    "to", ["%", "_", "j_n@example.org", "%@example.org", "jan@example%", "*", "j[ao]n@example.org"]
)
async def test_a_recipient_is_an_address_and_not_a_pattern(store: Store, to: str) -> None:
    await store.add([letter(1, summary=_to("jan@example.org", "Jon <jon@example.org>"))])
    assert await ids(store, Query(to=to)) == []


async def test_an_address_with_the_letters_of_a_pattern_is_found(store: Store) -> None:
    odd = "a_b%c'd\"e\\f@example.org"
    await store.add([letter(1, summary=_to(f"Odd <{odd}>")), letter(2, summary=_to(odd))])
    assert await ids(store, Query(to=odd)) == _named(2, 1)


async def test_a_recipient_is_found_whatever_the_case_of_its_letters(store: Store) -> None:
    await store.add([letter(1, summary=_to("Ann@example.org")), letter(2, summary=_to("Ann <Ann@example.org>"))])
    assert await ids(store, Query(to="aNN@Example.org")) == _named(2, 1)


async def test_only_those_with_the_tag_are_listed(store: Store) -> None:
    tags: list[tuple[str, ...]] = [("welcome",), ("welcome", "eu"), ("Welcome",), (), ("welcome back",)]
    await store.add([letter(n, summary=_to("ann@example.org", tags=tag)) for n, tag in enumerate(tags)])
    assert await ids(store, Query(tag="welcome")) == _named(1, 0)
    assert await ids(store, Query(tag="eu")) == _named(1)
    assert await ids(store, Query(tag="%")) == []


async def test_only_those_of_the_provider_are_listed(store: Store) -> None:
    claims = await claimed(store, *letters(4))
    await store.intend([intent(claim, ("first", "second")[n % 2]) for n, claim in enumerate(claims[:3])])
    assert await ids(store, Query(provider="first")) == _named(2, 0)
    assert await ids(store, Query(provider="second")) == _named(1)
    assert await ids(store, Query(provider="third")) == []


@pytest.mark.parametrize("pool", [None, POOL])
async def test_only_those_from_since_on_and_before_until_are_listed(store: Store, pool: str | None) -> None:
    entries = [letter(n, at=NOW + n / 4) for n in range(9)]
    await store.add(entries)
    listed = [entry.id for entry in reversed(entries)]
    assert await ids(store, Query(pool=pool, since=NOW + 1)) == listed[:5]
    assert await ids(store, Query(pool=pool, until=NOW + 1)) == listed[5:]
    assert await ids(store, Query(pool=pool, since=NOW + 0.25, until=NOW + 0.75)) == listed[6:8]
    assert await ids(store, Query(pool=pool, since=NOW + 1, until=NOW + 1)) == []


@pytest.mark.parametrize("at", [NOW, NOW + 0.0005, NOW + 0.0009999])
async def test_since_and_until_tell_instants_of_one_millisecond_apart(store: Store, at: float) -> None:
    entries = [letter(1, at=NOW), letter(2, at=NOW + 0.0005), letter(3, at=NOW + 0.0009999)]
    await store.add(entries)
    listed = [entry.id for entry in reversed(entries)]
    assert await ids(store, Query(since=at)) == [e.id for e in reversed(entries) if e.accepted_at >= at]
    assert await ids(store, Query(until=at)) == [e.id for e in reversed(entries) if e.accepted_at < at]
    assert await ids(store) == listed


@pytest.mark.parametrize("instant", [-1e12, -1.0, 0.0, 253_402_300_799.0])
async def test_since_and_until_may_lie_anywhere(store: Store, instant: float) -> None:
    await store.add([letter()])
    since = await ids(store, Query(since=instant))
    until = await ids(store, Query(until=instant))
    assert (len(since), len(until)) == ((1, 0) if instant < NOW else (0, 1))


async def test_all_filters_at_once_list_what_passes_every_one(store: Store) -> None:
    summary = _to("ann@example.org", tags=("eu",))
    entries = [letter(n, at=NOW + n, pool=(POOL, OTHER_POOL)[n % 2], summary=summary) for n in range(12)]
    await store.add(entries)
    for claim in await store.claim(wanted(NOW + 12)):
        await store.intend([intent(claim, ("first", "second")[claim.accepted_at >= NOW + 6])])
    query = Query(10, POOL, "sending", "ann@example.org", "eu", "second", NOW + 2, NOW + 10, entries[9].id)
    assert await ids(store, query) == [entries[8].id, entries[6].id]
