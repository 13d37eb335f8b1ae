"""The same random calls on the store and on its model: every answer and every record agree."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from posthouse.mail.event import Status
from posthouse.mail.message import Address, Message
from posthouse.routing.board import Fact
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.rules import START, Course
from posthouse.store.contract import Store
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Claim, ClaimRequest, Lane, Query, Record, Result
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    delay,
    ending,
    intent,
    key,
    letter,
    renewal,
    result,
    taken_back,
)
from tests.store.model import Kept, Model

LIGHT = Message(Address("post@example.com"), text="Hello.")
HEAVY = Message(Address("post@example.com"), text="Hello. " * 200)
ROOM = 1600
"""Bytes in which one heavy message and some light ones find place together."""

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder in memory: this test asks what the store answers, others ask whether that is on disk."""

PICK = st.integers(0, 20)
PICKS = st.lists(PICK, min_size=1, max_size=4)
PROVIDERS = st.sampled_from(["first", "second"])
POOLS = st.sampled_from([POOL, OTHER_POOL])
OUTCOMES: dict[OutcomeKind, int] = {"accepted": 1, "refused": 0, "deferred": -1, "throttled": 0, "unsure": -1}
COURSES = [START, Course(1, ("first",)), Course(doubt=True), Course(2, served=True)]

ENTRIES = st.fixed_dictionaries(
    {
        "pool": POOLS,
        "lane": st.sampled_from([0, 1, 2]),
        "message": st.sampled_from([LIGHT, HEAVY]),
        "after_s": st.sampled_from([0.0, 0.0, 30.0]),
        "lasts_s": st.sampled_from([None, None, 5.0, 40.0]),
        "key": st.sampled_from([None, None, "a", "b"]),
        "digest": st.sampled_from([b"1", b"2"]),
    }
)


class End(msgspec.Struct, frozen=True):
    """How an attempt ends. again_s: until the next one, None for none."""

    outcome: OutcomeKind
    again_s: float | None
    course: Course
    owed: tuple[str, ...] | None


ENDS = st.builds(
    End,
    st.sampled_from(list(OUTCOMES)),
    st.sampled_from([None, 0.0, 20.0]),
    st.sampled_from(COURSES),
    st.sampled_from([None, ("ann@example.org",)]),
)


class Held:
    """A claim somebody has, or had. number, provider, began: of the attempt that is open under it."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.number: int | None = None
        self.provider, self.began = "", 0.0
        if claim.opened is not None:
            self.begin(claim.opened.number, claim.opened.provider, claim.opened.started_at)

    def begin(self, number: int, provider: str, at: float) -> None:
        self.number, self.provider, self.began = number, provider, at


def requested(now: float, limit: int, full: list[str]) -> ClaimRequest:
    return ClaimRequest(limit, ROOM, now, LEASE_S, tuple(full))


def as_claimed(kept: Kept, request: ClaimRequest) -> Any:
    opened = None if kept.open is None else kept.open.intent.number
    until = request.now + request.lease_s
    return (kept.entry.id, kept.fence, kept.begun, kept.course, kept.owed, opened, until)


def as_given(claim: Claim) -> Any:
    opened = None if claim.opened is None else claim.opened.number
    return (claim.job.id, claim.fence, claim.attempts, claim.job.course, claim.owed, opened, claim.leased_until)


def as_kept(kept: Kept) -> Any:
    attempts = [
        (number, tried.intent.provider, tried.fact and (tried.fact.kind, tried.fact.at), tried.evidence)
        for number, tried in kept.tried.items()
    ]
    return (kept.status, kept.due_at, kept.twice, attempts, kept.events)


def as_recorded(record: Record) -> Any:
    attempts = [
        (a.number, a.provider, a.outcome and (a.outcome, a.finished_at), a.evidence is not None)
        for a in record.attempts
    ]
    events = [event.type for event in record.events]
    return (record.status, record.due_at, record.possible_duplicate, attempts, events)


class StoreAndModel(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory(dir=FAST)
        self.runner = asyncio.Runner()
        self.model, self.now, self.made = Model(), NOW, 0
        self.held: list[Held] = []
        self.store: Store = self.runner.run(self._open())

    async def _open(self) -> Store:
        return SqliteStore(Path(self.folder.name) / "posthouse.db")

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def _both(self, method: str, items: Any) -> Any:
        """What the store answers; the model must answer the same."""
        answers = self.runner.run(getattr(self.store, method)(items))
        assert answers == getattr(self.model, method)(items), method
        return answers

    def _hands(self, *, begun: bool) -> list[Held]:
        """Claims somebody has or had, with an attempt begun or not; the freshest first."""
        return [held for held in reversed(self.held) if (held.number is not None) == begun]

    def _some(self, picks: list[int], *, begun: bool) -> list[Held]:
        """Some of them, fresh and stale, each once."""
        fit = self._hands(begun=begun)
        return list({pick % len(fit): fit[pick % len(fit)] for pick in picks}.values())

    def _leases(self) -> list[float]:
        return [kept.lease_until for kept in self.model.kept.values() if kept.lease_until is not None]

    @rule(wanted=st.lists(ENTRIES, min_size=1, max_size=4))
    def add(self, wanted: list[dict[str, Any]]) -> None:
        entries = []
        for given in wanted:
            lane: Lane = given["lane"]
            self.made += 1
            once = None if given["key"] is None else key(given["key"], given["digest"], self.now + 100)
            entry = letter(
                self.made,
                at=self.now,
                due_at=self.now + given["after_s"],
                expires_at=None if given["lasts_s"] is None else self.now + given["lasts_s"],
                pool=given["pool"],
                message=given["message"],
                once=once,
                lane=lane,
            )
            entries.append(entry)
        self._both("add", entries)

    @precondition(lambda self: self.model.kept)
    @rule(pick=PICK, pool=st.sampled_from([None, POOL, OTHER_POOL]))
    def cancel(self, pick: int, pool: str | None) -> None:
        kept = list(self.model.kept.values())
        self._both("cancel", [taken_back(kept[pick % len(kept)].entry, pool, self.now)])

    @precondition(lambda self: self.model.waiting(self.now + 1) > 0)
    @rule(limit=st.integers(0, 5), full=st.lists(POOLS, max_size=1))
    def claim(self, limit: int, full: list[str]) -> None:
        self._claimed("claim", requested(self.now, limit, full))

    def _claimed(self, method: str, request: ClaimRequest) -> None:
        claims = self.runner.run(getattr(self.store, method)(request))
        expected = getattr(self.model, method)(request)
        assert [as_given(claim) for claim in claims] == [as_claimed(kept, request) for kept in expected], method
        self.held += map(Held, claims)

    @precondition(lambda self: any(until <= self.now for until in self._leases()))
    @rule(limit=st.integers(1, 5))
    def sweep(self, limit: int) -> None:
        self._claimed("sweep", requested(self.now, limit, []))

    @rule(limit=st.integers(1, 5))
    def overdue(self, limit: int) -> None:
        self._claimed("overdue", requested(self.now, limit, []))

    @precondition(lambda self: self._hands(begun=False))
    @rule(picks=PICKS, provider=PROVIDERS)
    def intend(self, picks: list[int], provider: str) -> None:
        self._intended(self._some(picks, begun=False), provider)

    @precondition(lambda self: self.model.waiting(self.now + 1) > 0)
    @rule(limit=st.integers(1, 5), provider=PROVIDERS)
    def claim_and_intend(self, limit: int, provider: str) -> None:
        before = len(self.held)
        self._claimed("claim", requested(self.now, limit, []))
        self._intended(self.held[before:], provider)

    def _intended(self, some: list[Held], provider: str) -> None:
        doubt = [held.claim.job.course.doubt for held in some]
        items = [intent(h.claim, provider, self.now, doubt=d) for h, d in zip(some, doubt, strict=True)]
        for held, begun in zip(some, self._both("intend", items), strict=True):
            if begun:
                held.begin(held.claim.attempts + 1, provider, self.now)

    @precondition(lambda self: self._hands(begun=True))
    @rule(picks=PICKS, end=ENDS)
    def record(self, picks: list[int], end: End) -> None:
        self._both("record", [self._result(held, end) for held in self._some(picks, begun=True)])

    def _result(self, held: Held, end: End) -> Result:
        fact = Fact(held.provider, self.now, end.outcome, OUTCOMES[end.outcome], began=held.began)
        status: Status = "sent" if end.outcome == "accepted" else "failed"
        due_at = None
        if end.again_s is not None:
            status, due_at = "queued", self.now + end.again_s
        return result(
            held.claim,
            end.outcome,
            status,
            number=held.number,
            fact=fact,
            due_at=due_at,
            course=end.course,
            owed=end.owed,
        )

    @precondition(lambda self: self._hands(begun=False))
    @rule(pick=PICK)
    def finish(self, pick: int) -> None:
        self._both("finish", [ending(held.claim, "expired", self.now) for held in self._some([pick], begun=False)])

    @precondition(lambda self: self._hands(begun=False))
    @rule(picks=PICKS, after_s=st.sampled_from([0.0, 15.0]))
    def postpone(self, picks: list[int], after_s: float) -> None:
        self._both("postpone", [delay(held.claim, self.now + after_s) for held in self._some(picks, begun=False)])

    @precondition(lambda self: self.held)
    @rule(picks=PICKS)
    def renew(self, picks: list[int]) -> None:
        some = [self.held[pick % len(self.held)] for pick in picks]
        self._both("renew", [renewal(held.claim, self.now + LEASE_S) for held in some])

    @precondition(lambda self: any(kept.due_at is kept.lease_until for kept in self.model.kept.values()))
    @rule(content_s=st.sampled_from([0.0, 60.0]), records_s=st.sampled_from([30.0, 200.0]), limit=st.integers(1, 6))
    def retire(self, content_s: float, records_s: float, limit: int) -> None:
        instants = (self.now - content_s, self.now - records_s)
        assert self.runner.run(self.store.retire(*instants, limit)) == self.model.retire(*instants, limit)

    @rule(seconds=st.sampled_from([0.5, 10.0, 31.0, LEASE_S]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self._leases())
    @rule()
    def reopen(self) -> None:
        self.runner.run(self.store.close())
        self.store = self.runner.run(self._open())
        self.model.abandon()

    @invariant()
    def records_agree(self) -> None:
        expected = {id_: as_kept(kept) for id_, kept in sorted(self.model.kept.items(), reverse=True)}
        page, whole = self.runner.run(self._seen())
        assert [record.id for record in page] == list(expected)
        assert {record.id: as_recorded(record) for record in whole} == expected

    async def _seen(self) -> tuple[list[Record], list[Record]]:
        page = await self.store.page(Query(limit=10_000))
        whole = await asyncio.gather(*(self.store.find(record.id, record.pool) for record in page))
        return page, [record for record in whole if record is not None]

    @invariant()
    def the_queue_and_what_was_learnt_agree(self) -> None:
        assert self.runner.run(self.store.waiting(self.now)) == self.model.waiting(self.now)
        found = self.runner.run(self.store.observations(0))
        expected = self.model.observations()
        assert found.keys() == expected.keys()
        for pool, facts in found.items():
            assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
            assert sorted(map(repr, facts)) == sorted(map(repr, expected[pool]))


TestStoreAndModel = StoreAndModel.TestCase
TestStoreAndModel.pytestmark = [pytest.mark.timeout(300)]  # type: ignore[attr-defined]  # a failure is shrunk first
TestStoreAndModel.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
