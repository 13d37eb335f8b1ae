"""The auditor: joins what clients were told, what carriers were handed and what the store holds.

The store is read as a file, by SQLite itself and not by the product's code.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import apsw
import msgspec

from tests.faults.carrier import Arrival
from tests.faults.driver import Answer

FINAL: Final = frozenset({"sent", "failed", "expired", "cancelled", "suppressed", "held"})
MESSAGES: Final = "SELECT id, status, possible_duplicate, summary FROM messages"
ATTEMPTS: Final = "SELECT message, outcome FROM attempts ORDER BY message, number"


class Stored(msgspec.Struct, frozen=True):
    """A message in the store. ref: the client's name for it. attempts: the outcome of each, None where it has none."""

    id: str
    ref: str | None
    status: str
    marked: bool
    attempts: tuple[str | None, ...]


class _Summary(msgspec.Struct):
    metadata: tuple[tuple[str, str], ...] = ()


def stored(path: Path) -> dict[str, Stored]:
    """Everything in a store, by id; of one that is in use, as of this moment."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        db.set_busy_timeout(5000)
        db.execute("BEGIN")  # one view for both
        attempts = defaultdict(list)
        for id_, outcome in db.execute(ATTEMPTS):
            attempts[id_].append(outcome)
        return {
            id_: Stored(id_, _ref(summary), status, bool(marked), tuple(attempts[id_]))
            for id_, status, marked, summary in db.execute(MESSAGES)
        }
    finally:
        db.close()


def _ref(summary: str) -> str | None:
    return dict(msgspec.json.decode(summary, type=_Summary).metadata).get("ref")


def unfinished(messages: dict[str, Stored]) -> list[str]:
    """The refs of the messages that have not come to their end."""
    return [message.ref for message in messages.values() if message.ref and message.status not in FINAL]


def sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return bool(db.pragma("integrity_check") == "ok")
    finally:
        db.close()


class Audit(msgspec.Struct, frozen=True):
    """violations: each a sentence; none where every promise was kept. The rest are figures."""

    violations: tuple[str, ...]
    posted: int
    accepted: int
    stored: int
    lost: int
    arrivals: int
    duplicates: int
    marked: int

    def __str__(self) -> str:
        return (
            f"{self.posted} posts, {self.accepted} accepted, {self.stored} stored, {self.lost} lost, "
            f"{self.arrivals} arrivals, {self.duplicates} duplicates, {self.marked} marked, "
            f"{len(self.violations)} violations"
        )


def audit(
    answers: Sequence[Answer],
    arrivals: Iterable[Arrival],
    messages: dict[str, Stored],
    elsewhere: Sequence[Arrival] = (),
) -> Audit:
    """Judge a run that is over: every message has had the time to reach its end.

    elsewhere: what reached a carrier from another life of the store, of which this one has no attempts: they count as
    sent, where this store knows the message.
    """
    came = list(arrivals)
    taken = Counter(arrival.id for arrival in (*came, *elsewhere) if arrival.taken and arrival.id in messages)
    lost = [answer for answer in answers if answer.accepted and (answer.id or "") not in messages]
    violations = [f"{answer.ref} was accepted as {answer.id} and is not in the store" for answer in lost]
    violations += _told(answers, messages)
    violations += _carried(came, messages)
    violations += _ended(messages, taken)
    return Audit(
        violations=tuple(violations),
        posted=len(answers),
        accepted=sum(answer.accepted for answer in answers),
        stored=len(messages),
        lost=len(lost),
        arrivals=len(came),
        duplicates=sum(count > 1 for count in taken.values()),
        marked=sum(message.marked for message in messages.values()),
    )


def _told(answers: Sequence[Answer], messages: dict[str, Stored]) -> Iterable[str]:
    """What a client was told is true: an id is that of its own message, and one key stands for one message."""
    for answer in answers:
        message = messages.get(answer.id or "")
        if message is not None and message.ref != answer.ref:
            yield f"{answer.ref} was answered with {answer.id}, which is {message.ref}"
    for ref, count in Counter(message.ref for message in messages.values()).items():
        if count > 1:
            yield f"{ref} was posted under one key and is {count} messages"


def _carried(came: list[Arrival], messages: dict[str, Stored]) -> Iterable[str]:
    """What a carrier was handed is what the store says: a message of ours, once for each attempt at the most."""
    for id_, count in Counter(arrival.id for arrival in came).items():
        message = messages.get(id_)
        if message is None:
            yield f"{id_} reached a carrier and is not in the store"
        elif count > len(message.attempts):
            yield f"{id_} reached a carrier {count} times in {len(message.attempts)} attempts"
    for arrival in came:
        message = messages.get(arrival.id)
        if message is not None and message.ref != arrival.ref:
            yield f"{arrival.id} is {message.ref} and reached a carrier as {arrival.ref}"


def _ended(messages: dict[str, Stored], taken: Counter[str]) -> Iterable[str]:
    """Every message has one end, the end is true, and what was sent twice says so."""
    for id_, message in messages.items():
        if message.status not in FINAL:
            yield f"{id_} is still {message.status}"
        elif None in message.attempts:
            yield f"{id_} is {message.status} with an attempt that never ended"
        if message.status == "sent" and not taken[id_]:
            yield f"{id_} is said to be sent and no carrier took it"
        if message.status in ("failed", "expired", "cancelled") and taken[id_]:
            yield f"{id_} is said to be {message.status} and a carrier took it"
        if taken[id_] > 1 and not message.marked and message.status != "held":
            yield f"{id_} was taken {taken[id_]} times and is not marked"
