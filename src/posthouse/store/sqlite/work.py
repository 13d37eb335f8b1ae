"""Handing messages out to delivery, and writing down what became of them."""

from collections.abc import Sequence
from typing import Any, TypeVar

import apsw
import msgspec

from posthouse.store import rows
from posthouse.store.sqlite import suppression
from posthouse.store.sqlite.statement import SQL, places, read, write
from posthouse.store.turns import Due, Turns
from posthouse.store.values import Claim, ClaimRequest, Delay, Ending, Intent, Leased, Opened, Renewal, Result

_json = msgspec.json.Encoder()
_lanes = msgspec.json.Decoder(list[tuple[int, str | None]])
_sized = msgspec.json.Decoder(list[tuple[str, int]])
_due_ones = msgspec.json.Decoder(list[Due])


L = TypeVar("L", bound=Leased)


# undone, of those that lease: how many transactions were rolled back in this process. A claim is answered before its
# commit: where that fails somebody holds a fence that is not on disk, and it must not be given to the next one.


def claim(db: apsw.Connection, requests: list[ClaimRequest], undone: int) -> list[list[Claim]]:
    return [_claimed(db, request, _due(db, request), undone) for request in requests]


def sweep(db: apsw.Connection, requests: list[ClaimRequest], undone: int) -> list[list[Claim]]:
    claims = []
    for request in requests:
        lapsed = _sized.decode(db.execute(SQL["lapsed"], (request.now, request.limit)).get)
        claims.append(_claimed(db, request, lapsed, undone))
    return claims


def overdue(db: apsw.Connection, requests: list[ClaimRequest], undone: int) -> list[list[Claim]]:
    claims = []
    for request in requests:
        ended = _sized.decode(db.execute(SQL["overdue"], (request.now, request.limit)).get)
        claims.append(_claimed(db, request, ended, undone))
    return claims


def _due(db: apsw.Connection, request: ClaimRequest) -> list[tuple[str, int]]:
    """(id, size) of due messages, lane by lane."""
    turns, found = Turns(request), list[Due]()
    for lane, alone in _lanes.decode(db.execute(SQL["lanes"]).get):
        if turns.left > 0:
            if alone is None:
                portions = _json.encode(turns.rows()).decode()
                given = db.execute(SQL["due"], (lane, request.now, portions, turns.left))
            else:
                given = db.execute(SQL["due_of_one"], (lane, alone, request.now, turns.room(alone)))
            here = _due_ones.decode(given.get)
            turns.took(here)
            found += here
    return [(id_, size) for id_, size, _ in found]


def _claimed(db: apsw.Connection, request: ClaimRequest, found: list[tuple[str, int]], undone: int) -> list[Claim]:
    """Lease what was found, as far as its contents fit in memory together."""
    until, room, ids = request.now + request.lease_s, request.max_bytes, list[str]()
    for id_, size in found:
        if ids and size > room:
            break
        room -= size
        ids.append(id_)
    write(db, "lease", [(id_, until, undone) for id_ in ids])
    claims: dict[str, Claim] = {}
    leased = _leased(db, ids)
    newest = suppression.newest(db, {row[1] for row in leased})
    for *row, content in leased:
        if (claim := rows.claim(row, content, until, newest.get(row[1], 0))) is not None:
            claims[claim.job.id] = claim
    bound = [(claim.job.id, claim.job.pool, claim.message) for claim in claims.values() if claim.seen]
    for id_, emails in suppression.among(db, bound).items():
        claims[id_] = msgspec.structs.replace(claims[id_], suppressed=emails)
    for claim in [claim for claim in claims.values() if claim.attempts]:
        claims[claim.job.id] = msgspec.structs.replace(claim, opened=_opened(db, claim.job.id, claim.attempts))
    spoilt = [id_ for id_ in ids if id_ not in claims]
    if spoilt:  # they end alone: nobody else's mail waits for what a disk has spoilt
        write(db, "finish", [(id_, "failed") for id_ in spoilt])
        write(db, "mark_ended", [(id_,) for id_ in spoilt])
        write(db, "add_event", [(id_, request.now, "failed", None, None, rows.SPOILT) for id_ in spoilt])
    return list(claims.values())


def _leased(db: apsw.Connection, ids: list[str]) -> list[tuple[Any, ...]]:
    """The rows of those, as far as there is text where text should be."""
    try:
        return read(db, "leased", [(id_,) for id_ in ids])
    except UnicodeDecodeError:
        return [] if len(ids) == 1 else [row for id_ in ids for row in _leased(db, [id_])]


def _opened(db: apsw.Connection, id_: str, attempts: int) -> Opened | None:
    row = db.execute(SQL["opened"], (id_, attempts)).fetchone()
    return None if row is None else Opened(*row)


def intend(db: apsw.Connection, items: list[Intent]) -> list[bool]:
    if overtaken := suppression.overtaken(db, items):
        write(db, "postpone", [(item.id, item.at) for item in _held(db, overtaken)[0]])
    held, answers = items, [True] * len(items)
    if len({item.id for item in items}) < len(items):
        held, answers = _held(db, items)
    before = db.total_changes()
    write(db, "intend", [(item.id, item.fence, item.number, item.provider, item.doubt) for item in held])
    if db.total_changes() - before < len(held):  # rare; mostly nobody need be asked who holds what
        held, answers = _held(db, items)
    attempts = [(item.id, item.number, item.pool, item.provider, item.fence, item.at) for item in held]
    write(db, "add_attempt", attempts)
    return answers


def record(db: apsw.Connection, items: list[Result]) -> list[bool]:
    held, answers = _held(db, items)
    write(db, "record", [rows.state_row(item) for item in held])
    write(db, "mark_ended", [(item.id,) for item in held if item.status in rows.ENDED])
    write(db, "close_attempt", [rows.outcome_row(item) for item in held])
    write(db, "add_event", [row for item in held for row in rows.event_rows(item)])
    stale = [item for item, answer in zip(items, answers, strict=True) if not answer]
    write(db, "evidence", [rows.evidence_row(item) for item in stale])
    return answers


def finish(db: apsw.Connection, items: list[Ending]) -> list[bool]:
    held, answers = _held(db, items)
    write(db, "finish", [(item.id, item.status) for item in held])
    write(db, "mark_ended", [(item.id,) for item in held if item.status in rows.ENDED])
    events = [(item.id, item.at, e.type, None, e.recipient, e.detail) for item in held for e in item.events]
    write(db, "add_event", events)
    return answers


def postpone(db: apsw.Connection, items: list[Delay]) -> list[bool]:
    held, answers = _held(db, items)
    write(db, "postpone", [(item.id, item.due_at) for item in held])
    write(db, "close_attempt", [rows.unsent_row(item) for item in held if item.unsent is not None])
    return answers


def renew(db: apsw.Connection, items: list[Renewal]) -> list[bool]:
    # Not `_held`: to renew a lease twice is no contradiction, and both callers hold it.
    held = set(_holding(db, items))
    until: dict[str, float] = {}
    for place in held:
        item = items[place]
        until[item.id] = max(item.until, until.get(item.id, item.until))
    write(db, "renew", list(until.items()))
    return [place in held for place in range(len(items))]


def _held(db: apsw.Connection, items: list[L]) -> tuple[list[L], list[bool]]:
    """Those whose lease still holds, the first of each message; and for each of all whether it is one of them."""
    answers = [False] * len(items)
    first = dict[str, int]()
    for place in _holding(db, items):
        first.setdefault(items[place].id, place)
    for place in first.values():
        answers[place] = True
    return [items[place] for place in first.values()], answers


def _holding(db: apsw.Connection, items: Sequence[Leased]) -> list[int]:
    """The places of those whose lease still holds."""
    return places(db, "held", [(place, item.id, item.fence) for place, item in enumerate(items)])
