"""The auditor: joins what clients were told, what carriers were handed and what the store holds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tests.faults.carrier import Arrival
from tests.faults.driver import Answer

FINAL: Final = frozenset({"sent", "failed", "expired", "cancelled", "suppressed", "held"})


class Stored(msgspec.Struct, frozen=True):
    """A message in the store. ref: the client's name for it. attempts: the outcome of each, None where it has none."""

    id: str
    ref: str | None
    status: str
    marked: bool
    attempts: tuple[str | None, ...]


def begun(messages: dict[str, Stored]) -> set[tuple[str, int]]:
    """The attempts that are on their way: each by its message and its number."""
    return {(message.id, len(message.attempts)) for message in messages.values() if None in message.attempts}


def unfinished(messages: dict[str, Stored]) -> list[str]:
    """The refs of the messages that have not come to their end."""
    return [message.ref for message in messages.values() if message.ref and message.status not in FINAL]


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
    *,
    over: bool = True,
) -> Audit:
    """Judge a run that is over: every message has had the time to reach its end.

    elsewhere: what reached a carrier from another life of the store, of which this one has no attempts: they count as
    sent, where this store knows the message. over: one that is not over is judged by what must hold at every moment.
    Take the answers and the arrivals before the store is read: what comes in between is not its fault.
    """
    came = list(arrivals)
    taken = Counter(arrival.id for arrival in (*came, *elsewhere) if arrival.taken and arrival.id in messages)
    lost = [answer for answer in answers if answer.accepted and (answer.id or "") not in messages]
    violations = [f"{answer.ref} was accepted as {answer.id} and is not in the store" for answer in lost]
    violations += _told(answers, messages)
    violations += _carried(came, messages)
    violations += _ended(messages, taken) if over else ()
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
