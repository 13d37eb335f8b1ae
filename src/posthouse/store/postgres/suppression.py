"""Who is not to be sent to, and how that binds what is claimed already.

A claim carries the number of its pool's newest suppression, its intent carries it back. What was suppressed in between
is compared with the message once more, in the transaction of the intent. Numbers are given and committed in one order:
whoever adds to a pool's list has it alone, and it stands still while attempts begin (`own_pools`, `bind_pools`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from posthouse.mail.message import Message
from posthouse.store import changes, rows
from posthouse.store.postgres.audit import audit
from posthouse.store.postgres.statement import Db, Row, ask, read, text
from posthouse.store.values import Entry, Intent, Lifting, Suppression


async def suppress(db: Db, items: list[Suppression]) -> list[bool]:
    given = [(s.pool, text(s.address.lower()), s.reason, s.source, s.at, s.by) for s in items]
    await ask(db, "own_pools", sorted({item.pool for item in items}))
    new = _each(await read(db, "suppress", given), [row[:2] for row in given])
    await audit(db, [changes.suppressed(s, s.who) for s, is_new in zip(items, new, strict=True) if is_new and s.who])
    return new


async def unsuppress(db: Db, items: list[Lifting]) -> list[bool]:
    given = [(item.pool, text(item.address.lower())) for item in items]
    were = {tuple(row[:2]): Suppression(*row) for row in await read(db, "unsuppress", given)}
    gone = _each(were, given)
    lifted = [(i, i.who, were[place]) for i, place, was in zip(items, given, gone, strict=True) if was and i.who]
    await audit(db, [changes.lifted(*each) for each in lifted])
    return gone


def _each(done: Iterable[Row], given: Sequence[tuple[str, ...]]) -> list[bool]:
    """For each of those given whether it was done: the first, where one was given more than once."""
    left = set(map(tuple, done))
    answers = []
    for item in given:
        answers.append(item in left)
        left.discard(item)
    return answers


async def page(db: Db, pool: str, limit: int, after: str | None, address: str | None) -> list[Suppression]:
    if address is None:
        found = await ask(db, "suppressions", pool, after or "", limit)
    else:
        found = await ask(db, "suppression", pool, address.lower())
    return [Suppression(*row) for row in found]


async def bound(db: Db, pools: Iterable[str]) -> dict[str, int]:
    """Have the lists of these pools stand still; the number of the newest suppression of each that has any."""
    return {row[0]: row[1] for row in await ask(db, "bind_pools", sorted(set(pools)))}


async def among(db: Db, messages: Iterable[tuple[str, str, Message]]) -> dict[str, tuple[str, ...]]:
    """Those recipients of each message (id, pool, message) that are suppressed, in lower case."""
    asked = [
        (id_, pool, address)
        for id_, pool, message in messages
        for address in dict.fromkeys(recipient.email.lower() for recipient in message.recipients)
    ]
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for id_, address in await read(db, "suppressed", asked):
        found[id_] += (address,)
    return found


async def barred(db: Db, entries: list[Entry]) -> set[str]:
    """The ids of those with a recipient who is suppressed; nobody else comes to be until they are written down."""
    pools = await bound(db, [entry.pool for entry in entries]) if entries else {}
    asked = [(e.id, e.pool, email) for e in entries if e.pool in pools for email in dict.fromkeys(e.summary.emails)]
    return {id_ for id_, _ in await read(db, "suppressed", asked)}


async def overtaken(db: Db, intents: list[Intent]) -> list[Intent]:
    """Those whose message has a recipient who was suppressed after it was claimed."""
    numbers = await bound(db, [intent.pool for intent in intents])
    late = [intent for intent in intents if numbers.get(intent.pool, 0) > intent.seen]
    if not late:
        return []
    summaries = await read(db, "summaries", [(intent.id,) for intent in late])
    emails = {id_: rows.summary(packed).emails for id_, packed in summaries}
    found: list[Intent] = []
    place = attrgetter("pool", "seen")
    for since, same in groupby(sorted(late, key=place), place):
        new = {address for (address,) in await ask(db, "suppressed_since", *since)}
        found += [intent for intent in same if not new.isdisjoint(emails.get(intent.id, ()))]
    return found
