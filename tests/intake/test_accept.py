import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from posthouse.intake.accept import DRAWN, REMEMBERED_S, Intake, Objection, fingerprint
from posthouse.intake.caller import Caller
from posthouse.intake.policy import SANDBOX, ClassPolicy, PoolPolicy
from posthouse.mail.limits import Limits
from posthouse.mail.message import Address, Policy
from posthouse.mail.problem import Refusal
from posthouse.routing.capability import Can
from posthouse.store.contract import StoreDown
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Entry, Mismatch, Receipt, Summary, Wanted, job_of, unpack
from tests.delivery.clock import NOW, FakeClock
from tests.store.letters import wanted

POOL = PoolPolicy("example.com", give_up_after_s=3600.0)
WEB = Caller("web", "example.com")


class Dice:
    """Chance that is the same in every run; asked: for how many bytes each time."""

    def __init__(self) -> None:
        self._random, self.asked = Random(1), list[int]()

    def __call__(self, count: int) -> bytes:
        self.asked.append(count)
        return self._random.randbytes(count)


class Door:
    """An intake on a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.dice = FakeClock(), Dice()
        self.store = SqliteStore(folder / "posthouse.db")
        self.intake = Intake(self.clock, self.dice, self.store, {POOL.name: POOL}, Limits())

    async def accept(
        self, key: str | None = None, pool: PoolPolicy = POOL, caller: Caller = WEB, **changes: Any
    ) -> Any:
        return await self.intake.accept(fields(**changes), pool, caller, key)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    opened = Door(tmp_path)
    yield opened
    await opened.store.close()


def fields(**changes: Any) -> dict[str, Any]:
    return {"from": "ann@example.com", "to": "bob@example.org", "subject": "Hello", "text": "x", **changes}


def digest(asked: Entry | Refusal) -> bytes:
    assert isinstance(asked, Entry | Objection)
    assert asked.once is not None
    return asked.once.digest


def entry(door: Door, caller: Caller = WEB, **changes: Any) -> Entry:
    found = door.intake.entry(fields(**changes), POOL, caller, "key")
    assert isinstance(found, Entry)
    return found


async def test_a_receipt_says_that_the_message_is_in_the_store(door: Door) -> None:
    receipt = await door.accept(tags=["a"], metadata={"order": "17"}, cc=["Eve <eve@example.net>"])
    assert receipt == Receipt(receipt.id, "queued")
    record = await door.store.find(receipt.id, POOL.name)
    assert record is not None
    recipients = ("bob@example.org", "Eve <eve@example.net>")
    assert record.summary == Summary("ann@example.com", recipients, "Hello", ("a",), (("order", "17"),))
    assert (record.accepted_at, record.due_at, record.expires_at, record.lane) == (NOW, NOW, None, 1)
    assert [event.type for event in record.events] == ["accepted"]
    (claim,) = await door.store.claim(wanted(NOW))
    assert (claim.message.subject, claim.job.give_up_at, claim.job.recipients) == ("Hello", NOW + 3600, 2)
    assert claim.job.needs == Can.CC | Can.TAGS | Can.METADATA | Can.TEXT_ONLY


async def test_what_is_wrong_is_not_stored(door: Door) -> None:
    refusal = await door.accept(to="nobody", subject="a\nb")
    assert isinstance(refusal, Refusal)
    assert [problem.field for problem in refusal.problems] == ["to", "subject"]
    assert await door.store.claim(wanted(NOW)) == []


async def test_what_the_pool_or_the_key_objects_to_is_not_stored(door: Door) -> None:
    refusal = await door.accept(caller=Caller("web", POOL.name, allow=("*@example.com",)))
    assert isinstance(refusal, Refusal)
    assert refusal.problems[0].code == "recipient-not-allowed"
    assert await door.store.claim(wanted(NOW)) == []


async def test_a_message_for_later_is_scheduled(door: Door) -> None:
    receipt = await door.accept(send_at="2036-01-01T00:00:00Z")
    assert receipt.status == "scheduled"
    assert await door.store.claim(wanted(NOW)) == []


async def test_a_key_stands_for_one_message_until_it_is_forgotten(door: Door) -> None:
    first = await door.accept("key")
    assert await door.accept("key") == Receipt(first.id, "queued", replayed=True)
    assert await door.accept("key", subject="Other") == Mismatch(first.id)
    await door.clock.advance(REMEMBERED_S)
    assert isinstance(await door.accept("key", subject="Other"), Receipt)


async def test_ids_sort_by_time_and_chance_is_drawn_for_many_at_once(door: Door) -> None:
    ids = []
    for _ in range(100):
        ids.append(entry(door).id)
        await door.clock.advance(0.01)
    assert ids == sorted(ids)
    assert len(set(ids)) == 100
    assert door.dice.asked == [DRAWN, DRAWN]


async def test_while_the_store_is_down_nothing_is_promised(door: Door) -> None:
    await door.store.close()
    with pytest.raises(StoreDown):
        await door.accept()


async def test_what_is_redirected_is_stored_as_it_will_leave(door: Door) -> None:
    redirected = entry(door, Caller("web", POOL.name, redirect=Address("me@example.com")), bcc="eve@example.net")
    assert redirected.summary.recipients == ("me@example.com",)
    assert redirected.recipients == 1
    assert [a.email for a in unpack(redirected.content).recipients] == ["me@example.com"]


async def again(door: Door, caller: Caller = WEB, pool: PoolPolicy = POOL, **changes: Any) -> Any:
    """What was accepted, made ready to be stored once more."""
    accepted = await door.accept(pool=pool, **changes)
    stored = await door.store.content(accepted.id, POOL.name)
    assert stored is not None
    assert stored.message is not None
    await door.clock.advance(100.0)
    return accepted.id, door.intake.again(stored, stored.message, pool, caller, "key")


async def test_the_same_content_again_is_a_message_of_its_own_that_names_the_first(door: Door) -> None:
    pool = PoolPolicy("example.com", providers=frozenset({"first"}), classes={"otp": ClassPolicy(expires_in_s=60.0)})
    wishes: dict[str, Any] = {"class": "otp", "lane": "bulk", "provider": "first", "on_unsure": "hold"}
    first, entry = await again(
        door, pool=pool, send_at="2036-01-01T00:00:00Z", tags=["a"], require_tags=["eu"], **wishes
    )
    assert (entry.resent_from, entry.status, entry.lane, entry.class_name) == (first, "queued", 2, "otp")
    assert (entry.accepted_at, entry.due_at, entry.expires_at) == (NOW + 100, NOW + 100, NOW + 160)
    assert entry.wanted == Wanted("first", ("eu",), "hold")
    assert entry.summary.tags == ("a",)
    assert entry.id != first


async def test_it_goes_on_the_terms_of_whoever_asks_for_it(door: Door) -> None:
    _, refused = await again(door, Caller("picky", POOL.name, allow=("*@example.com",)))
    assert refused.problems[0].code == "recipient-not-allowed"
    _, entry = await again(door, Caller("tester", POOL.name, mode="sandbox"))
    assert entry.wanted == Wanted(SANDBOX)
    _, entry = await again(door, caller=WEB, pool=POOL)
    assert entry.wanted is None


async def test_the_key_of_a_resend_stands_for_the_resend_of_that_message(door: Door) -> None:
    digests = set()
    for _ in range(2):
        _, resent = await again(door)
        digests.add(resent.once.digest)
    once = entry(door).once
    assert once is not None
    digests.add(once.digest)
    assert len(digests) == 3


async def test_routing_is_told_the_same_before_a_message_is_stored_as_after(door: Door) -> None:
    pool = PoolPolicy("example.com", providers=frozenset({"first"}))
    wishes = {
        "provider": "first",
        "require_tags": ["eu"],
        "on_unsure": "hold",
        "expires_in": "5m",
        "cc": "x@example.org",
    }
    for asked in ({}, wishes):
        judged = door.intake.entry(fields(**asked), pool, WEB, None)
        assert isinstance(judged, Entry)
        await door.store.add([judged])
        (claim,) = await door.store.claim(wanted(NOW))
        assert claim.job == job_of(judged)


def test_a_fingerprint_is_of_every_byte_and_every_wish() -> None:
    first = fingerprint(b"content", Policy(), WEB)
    assert first == fingerprint(b"content", Policy(), Caller("other", POOL.name))
    wishes = ({"lane": "bulk"}, {"send_at": 1.0}, {"provider": "a"})
    others = [
        fingerprint(b"contenu", Policy(), WEB),
        *(fingerprint(b"content", Policy(**wish), WEB) for wish in wishes),
        fingerprint(b"content", Policy(), Caller("web", POOL.name, mode="sandbox")),
        *(fingerprint(b"content", Policy(), Caller("web", POOL.name, redirect=Address(a))) for a in ("a@b.c", "d@b.c")),
    ]
    assert len({first, *others}) == 8


async def test_what_is_objected_to_is_known_by_its_key_all_the_same(door: Door) -> None:
    narrow = Caller("web", POOL.name, allow=("*@example.com",))
    assert digest(door.intake.entry(fields(), POOL, narrow, "key")) == digest(entry(door))


async def test_what_is_sent_elsewhere_or_under_another_name_is_known_by_what_was_handed_in(door: Door) -> None:
    tester = Caller("web", POOL.name, redirect=Address("me@example.com"))
    fixed = PoolPolicy("example.com", sender="fixed", default_from=Address("shop@example.com"))
    digests = set()
    for changes in ({}, {"to": "eve@example.net"}):
        digests.add(digest(door.intake.entry(fields(**changes), POOL, tester, "key")))
    for changes in ({}, {"from": "eve@example.com"}):
        digests.add(digest(door.intake.entry(fields(**changes), fixed, WEB, "key")))
    assert len(digests) == 4


async def test_equal_messages_have_equal_fingerprints_however_they_were_written(door: Door) -> None:
    digests = set()
    for changes in (
        {},
        {"to": ["bob@example.org"], "cc": None},
        {"from": {"email": "ann@example.com", "name": ""}, "bcc": []},
        {"from": "ann@EXAMPLE.com", "subject": "Hello"},
    ):
        once = entry(door, **changes).once
        assert once is not None
        digests.add(once.digest)
    assert len(digests) == 1


async def test_two_hundred_at_once_are_all_there(door: Door) -> None:
    receipts = await asyncio.gather(*[door.accept(subject=str(number)) for number in range(200)])
    assert len({receipt.id for receipt in receipts}) == 200
    assert len(await door.store.claim(wanted(NOW))) == 200


async def test_all_that_is_wrong_is_said_at_once(door: Door) -> None:
    wrong = {"subject": "two\nlines", "to": "nobody", "class": "nope", "provider": "zz", "from": "a@example.net"}
    narrow = Caller("web", POOL.name, allow=("*@example.com",))
    for caller in (WEB, narrow):
        refused = door.intake.entry(fields(**wrong, metadata={"posthouse_id": "1"}), POOL, caller, None)
        assert isinstance(refused, Refusal)
        assert [problem.field for problem in refused.problems] == [
            *("to", "subject", "from", "class", "provider", "metadata.posthouse_id"),
        ]
    refused = door.intake.entry(fields(**{**wrong, "from": "nobody"}), POOL, WEB, None)
    assert isinstance(refused, Refusal)
    assert [problem.field for problem in refused.problems] == ["from", "to", "subject", "class", "provider"]
