"""Who changed what: written with the change, read newest first, forgotten with the records."""

import msgspec
import pytest

from posthouse.clock import rfc3339
from posthouse.routing.switch import Failing, Switch
from posthouse.store.contract import Store
from posthouse.store.values import Audited, Change, Lifting, Suppression, Switching, Who
from tests.store.conftest import Dialect
from tests.store.letters import DAY_S, NOW, OTHER_POOL, POOL

OPS = Who("admin", "ops", "192.0.2.7")
WEB = Who("pool", "web", "192.0.2.8")

PAUSED = Switch("pause", "their outage", "ops", NOW)


def change(subject: str, at: float = NOW, **more: object) -> Change:
    return msgspec.structs.replace(Change(at, "configuration", Who("file"), subject=subject), **more)


async def told(store: Store, **asked: object) -> list[Change]:
    """All of it, without the numbers that the store gives."""
    found = await store.audited(msgspec.structs.replace(Audited(100), **asked))
    return [msgspec.structs.replace(one, number=0) for one in found]


async def subjects(store: Store, **asked: object) -> list[str | None]:
    return [one.subject for one in await told(store, **asked)]


async def test_nothing_was_changed_at_first(store: Store) -> None:
    assert await told(store) == []


async def test_what_was_changed_elsewhere_is_read_back_as_it_was_given(store: Store) -> None:
    given = Change(
        *(NOW, "key", Who("admin", "ops", "::1"), POOL, "web", "left the firm"),
        before={"mode": "live", "expires": None},
        after=None,
        once="this",
    )
    await store.audit([given])
    assert await told(store) == [given]


async def test_a_switch_is_told_with_what_it_was_before(store: Store) -> None:
    await store.switch([Switching(POOL, "first", PAUSED, OPS)])
    failing = msgspec.structs.replace(PAUSED, failing=Failing("timeout", 0.5), reason=None, at=NOW + 1)
    await store.switch([Switching(POOL, "first", failing, OPS)])
    pause = {"held": "pause", "failing": None}
    simulated = {"held": "pause", "failing": {"mode": "timeout", "rate": 0.5, "until": None}}
    assert await told(store) == [
        Change(NOW + 1, "switch", OPS, POOL, "first", None, pause, simulated),
        Change(NOW, "switch", OPS, POOL, "first", "their outage", {"held": "no", "failing": None}, pause),
    ]


async def test_two_switches_in_one_batch_are_two_changes_one_after_the_other(store: Store) -> None:
    drained = msgspec.structs.replace(PAUSED, held="drain")
    await store.switch([Switching(POOL, "first", PAUSED, OPS), Switching(POOL, "first", drained, OPS)])
    last, first = await told(store)
    assert (first.after["held"], last.before["held"], last.after["held"]) == ("pause", "pause", "drain")


async def test_a_suppression_is_told_when_it_is_new_and_when_it_goes(store: Store) -> None:
    given = Suppression(POOL, "Ann@example.org", "asked for it", "operator", NOW, "web", WEB)
    assert await store.suppress([given, given]) == [True, False]
    gone = Lifting(POOL, "ann@Example.org", NOW + 1, OPS)
    assert await store.unsuppress([gone, gone, Lifting(POOL, "bob@example.org", NOW + 1, OPS)]) == [True, False, False]
    before = {"source": "operator", "reason": "asked for it", "by": "web", "at": rfc3339(NOW)}
    assert await told(store) == [
        Change(NOW + 1, "suppression", OPS, POOL, "ann@example.org", None, before, None),
        Change(NOW, "suppression", WEB, POOL, "ann@example.org", "asked for it", None, {"source": "operator"}),
    ]


async def test_what_nobody_did_is_not_told(store: Store) -> None:
    await store.switch([Switching(POOL, "first", PAUSED)])
    await store.suppress([Suppression(POOL, "ann@example.org", "bounced", "provider", NOW)])
    await store.unsuppress([Lifting(POOL, "ann@example.org")])
    assert await told(store) == []


async def test_a_change_that_several_see_is_written_by_the_first_of_them(store: Store) -> None:
    await store.audit([change("a", once="seen"), change("b", once="seen"), change("c")])
    await store.audit([change("d", once="seen"), change("e", once="another")])
    assert await subjects(store) == ["e", "c", "a"]


async def test_it_can_be_asked_by_pool_by_what_and_by_time(store: Store) -> None:
    await store.audit([change("a", pool=POOL), change("b", NOW + 1, pool=OTHER_POOL), change("c", NOW + 2)])
    await store.switch([Switching(POOL, "first", msgspec.structs.replace(PAUSED, at=NOW + 3), OPS)])
    assert await subjects(store, pool=POOL) == ["first", "a"]
    assert await subjects(store, what="configuration") == ["c", "b", "a"]
    assert await subjects(store, since=NOW + 2) == ["first", "c"]
    assert await subjects(store, pool=OTHER_POOL, what="switch") == []


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_follow_each_other_and_hold_still_under_what_is_new(store: Store, limit: int) -> None:
    await store.audit([change(str(n)) for n in range(10)])
    found: list[Change] = []
    while page := await store.audited(Audited(limit, after=found[-1].number if found else None)):
        assert len(page) <= limit
        found += page
        await store.audit([change("new")])
    assert [one.subject for one in found] == [str(n) for n in reversed(range(10))]


async def test_it_is_forgotten_when_records_are(store: Store) -> None:
    await store.audit([change("old"), change("new", NOW + DAY_S)])
    assert await store.retire(NOW + 9 * DAY_S, NOW + 1, 100) == 1
    assert await subjects(store) == ["new"]
    assert await store.retire(NOW + 9 * DAY_S, NOW + 1, 100) == 0


async def test_it_is_there_after_close_and_reopen(dialect: Dialect) -> None:
    store = await dialect.open()
    await store.switch([Switching(POOL, "first", PAUSED, OPS)])
    await store.close()
    store = await dialect.open()
    assert await subjects(store) == ["first"]
    await store.close()
