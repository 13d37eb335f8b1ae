"""How far a page looks: it may come back short, and says where it goes on; together the pages miss nothing."""

from typing import Any

import pytest

from posthouse.store.contract import Store
from posthouse.store.values import Page, Query, Record, Summary
from tests.store.letters import (
    NOW,
    OTHER_POOL,
    POOL,
    claimed,
    deferred,
    delay,
    ending,
    intent,
    letter,
    letters,
    told,
    wanted,
)

RARE = 'a "rare" \\ täg'

FILTERS: list[dict[str, Any]] = [
    {"tag": RARE},
    {"to": "AnN@example.org"},
    {"provider": "second"},
    {"status": "sent"},
    {"status": "failed"},
    {"status": "bounced"},
    {"status": "queued"},
    {"status": "scheduled"},
    {"status": "sending"},
    {"status": "held"},
    {"status": "failed", "to": "ann@example.org"},
    {"status": "failed", "provider": "second"},
    {"status": "queued", "tag": RARE},
    {"to": "ann@example.org", "tag": RARE},
    {},
]


async def fill(store: Store) -> None:
    """90 messages of two pools, in many states."""
    entries = [
        letter(
            n,
            at=NOW + n,
            due_at=NOW + n if n % 11 else NOW + 1000,
            pool=OTHER_POOL if n % 4 == 1 else POOL,
            summary=Summary(
                "post@example.com",
                ("Ann <ann@Example.org>" if n % 7 == 0 else "bob@example.org",),
                "Hi",
                () if n % 5 else (RARE, "common"),
            ),
        )
        for n in range(90)
    ]
    await store.add(entries)
    claims = sorted(await store.claim(wanted(NOW + 100)), key=lambda claim: claim.job.id)
    await store.intend([intent(claim, "second" if n % 9 == 0 else "first") for n, claim in enumerate(claims[:60])])
    await store.finish([ending(claim, "failed") for claim in claims[:12]])
    await store.finish([ending(claim, "sent") for claim in claims[12:40]])
    await store.finish([ending(claim, "held") for claim in claims[40:44]])
    await store.told([told(claim, "bounced", pool=claim.job.pool) for claim in claims[12:16]])
    await store.postpone([delay(claim, NOW + 200) for claim in claims[60:70]])


async def pages(store: Store, query: Query) -> list[Page]:
    found = [await store.page(query)]
    while (after := found[-1].after) is not None:
        assert len(found) < 200
        fields = {name: getattr(query, name) for name in query.__struct_fields__}
        found.append(await store.page(Query(**fields | {"after": after})))
    return found


def everything(found: list[Page]) -> list[Record]:
    return [record for page in found for record in page]


@pytest.mark.parametrize("pool", [None, POOL])
@pytest.mark.parametrize("which", FILTERS, ids=str)
async def test_short_pages_together_hold_what_one_long_page_holds(
    store: Store, pool: str | None, which: dict[str, Any]
) -> None:
    await fill(store)
    [whole] = await pages(store, Query(limit=1000, pool=pool, **which))
    for scan in (1, 4, 7, 89, 90, 1000):
        for limit in (2, 100):
            found = await pages(store, Query(limit=limit, pool=pool, scan=scan, **which))
            assert everything(found) == list(whole)
            assert all(len(page) <= limit for page in found)


async def test_each_kind_of_message_is_there_to_be_found(store: Store) -> None:
    """Or the test above would compare nothing with nothing."""
    await fill(store)
    for which in FILTERS:
        assert len(await store.page(Query(limit=1000, pool=POOL, **which))) > 0, which


async def test_a_page_that_finds_nothing_as_far_as_it_looks_says_where_it_goes_on(store: Store) -> None:
    await store.add(letters(10))
    page = await store.page(Query(tag="none", scan=4))
    assert page == Page((), letter(6).id)
    page = await store.page(Query(tag="none", scan=4, after=page.after))
    assert page == Page((), letter(2).id)
    assert await store.page(Query(tag="none", scan=4, after=page.after)) == Page(())


async def test_a_page_without_a_filter_is_never_short(store: Store) -> None:
    await store.add(letters(10))
    for query in (Query(limit=9, scan=1), Query(limit=9, scan=1, pool=POOL, since=NOW - 1)):
        page = await store.page(query)
        assert (len(page), page.after) == (9, letter(1).id)


async def test_the_last_page_says_so(store: Store) -> None:
    await store.add(letters(3))
    assert (await store.page(Query(limit=4))).after is None
    assert (await store.page(Query(limit=2, after=letter(1).id))).after is None


async def test_time_bounds_what_is_looked_at(store: Store) -> None:
    await store.add([letter(n, at=NOW + n) for n in range(50)])
    page = await store.page(Query(tag="none", scan=20, since=NOW + 10, until=NOW + 25))
    assert page == Page(())


async def test_what_waits_among_many_finished_is_found_at_once(store: Store) -> None:
    old, *finished = await claimed(store, *letters(80))
    await store.intend([intent(old)])
    await store.record([deferred(old, NOW + 60)])
    await store.finish([ending(claim, "sent") for claim in finished])
    page = await store.page(Query(status="queued", scan=5))
    assert ([record.id for record in page], page.after) == ([old.job.id], None)


async def test_an_end_that_is_looked_for_is_found_at_once_among_many_sent(store: Store) -> None:
    first, *others = await claimed(store, *letters(80))
    await store.finish([ending(first, "failed"), *(ending(claim, "sent") for claim in others)])
    page = await store.page(Query(status="failed", scan=5))
    assert ([record.id for record in page], page.after) == ([first.job.id], None)


async def test_a_page_reads_as_the_sequence_of_its_records(store: Store) -> None:
    await store.add(letters(3))
    page = await store.page(Query())
    assert (list(page), len(page), page[0]) == (list(page.records), 3, page.records[0])
