"""What the audit says of each change of a store, and how it lies there."""

from typing import Any, Final

import msgspec

from posthouse.clock import rfc3339
from posthouse.routing.switch import ON, Switch
from posthouse.store.values import Change, Lifting, Release, Restoring, Suppression, Switching, Who

Row = tuple[Any, ...]

NEWEST: Final = 2**63 - 1
"""Behind the number of every change."""

_json = msgspec.json.Encoder()


def switched(item: Switching, who: Who, was: Switch | None) -> Change:
    switch = item.switch
    before, after = (_shown(one) for one in (was or ON, switch))
    return Change(switch.at, "switch", who, item.pool, item.provider, switch.reason, before, after)


def _shown(switch: Switch) -> dict[str, Any]:
    return {"held": switch.held, "failing": None if switch.failing is None else msgspec.structs.asdict(switch.failing)}


def suppressed(item: Suppression, who: Who) -> Change:
    after = {"source": item.source}
    return Change(item.at, "suppression", who, item.pool, item.address.lower(), item.reason, None, after)


def lifted(item: Lifting, who: Who, was: Suppression) -> Change:
    before = {"source": was.source, "reason": was.reason, "by": was.by, "at": rfc3339(was.at)}
    return Change(item.at, "suppression", who, was.pool, was.address, None, before, None)


def restored(item: Restoring, count: int) -> Change:
    copied_at = None if item.copied_at is None else rfc3339(item.copied_at)
    after = {"copied_at": copied_at, "in_doubt": count}
    return Change(item.at, "restore", item.who, after=after)


def released(item: Release, count: int) -> Change:
    after = {"verdict": item.verdict, "messages": count, **({} if item.ids is None else {"ids": item.ids})}
    return Change(item.at, "release", item.who, item.pool, None, item.reason, None, after)


def row(change: Change) -> Row:
    """For `add_change`."""
    who = change.who
    before, after = (None if one is None else _json.encode(one).decode() for one in (change.before, change.after))
    place = (change.pool, change.subject, change.reason, before, after, change.once)
    return (change.at, change.what, who.kind, who.name, who.address, *place)


def change(found: Row) -> Change:
    """From a row of `changes`."""
    at, what, kind, name, address, pool, subject, reason, before, after, once, number = found
    was, is_now = (None if one is None else msgspec.json.decode(one) for one in (before, after))
    return Change(at, what, Who(kind, name, address), pool, subject, reason, was, is_now, once, number)
