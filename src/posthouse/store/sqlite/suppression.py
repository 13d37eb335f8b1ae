"""Who is not to be sent to, and how that binds what is claimed already.

A claim carries the number of its pool's newest suppression, its intent carries it back. What was suppressed in between
is compared with the message once more, in the transaction of the intent. A pool without suppressions costs one look.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

import apsw

from posthouse.mail.message import Message
from posthouse.store import changes, rows
from posthouse.store.sqlite.audit import audit
from posthouse.store.sqlite.statement import SQL, read
from posthouse.store.values import Entry, Intent, Lifting, Suppression


def suppress(db: apsw.Connection, items: list[Suppression]) -> list[bool]:
    given = [(s.pool, s.address.lower(), s.reason, s.source, s.at, s.by) for s in items]
    new = _each(read(db, "suppress", given), [row[:2] for row in given])
    audit(db, [changes.suppressed(s, s.who) for s, is_new in zip(items, new, strict=True) if is_new and s.who])
    return new


def unsuppress(db: apsw.Connection, items: list[Lifting]) -> list[bool]:
    given = [(item.pool, item.address.lower()) for item in items]
    were = {row[:2]: Suppression(*row) for row in read(db, "unsuppress", given)}
    gone = _each(were, given)
    lifted = [(i, i.who, were[place]) for i, place, was in zip(items, given, gone, strict=True) if was and i.who]
    audit(db, [changes.lifted(*each) for each in lifted])
    return gone


def _each(done: Iterable[tuple[str, ...]], given: Sequence[tuple[str, ...]]) -> list[bool]:
    """For each of those given whether it was done: the first, where one was given more than once."""
    left = set(done)
    answers = []
    for item in given:
        answers.append(item in left)
        left.discard(item)
    return answers


def page(db: apsw.Connection, pool: str, limit: int, after: str | None, address: str | None) -> list[Suppression]:
    if address is None:
        found = db.execute(SQL["suppressions"], (pool, after or "", limit))
    else:
        found = db.execute(SQL["suppression"], (pool, address.lower()))
    return [Suppression(*row) for row in found]


def newest(db: apsw.Connection, pools: Iterable[str]) -> dict[str, int]:
    """The number of the newest suppression of each pool that has any."""
    found = read(db, "newest_suppression", [(pool,) for pool in pools])
    return {pool: number for pool, number in found if number is not None}


def among(db: apsw.Connection, messages: Iterable[tuple[str, str, Message]]) -> dict[str, tuple[str, ...]]:
    """Those recipients of each message (id, pool, message) that are suppressed, in lower case."""
    asked = [
        (id_, pool, address)
        for id_, pool, message in messages
        for address in dict.fromkeys(recipient.email.lower() for recipient in message.recipients)
    ]
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for id_, address in read(db, "suppressed", asked):
        found[id_] += (address,)
    return found


def barred(db: apsw.Connection, entries: list[Entry]) -> set[str]:
    """The ids of those with a recipient who is suppressed."""
    pools = newest(db, {entry.pool for entry in entries})
    asked = [(e.id, e.pool, email) for e in entries if e.pool in pools for email in dict.fromkeys(e.summary.emails)]
    return {id_ for id_, _ in read(db, "suppressed", asked)}


def overtaken(db: apsw.Connection, intents: list[Intent]) -> list[Intent]:
    """Those whose message has a recipient who was suppressed after it was claimed."""
    numbers = newest(db, {intent.pool for intent in intents})
    late = [intent for intent in intents if numbers.get(intent.pool, 0) > intent.seen]
    if not late:
        return []
    emails = {id_: rows.summary(text).emails for id_, text in read(db, "summaries", [(i.id,) for i in late])}
    found: list[Intent] = []
    place = attrgetter("pool", "seen")
    for since, same in groupby(sorted(late, key=place), place):
        new = {address for (address,) in db.execute(SQL["suppressed_since"], since)}
        found += [intent for intent in same if not new.isdisjoint(emails.get(intent.id, ()))]
    return found
