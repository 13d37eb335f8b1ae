"""The store as a page of plain Python: what every dialect has to agree with."""

from collections.abc import Sequence
from typing import Any

from posthouse.mail.event import UNFINISHED, Status, moved
from posthouse.mail.ident import earliest
from posthouse.routing.board import Fact
from posthouse.routing.rules import START
from posthouse.routing.switch import Switch
from posthouse.store.values import (
    Cancel,
    ClaimRequest,
    Delay,
    Ending,
    Entry,
    Intent,
    Lifting,
    Mismatch,
    Receipt,
    Renewal,
    Result,
    Suppression,
    Switching,
    Told,
)


class Tried:
    """One attempt."""

    def __init__(self, intent: Intent) -> None:
        self.intent, self.evidence = intent, False
        self.fact: Fact | None = None


class Kept:
    """One message."""

    def __init__(self, entry: Entry) -> None:
        self.entry, self.status, self.content = entry, entry.status, True
        self.due_at: float | None = entry.due_at
        self.lease_until: float | None = None
        self.fence, self.begun, self.twice = 0, 0, False
        self.course = START
        self.owed: tuple[str, ...] | None = None
        self.tried: dict[int, Tried] = {}
        self.events = ["accepted"]
        self.earned: Status | None = None
        self.seen = 0
        self.provider_id: str | None = None
        self.told: set[tuple[object, ...]] = set()

    def begin(self, intent: Intent) -> None:
        self.status, self.begun, self.twice = "sending", intent.number, self.twice or intent.doubt
        self.tried[intent.number] = Tried(intent)

    @property
    def open(self) -> Tried | None:
        last = self.tried.get(self.begun)
        return None if last is None or last.fact is not None else last

    def end(self, status: Status, due_at: float | None, events: Sequence[Any]) -> None:
        if self.earned is not None and status in ("sent", "held"):
            status = self.earned
        self.status, self.due_at, self.lease_until = status, due_at, None
        self.events += [event.type for event in events]


class Model:
    def __init__(self) -> None:
        self.suppressed: dict[tuple[str, str], int] = {}
        self.suppressions = 0
        self.switched: dict[str, dict[str, Switch]] = {}
        self.kept: dict[str, Kept] = {}
        self.keys: dict[tuple[str, str], tuple[Any, Receipt]] = {}

    def add(self, entries: Sequence[Entry]) -> list[Receipt | Mismatch]:
        return [self._added(entry) for entry in entries]

    def _added(self, entry: Entry) -> Receipt | Mismatch:
        kept, once, begun = Kept(entry), entry.once, entry.begun
        if begun is not None and self.left_out(kept):
            begun = None
        receipt = Receipt(entry.id, entry.status, begun=begun is not None)
        if once is not None:
            known = self.keys.get((entry.pool, once.key))
            if known is not None and known[0].forget_at > entry.accepted_at:
                first = known[1]
                same = known[0].digest == once.digest
                return Receipt(first.id, first.status, replayed=True) if same else Mismatch(first.id)
            self.keys[entry.pool, once.key] = (once, receipt)
        if begun is not None:
            kept.due_at, kept.lease_until, kept.fence = None, begun.leased_until, 1
            kept.begin(Intent(entry.id, 1, 1, begun.provider, entry.pool, begun.at))
        self.kept[entry.id] = kept
        return receipt

    def cancel(self, items: Sequence[Cancel]) -> list[Status | None]:
        return [self._cancelled(item) for item in items]

    def _cancelled(self, item: Cancel) -> Status | None:
        kept = self.kept.get(item.id)
        if kept is None or item.pool not in (None, kept.entry.pool):
            return None
        if kept.status in ("scheduled", "queued") and not (kept.course.doubt or kept.course.served):
            kept.end("cancelled", None, ())
            kept.events.append("cancelled")
        return kept.status

    def claim(self, request: ClaimRequest) -> list[Kept]:
        room = {portion.pool: portion.room for portion in request.portions}
        held = {portion.pool: portion.held for portion in request.portions}
        due = sorted(
            (kept.entry.lane, kept.due_at, kept.entry.id, kept.entry.pool)
            for kept in self.kept.values()
            if kept.due_at is not None and kept.due_at <= request.now
        )
        found: list[str] = []
        while len(found) < request.limit:
            heads: dict[tuple[int, str], tuple[Any, ...]] = {}
            for lane, due_at, id_, pool in due:
                if id_ not in found and room.get(pool, 1) > 0:
                    heads.setdefault((lane, pool), (lane, held.get(pool, 0), due_at, id_, pool))
            if not heads:
                break
            *_, id_, pool = min(heads.values())
            found.append(id_)
            held[pool] = held.get(pool, 0) + 1
            if pool in room:
                room[pool] -= 1
        return self._leased(request, found)

    def sweep(self, request: ClaimRequest) -> list[Kept]:
        lapsed = [
            (kept.lease_until, kept.entry.id)
            for kept in self.kept.values()
            if kept.lease_until is not None and kept.lease_until <= request.now
        ]
        return self._leased(request, [key[-1] for key in sorted(lapsed)])

    def overdue(self, request: ClaimRequest) -> list[Kept]:
        ending = [
            (min(kept.entry.expires_at or kept.entry.give_up_at, kept.entry.give_up_at), kept.entry.id)
            for kept in self.kept.values()
            if kept.due_at is not None
        ]
        return self._leased(request, [id_ for end, id_ in sorted(ending) if end <= request.now])

    def _leased(self, request: ClaimRequest, ids: Sequence[str]) -> list[Kept]:
        found: list[Kept] = []
        room = request.max_bytes
        for kept in (self.kept[id_] for id_ in ids[: request.limit]):
            room -= len(kept.entry.content)
            if found and room < 0:
                break
            kept.due_at, kept.lease_until, kept.fence = None, request.now + request.lease_s, kept.fence + 1
            kept.seen = self.suppressions
            found.append(kept)
        return found

    def _held(self, item: Intent | Result | Ending | Delay | Renewal) -> Kept | None:
        kept = self.kept.get(item.id)
        return kept if kept is not None and kept.lease_until is not None and kept.fence == item.fence else None

    def intend(self, items: Sequence[Intent]) -> list[bool]:
        for item in items:
            kept = self._held(item)
            if kept is not None and any(number > kept.seen for number in self.left_out(kept).values()):
                kept.end("queued", item.at, ())
        held = [self._held(item) for item in items]
        for kept, item in zip(held, items, strict=True):
            if kept is not None:
                kept.begin(item)
        return [kept is not None for kept in held]

    def record(self, items: Sequence[Result]) -> list[bool]:
        answers = []
        for item in items:
            kept = self._held(item)
            answers.append(kept is not None)
            if kept is not None:
                kept.tried[item.number].fact = item.fact
                kept.course, kept.owed = item.course, kept.owed if item.owed is None else item.owed
                kept.end(item.status, item.due_at, item.events)
                kept.provider_id = item.provider_message_id or kept.provider_id
                kept.told |= {(e.type, item.fact.at, item.fact.provider, e.recipient) for e in item.events}
            elif item.id in self.kept and item.number in self.kept[item.id].tried:
                self.kept[item.id].tried[item.number].evidence = True
        return answers

    def finish(self, items: Sequence[Ending]) -> list[bool]:
        return [self._given_up(item, item.status, None, item.events) for item in items]

    def postpone(self, items: Sequence[Delay]) -> list[bool]:
        answers = [self._given_up(item, "queued", item.due_at, ()) for item in items]
        for item, given_up in zip(items, answers, strict=True):
            if given_up and item.unsent is not None:
                tried = self.kept[item.id].tried[item.unsent]
                tried.fact = Fact(tried.intent.provider, item.due_at, "deferred", 0, began=tried.intent.at)
        return answers

    def _given_up(self, item: Ending | Delay, status: Status, due_at: float | None, events: Sequence[Any]) -> bool:
        kept = self._held(item)
        if kept is not None:
            kept.end(status, due_at, events)
        return kept is not None

    def renew(self, items: Sequence[Renewal]) -> list[bool]:
        held = [self._held(item) for item in items]
        for kept, item in zip(held, items, strict=True):
            if kept is not None:
                kept.lease_until = item.until
        return [kept is not None for kept in held]

    def left_out(self, kept: Kept) -> dict[str, int]:
        """Recipients that are suppressed, with the numbers of their suppressions."""
        pool, found = kept.entry.pool, dict[str, int]()
        for address in kept.entry.summary.emails:
            if (pool, address) in self.suppressed:
                found[address] = self.suppressed[pool, address]
        return found

    def suppress(self, items: Sequence[Suppression]) -> list[bool]:
        answers = []
        for item in items:
            place = (item.pool, item.address.lower())
            answers.append(place not in self.suppressed)
            self.suppressions += 1
            self.suppressed.setdefault(place, self.suppressions)
        return answers

    def unsuppress(self, items: Sequence[Lifting]) -> list[bool]:
        return [self.suppressed.pop((item.pool, item.address.lower()), None) is not None for item in items]

    def switch(self, items: Sequence[Switching]) -> list[Switch]:
        for item in items:
            self.switched.setdefault(item.pool, {})[item.provider] = item.switch
        return [self.switched[item.pool][item.provider] for item in items]

    def told(self, items: Sequence[Told]) -> list[Status | None]:
        return [self._told(item) for item in items]

    def _told(self, item: Told) -> Status | None:
        kept = self._meant(item)
        if kept is None or kept.entry.pool != item.pool:
            return None
        if kept.status in UNFINISHED:
            earned = moved(kept.earned or "held", item.type)
            kept.earned = None if earned == "held" else earned
        else:
            kept.status = moved(kept.status, item.type)
        event = (item.type, item.at, item.provider, item.recipient)
        if event not in kept.told:
            kept.told.add(event)
            kept.events.append(item.type)
        return kept.status

    def _meant(self, item: Told) -> Kept | None:
        if item.message_id is not None:
            return self.kept.get(item.message_id)
        for kept in self.kept.values():
            if kept.provider_id == item.provider_message_id and kept.provider_id is not None:
                carried = any(tried.intent.provider == item.provider for tried in kept.tried.values())
                return kept if carried else None
        return None

    def retire(self, content_before: float, records_before: float, limit: int) -> int:
        over = sorted(id_ for id_, kept in self.kept.items() if kept.status not in UNFINISHED)
        contents = [id_ for id_ in over if self.kept[id_].content]
        contents = [id_ for id_ in contents if id_ < earliest(max(content_before, records_before))][:limit]
        for id_ in contents:
            self.kept[id_].content = False
        records = [id_ for id_ in over if id_ < earliest(records_before)][:limit]
        for id_ in records:
            del self.kept[id_]
        keys = [place for place, (once, _) in self.keys.items() if once.forget_at < content_before][:limit]
        for place in keys:
            del self.keys[place]
        return len(contents) + len(records) + len(keys)

    def abandon(self) -> None:
        """Whoever held leases is gone."""
        for kept in self.kept.values():
            if kept.lease_until is not None:
                kept.lease_until = 0.0

    def waiting(self, now: float) -> float:
        return max([0.0, *(now - kept.due_at for kept in self.kept.values() if kept.due_at is not None)])

    def observations(self) -> dict[str, list[Fact]]:
        facts: dict[str, list[Fact]] = {}
        for kept in self.kept.values():
            for tried in kept.tried.values():
                if tried.fact is not None:
                    facts.setdefault(kept.entry.pool, []).append(tried.fact)
        return facts
