"""Handing messages out to delivery, and writing down what became of them.

Every method that acts under a lease locks its messages first (`held`), in the order of their ids: what another process
does with them meanwhile waits, and what it did before is seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from posthouse.store import rows
from posthouse.store.postgres import inbox, suppression
from posthouse.store.postgres.connection import Session
from posthouse.store.postgres.server import NAME
from posthouse.store.postgres.statement import Row, ask, read, write
from posthouse.store.turns import Turns
from posthouse.store.values import Claim, ClaimRequest, Delay, Ending, Intent, Leased, Opened, Renewal, Result

L = TypeVar("L", bound=Leased)


async def claim(db: Session, requests: list[ClaimRequest]) -> list[list[Claim]]:
    return [await _claimed(db, request, await _due(db, request)) for request in requests]


async def sweep(db: Session, requests: list[ClaimRequest]) -> list[list[Claim]]:
    claims = []
    await ask(db, "end_stuck", NAME, db.longest_s)
    for request in requests:
        lapsed = await ask(db, "lapsed", request.now, db.clock.now(), request.limit)
        claims.append(await _claimed(db, request, lapsed))
    return claims


async def overdue(db: Session, requests: list[ClaimRequest]) -> list[list[Claim]]:
    claims = []
    for request in requests:
        ended = await ask(db, "overdue", request.now, request.limit)
        claims.append(await _claimed(db, request, ended))
    return claims


async def _due(db: Session, request: ClaimRequest) -> list[Row]:
    """(id, size) of due messages, lane by lane."""
    turns, found = Turns(request), list[Row]()
    for (lane,) in await ask(db, "lanes"):
        if turns.left > 0:
            columns = list(zip(*turns.rows(), strict=True)) or [(), (), ()]
            here = await ask(db, "due", lane, request.now, *columns, turns.left)
            turns.took((id_, size, pool) for id_, size, pool in here)
            found += here
    return [row[:2] for row in found]


async def _claimed(db: Session, request: ClaimRequest, found: list[Row]) -> list[Claim]:
    """Lease what was found, as far as its contents fit in memory together."""
    until, room, ids = request.now + request.lease_s, request.max_bytes, list[str]()
    for id_, size in found:
        if ids and size > room:
            break
        room -= size
        ids.append(id_)
    if not ids:
        return []
    claims: dict[str, Claim] = {}
    for *row, content, newest in await ask(db, "lease", ids, until, db.clock.now()):
        if (claim := rows.claim(row, content, until, newest or 0)) is not None:
            claims[claim.job.id] = claim
    bound = [(claim.job.id, claim.job.pool, claim.message) for claim in claims.values() if claim.seen]
    for id_, emails in (await suppression.among(db, bound)).items():
        claims[id_] = msgspec.structs.replace(claims[id_], suppressed=emails)
    begun = [(claim.job.id, claim.attempts) for claim in claims.values() if claim.attempts]
    for id_, attempt in (await _opened(db, begun)).items():
        claims[id_] = msgspec.structs.replace(claims[id_], opened=attempt)
    spoilt = [id_ for id_ in ids if id_ not in claims]
    if spoilt:  # they end alone: nobody else's mail waits for what a disk has spoilt
        await write(db, "finish", [(id_, "failed") for id_ in spoilt])
        await write(db, "add_event", [(id_, request.now, "failed", None, None, rows.SPOILT) for id_ in spoilt])
    return list(claims.values())


async def _opened(db: Session, begun: list[tuple[str, int]]) -> dict[str, Opened]:
    return {id_: Opened(*rest) for id_, *rest in await read(db, "opened", begun)}


async def intend(db: Session, items: list[Intent]) -> list[bool]:
    overtaken = await suppression.overtaken(db, items)
    held, answers = await _held(db, items)
    if overtaken:
        given_back = {item.id: item.at for item in (await _held(db, overtaken))[0]}
        await write(db, "postpone", list(given_back.items()))
        answers = [held and item.id not in given_back for item, held in zip(items, answers, strict=True)]
        held = [item for item in held if item.id not in given_back]
    await write(db, "intend", [(item.id, item.number, item.provider, item.doubt) for item in held])
    attempts = [(item.id, item.number, item.pool, item.provider, item.fence, item.at) for item in held]
    await write(db, "add_attempt", attempts)
    return answers


async def record(db: Session, items: list[Result]) -> list[bool]:
    first = dict[tuple[str, int], int]()
    for place, item in enumerate(items):
        first.setdefault((item.id, item.fence), place)
    found = await read(db, "record", [(*_row(items[place]), place) for place in first.values()])
    held = {place for (place,) in found}
    late = [place for place in range(len(items)) if place not in held]
    lost = [place for place in late if first[items[place].id, items[place].fence] not in held]
    known = await _recorded(db, items, lost)
    await write(db, "evidence", [rows.evidence_row(items[place]) for place in late if place not in known])
    return [place in held or place in known for place in range(len(items))]


def _row(item: Result) -> Row:
    """For `record`."""
    events = [(event.type, event.recipient, event.detail) for event in item.events]
    return (*rows.state_row(item), *rows.outcome_row(item)[1:], item.fact.provider, events, item.fence)


async def _recorded(db: Session, items: list[Result], late: list[int]) -> set[int]:
    """The places of those that were written down before this call: their caller was not told, and asks again."""
    given = [(n, items[n].id, items[n].number, items[n].outcome, items[n].fact.at) for n in late]
    return {place for (place,) in await read(db, "recorded", given)}


async def finish(db: Session, items: list[Ending]) -> list[bool]:
    held, answers = await _held(db, items)
    await write(db, "finish", [(item.id, item.status) for item in held])
    events = [(item.id, item.at, e.type, None, e.recipient, e.detail) for item in held for e in item.events]
    await write(db, "add_event", events)
    return answers


async def postpone(db: Session, items: list[Delay]) -> list[bool]:
    held, answers = await _held(db, items)
    await write(db, "postpone", [(item.id, item.due_at) for item in held])
    await write(db, "close_attempt", [rows.unsent_row(item) for item in held if item.unsent is not None])
    return answers


async def renew(db: Session, items: list[Renewal]) -> list[bool]:
    # Not `_held`: to renew a lease twice is no contradiction, and both callers hold it.
    held = set(await _holding(db, items))
    until: dict[str, float] = {}
    for place in held:
        item = items[place]
        until[item.id] = max(item.until, until.get(item.id, item.until))
    if until:
        await ask(db, "renew", list(until), list(until.values()), db.clock.now())
    return [place in held for place in range(len(items))]


UNDER_LEASES: Final = frozenset({intend, record, finish, postpone, renew})


async def hold(db: Session, items: Mapping[Any, Sequence[Any]]) -> None:
    """Lock what several methods of one transaction are about to, all of it in one order.

    Each for itself locks its own in order: two transactions that take them by turns would wait for each other.
    """
    # The lists of pools come first, and are ordered as well: two calls that begin something look at them.
    entries = [entry for entry in items.get(inbox.add, ()) if entry.begun is not None]
    beginning = {one.pool for one in (*entries, *items.get(intend, ()))}
    if entries and intend in items and len(beginning) > 1:
        await suppression.bound(db, beginning)
    leased = [method for method in items if method in UNDER_LEASES]
    if len(leased) > 1:
        await _holding(db, [item for method in leased for item in items[method]])


async def _held(db: Session, items: list[L]) -> tuple[list[L], list[bool]]:
    """Those whose lease still holds, the first of each message; and for each of all whether it is one of them."""
    answers = [False] * len(items)
    first = dict[str, int]()
    for place in sorted(await _holding(db, items)):
        first.setdefault(items[place].id, place)
    for place in first.values():
        answers[place] = True
    return [items[place] for place in first.values()], answers


async def _holding(db: Session, items: Sequence[Leased]) -> list[int]:
    """The places of those whose lease still holds."""
    found = await read(db, "held", [(place, item.id, item.fence) for place, item in enumerate(items)])
    return [place for (place,) in found]
