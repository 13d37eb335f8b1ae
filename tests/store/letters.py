"""Entries, claims and results for the tests of the store: everything has a default, and tells its time."""

from collections.abc import Iterable
from typing import Any, Final

from posthouse.mail.event import EventType, Status
from posthouse.mail.ident import uuid7
from posthouse.mail.message import Address, Message
from posthouse.routing.board import Fact
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.retry import Happening
from posthouse.routing.rules import START, Course
from posthouse.store.contract import Store
from posthouse.store.values import (
    Begun,
    Cancel,
    Claim,
    ClaimRequest,
    Delay,
    Ending,
    Entry,
    Intent,
    Mismatch,
    Once,
    Portion,
    Query,
    Receipt,
    Renewal,
    Result,
    Summary,
    Suppression,
    Told,
    job_of,
    pack,
    unpack,
)

NOW: Final = 1_800_000_000.0
"""The instant at which most tests begin."""

DAY_S: Final = 86_400.0
LEASE_S: Final = 90.0
POOL: Final = "example.com"
OTHER_POOL: Final = "example.net"

PLAIN: Final = Message(Address(f"post@{POOL}"), to=(Address("ann@example.org"),), subject="Hello", text="Hello, Ann.")


def letter(
    number: int = 0,
    *,
    at: float = NOW,
    due_at: float | None = None,
    pool: str = POOL,
    message: Message = PLAIN,
    content: bytes | None = None,
    summary: Summary | None = None,
    once: Once | None = None,
    **more: Any,
) -> Entry:
    """The entry number `number` of a test: letters of one instant sort by their numbers."""
    return Entry(
        id=uuid7(at, number.to_bytes(10, "big")),
        pool=pool,
        accepted_at=at,
        due_at=at if due_at is None else due_at,
        give_up_at=at + DAY_S,
        summary=summary or Summary(message.sender.email, tuple(a.email for a in message.recipients), message.subject),
        content=pack(message) if content is None else content,
        needs=0,
        recipients=len(message.recipients),
        once=once,
        **more,
    )


def letters(count: int, *, first: int = 0, **more: Any) -> list[Entry]:
    return [letter(number, **more) for number in range(first, first + count)]


def leaving(number: int = 0, *, provider: str = "first", at: float = NOW, **more: Any) -> Entry:
    """An entry that is added with its first attempt."""
    return letter(number, at=at, begun=Begun(provider, at + LEASE_S, at), **more)


def in_hand(entry: Entry) -> Claim:
    """What whoever added it with its first attempt has of it. To number that attempt, it counts as none yet."""
    assert entry.begun is not None
    return Claim(job_of(entry), 1, entry.begun.leased_until, 0, entry.accepted_at, unpack(entry.content))


def key(name: str = "key", digest: bytes = b"digest", forget_at: float = NOW + DAY_S) -> Once:
    return Once(name, digest, forget_at)


def wanted(
    now: float = NOW,
    *,
    limit: int = 1000,
    max_bytes: int = 2**30,
    full: Iterable[str] = (),
    portions: Iterable[Portion] = (),
) -> ClaimRequest:
    """A request for everything that is due."""
    return ClaimRequest(limit, max_bytes, now, LEASE_S, (*portions, *[Portion(pool, 0) for pool in full]))


def intent(
    claim: Claim, provider: str = "first", at: float = NOW, *, doubt: bool = False, seen: int | None = None
) -> Intent:
    number = claim.attempts + 1
    seen = claim.seen if seen is None else seen
    return Intent(claim.job.id, claim.fence, number, provider, claim.job.pool, at, doubt, seen)


def result(
    claim: Claim,
    outcome: OutcomeKind = "accepted",
    status: Status = "sent",
    *,
    at: float = NOW,
    provider: str = "first",
    number: int | None = None,
    fact: Fact | None = None,
    due_at: float | None = None,
    course: Course = START,
    events: tuple[Happening, ...] | None = None,
    **more: Any,
) -> Result:
    """How the attempt begun by `intent` ended. Its events are one of the type of its status, unless said."""
    if events is None:
        events = (Happening("deferred") if status == "queued" else Happening(status),)  # type: ignore[arg-type]
    return Result(
        id=claim.job.id,
        fence=claim.fence,
        number=claim.attempts + 1 if number is None else number,
        outcome=outcome,
        fact=fact or Fact(provider, at, outcome, {"accepted": 1, "deferred": -1}.get(outcome, 0), began=NOW),
        status=status,
        course=course,
        due_at=due_at,
        events=events,
        **more,
    )


def deferred(claim: Claim, due_at: float, **more: Any) -> Result:
    """An attempt that failed and is followed by another at `due_at`."""
    return result(claim, "deferred", "queued", due_at=due_at, **more)


def ending(claim: Claim, status: Status = "failed", at: float = NOW) -> Ending:
    return Ending(claim.job.id, claim.fence, at, status, (Happening(status, "no provider"),))  # type: ignore[arg-type]


def delay(claim: Claim, due_at: float, unsent: int | None = None) -> Delay:
    return Delay(claim.job.id, claim.fence, due_at, unsent)


def renewal(claim: Claim, until: float) -> Renewal:
    return Renewal(claim.job.id, claim.fence, until)


def suppression(address: str, *, pool: str = POOL, reason: str = "bounced", at: float = NOW) -> Suppression:
    return Suppression(pool, address, reason, "provider", at)


def told(
    of: Entry | Claim | str, type_: EventType = "delivered", *, pool: str = POOL, at: float = NOW, **more: Any
) -> Told:
    """A provider's news of that message; of the one it calls so, where a string is given."""
    if isinstance(of, str):
        return Told(pool, "first", type_, at, provider_message_id=of, **more)
    return Told(pool, "first", type_, at, of.job.id if isinstance(of, Claim) else of.id, **more)


def taken_back(entry: Entry, pool: str | None = POOL, at: float = NOW) -> Cancel:
    return Cancel(entry.id, pool, at)


async def claimed(store: Store, *entries: Entry, now: float = NOW) -> list[Claim]:
    """Those entries, added and claimed, and that on disk; nothing else may be due."""
    await store.add(entries)
    claims = {claim.job.id: claim for claim in await store.claim(wanted(now))}
    assert set(claims) == {entry.id for entry in entries}
    # A claim may be answered before its commit; what is answered after it makes sure that readers see it.
    await store.renew([Renewal("nobody", 0, now)])
    return [claims[entry.id] for entry in entries]


async def begun(store: Store, *entries: Entry, now: float = NOW, provider: str = "first") -> list[Claim]:
    """Those entries, added and claimed, and an attempt begun on each."""
    claims = await claimed(store, *entries, now=now)
    assert await store.intend([intent(claim, provider, now) for claim in claims]) == [True] * len(claims)
    return claims


async def ended(store: Store, *entries: Entry, now: float = NOW) -> list[Claim]:
    """Those entries, sent."""
    claims = await begun(store, *entries, now=now)
    assert await store.record([result(claim, at=now) for claim in claims]) == [True] * len(claims)
    return claims


async def status(store: Store, entry: Entry | Claim) -> Status | None:
    record = await store.find(entry.job.id if isinstance(entry, Claim) else entry.id, None)
    return None if record is None else record.status


async def ids(store: Store, query: Query | None = None) -> list[str]:
    """The ids on a page."""
    return [record.id for record in await store.page(query or Query(limit=1000))]


def receipts(answers: Iterable[Receipt | Mismatch]) -> list[Receipt]:
    """The answers, where all of them are receipts."""
    found = [answer for answer in answers if isinstance(answer, Receipt)]
    assert len(found) == len(list(answers))
    return found
