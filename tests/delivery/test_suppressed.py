"""Recipients that must not be sent to, from the store's list to the envelope and the record."""

from pathlib import Path

import msgspec
import pytest

from posthouse.delivery.attempt import attempt
from posthouse.delivery.suppressed import status_without_anybody
from posthouse.mail.message import Address
from posthouse.routing.outcome import Accepted, Deferred, Recipient
from posthouse.routing.rules import Course
from posthouse.store.values import Entry, Record, Suppression
from tests.delivery.clock import NOW
from tests.delivery.office import Office, office
from tests.store.letters import PLAIN, POOL, letter

BOTH = msgspec.structs.replace(PLAIN, to=(Address("bob@example.net"), Address("eve@example.net")))


async def suppress(house: Office, *addresses: str) -> None:
    await house.store.suppress([Suppression(POOL, email, "asked not to be", "operator", NOW) for email in addresses])


def events(record: Record) -> list[tuple[str, str | None]]:
    return [(event.type, event.recipient) for event in record.events]


def recipients_of(entry: Entry) -> tuple[str, ...]:
    return entry.summary.emails


async def test_a_message_to_somebody_suppressed_is_not_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        entry = letter()
        (only,) = recipients_of(entry)
        await suppress(house, only.upper())
        await house.add(entry)
        await house.attempt()
        record = await house.only()
        assert record.status == "suppressed"
        assert events(record) == [("accepted", None), ("suppressed", only)]
        assert house.carriers["first"].sent == []


async def test_the_others_get_it_and_the_record_says_who_did_not(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        entry = letter(message=BOTH)
        await suppress(house, "eve@example.net")
        await house.add(entry)
        await house.attempt()
        record = await house.only()
        assert record.status == "sent"
        assert ("suppressed", "eve@example.net") in events(record)
        (envelope,) = house.carriers["first"].sent
        assert [r.email for r in envelope.owed.recipients] == ["bob@example.net"]


async def test_who_is_suppressed_between_two_attempts_is_told_once_and_not_sent_to(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        house.carriers["first"].acts = [Deferred(503)]
        house.carriers["second"].acts = [Deferred(503), Deferred(503)]
        entry = letter(message=BOTH)
        await house.add(entry)
        await house.attempt()
        await suppress(house, "eve@example.net")
        await house.attempt()
        await house.clock.advance(60)
        await house.attempt()
        await house.attempt()
        record = await house.only()
        assert record.status == "sent"
        assert events(record).count(("suppressed", "eve@example.net")) == 1
        sent = house.carriers["first"].sent[-1]
        assert [r.email for r in sent.owed.recipients] == ["bob@example.net"]


async def test_what_is_suppressed_after_the_claim_is_not_sent_either(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        claim = await house.claimed()
        await suppress(house, *[r.email for r in claim.message.recipients])
        await attempt(claim, house.desk)
        assert house.carriers["first"].sent == []
        await house.attempt()
        assert (await house.only()).status == "suppressed"


async def test_a_message_some_have_already_stays_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as house:
        later = Accepted(250, unserved=(Recipient("eve@example.net", permanent=False, detail="greylisted"),))
        house.carriers["first"].acts = [later]
        await house.add(letter(message=BOTH))
        await house.attempt()
        await suppress(house, "eve@example.net")
        await house.clock.advance(60)
        await house.attempt()
        record = await house.only()
        assert record.status == "sent"
        assert len(house.carriers["first"].sent) == 1


@pytest.mark.parametrize(
    ("course", "status"),
    [(Course(), "suppressed"), (Course(served=True), "sent"), (Course(doubt=True), "held")],
)
def test_how_it_ends_depends_on_what_went_before(course: Course, status: str) -> None:
    assert status_without_anybody(course) == status
