"""The same random calls on the store and on its model: every answer and every record agree."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from posthouse.mail.event import EventType, Status
from posthouse.routing.board import Fact
from posthouse.routing.switch import Switch
from posthouse.store.contract import Store
from posthouse.store.values import (
    Begun,
    ClaimRequest,
    Lane,
    Lifting,
    Portion,
    Query,
    Receipt,
    Record,
    Renewal,
    Result,
    Switching,
    Told,
)
from tests.store.calls import (
    ADDRESSES,
    ENDS,
    ENTRIES,
    NEWS,
    OUTCOMES,
    PICK,
    PICKS,
    POOLS,
    PORTIONS,
    PROVIDERS,
    SWITCHES,
    End,
    Held,
    as_claimed,
    as_given,
    as_kept,
    as_recorded,
    requested,
)
from tests.store.conftest import Dialect, Postgres, Sqlite
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    delay,
    ending,
    in_hand,
    intent,
    key,
    letter,
    renewal,
    result,
    suppression,
    taken_back,
)
from tests.store.model import Model

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder in memory: this test asks what the store answers, others ask whether that is on disk."""


class StoreAndModel(RuleBasedStateMachine):
    alone = True
    """Whoever opens the store is the only one: leases of before are nobody's."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory(dir=FAST)
        self.runner = asyncio.Runner()
        self.model, self.now, self.made = Model(), NOW, 0
        self.held: list[Held] = []
        self.dialect = self._dialect()
        self.store: Store = self.runner.run(self._open())

    async def _open(self) -> Store:
        return await self.dialect.open()

    def _dialect(self) -> Dialect:
        return Sqlite(Path(self.folder.name))

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def _both(self, method: str, items: Any) -> Any:
        """What the store answers; the model must answer the same."""
        answers = self.runner.run(self._answered(method, items))
        assert answers == getattr(self.model, method)(items), method
        return answers

    async def _answered(self, method: str, items: Any) -> Any:
        return await getattr(self.store, method)(items)

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
            begun = None if given["begun"] is None else Begun(given["begun"], self.now + LEASE_S, self.now)
            entry = letter(
                self.made,
                at=self.now,
                due_at=self.now + given["after_s"],
                expires_at=None if given["lasts_s"] is None else self.now + given["lasts_s"],
                pool=given["pool"],
                message=given["message"],
                once=once,
                lane=lane,
                begun=begun,
            )
            entries.append(entry)
        for entry, answer in zip(entries, self._both("add", entries), strict=True):
            if entry.begun is not None and answer == Receipt(entry.id, entry.status, begun=True):
                self.held.append(Held(in_hand(entry)))
                self.held[-1].begin(1, entry.begun.provider, entry.begun.at)

    @precondition(lambda self: self.model.kept)
    @rule(pick=PICK, pool=st.sampled_from([None, POOL, OTHER_POOL]))
    def cancel(self, pick: int, pool: str | None) -> None:
        kept = list(self.model.kept.values())
        self._both("cancel", [taken_back(kept[pick % len(kept)].entry, pool, self.now)])

    @precondition(lambda self: self.model.waiting(self.now + 1) > 0)
    @rule(limit=st.integers(0, 5), portions=PORTIONS)
    def claim(self, limit: int, portions: list[Portion]) -> None:
        self._claimed("claim", requested(self.now, limit, portions))

    def _claimed(self, method: str, request: ClaimRequest) -> None:
        claims = self.runner.run(getattr(self.store, method)(request))
        # A claim may be answered before its commit; what is answered after it makes sure that readers see it.
        self.runner.run(self.store.renew([Renewal("nobody", 0, self.now)]))
        expected = getattr(self.model, method)(request)
        kept = [as_claimed(kept, request, self.model.left_out(kept)) for kept in expected]
        assert [as_given(claim) for claim in claims] == kept, method
        self.held += map(Held, claims)

    @precondition(lambda self: any(until <= self.now for until in self._leases()))
    @rule(limit=st.integers(1, 5))
    def sweep(self, limit: int) -> None:
        self._claimed("sweep", requested(self.now, limit))

    @rule(limit=st.integers(1, 5))
    def overdue(self, limit: int) -> None:
        self._claimed("overdue", requested(self.now, limit))

    @precondition(lambda self: self._hands(begun=False))
    @rule(picks=PICKS, provider=PROVIDERS)
    def intend(self, picks: list[int], provider: str) -> None:
        self._intended(self._some(picks, begun=False), provider)

    @precondition(lambda self: self.model.waiting(self.now + 1) > 0)
    @rule(limit=st.integers(1, 5), provider=PROVIDERS)
    def claim_and_intend(self, limit: int, provider: str) -> None:
        before = len(self.held)
        self._claimed("claim", requested(self.now, limit))
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
        self.now += 2**-10  # no two answers are the same: the same answer again is another test's matter
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
            provider_message_id=held.claim.job.id[-8:] if status == "sent" else None,
        )

    @precondition(lambda self: self._hands(begun=False))
    @rule(pick=PICK)
    def finish(self, pick: int) -> None:
        self._both("finish", [ending(held.claim, "expired", self.now) for held in self._some([pick], begun=False)])

    @precondition(lambda self: self._hands(begun=False))
    @rule(picks=PICKS, after_s=st.sampled_from([0.0, 15.0]))
    def postpone(self, picks: list[int], after_s: float) -> None:
        self._both("postpone", [delay(held.claim, self.now + after_s) for held in self._some(picks, begun=False)])

    @precondition(lambda self: self._hands(begun=True))
    @rule(picks=PICKS)
    def postpone_unsent(self, picks: list[int]) -> None:
        some = self._some(picks, begun=True)
        self._both("postpone", [delay(held.claim, self.now, held.number) for held in some])

    @precondition(lambda self: self.held)
    @rule(picks=PICKS)
    def renew(self, picks: list[int]) -> None:
        some = [self.held[pick % len(self.held)] for pick in picks]
        self._both("renew", [renewal(held.claim, self.now + LEASE_S) for held in some])

    @rule(pool=POOLS, addresses=st.lists(ADDRESSES, min_size=1, max_size=3))
    def suppress(self, pool: str, addresses: list[str]) -> None:
        self._both("suppress", [suppression(address, pool=pool, at=self.now) for address in addresses])

    @precondition(lambda self: self.model.suppressed)
    @rule(pool=POOLS, addresses=st.lists(ADDRESSES, min_size=1, max_size=3))
    def unsuppress(self, pool: str, addresses: list[str]) -> None:
        self._both("unsuppress", [Lifting(pool, address) for address in addresses])

    @rule(pool=POOLS, provider=PROVIDERS, switch=SWITCHES)
    def switch(self, pool: str, provider: str, switch: Switch) -> None:
        self._both("switch", [Switching(pool, provider, switch)])

    @precondition(lambda self: self.model.kept)
    @rule(picks=PICKS, types=st.lists(NEWS, min_size=4, max_size=4), provider=PROVIDERS, by_id=st.booleans())
    def told(self, picks: list[int], types: list[EventType], provider: str, by_id: bool) -> None:
        kept = list(self.model.kept.values())
        items = []
        for pick, type_ in zip(picks, types, strict=False):
            entry = kept[pick % len(kept)].entry
            which = (entry.id, None) if by_id else (None, entry.id[-8:])
            items.append(Told(entry.pool, provider, type_, self.now, *which))
        self._both("told", items)

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
        if self.alone:
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
        return list(page), [record for record in whole if record is not None]

    @invariant()
    def each_status_lists_its_messages(self) -> None:
        kept = sorted(self.model.kept.items(), reverse=True)
        for status in {kept.status for _, kept in kept}:
            found = self.runner.run(self.store.page(Query(limit=10_000, status=status)))
            assert [record.id for record in found] == [id_ for id_, kept in kept if kept.status == status]

    @invariant()
    def switches_and_suppressions_agree(self) -> None:
        assert self.runner.run(self.store.switches()) == self.model.switched
        for pool in (POOL, OTHER_POOL):
            found = self.runner.run(self.store.suppressions(pool, 100, None))
            assert [s.address for s in found] == sorted(a for p, a in self.model.suppressed if p == pool)

    @invariant()
    def the_queue_and_what_was_learnt_agree(self) -> None:
        assert self.runner.run(self.store.waiting(self.now)) == self.model.waiting(self.now)
        found = self.runner.run(self.store.observations(0))
        expected = self.model.observations()
        assert found.keys() == expected.keys()
        for pool, facts in found.items():
            assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
            assert sorted(map(repr, facts)) == sorted(map(repr, expected[pool]))


class PostgresAndModel(StoreAndModel):
    """On PostgreSQL, where others may hold what is leased when the store is opened."""

    alone = False

    def _dialect(self) -> Dialect:
        return Postgres(Path(self.folder.name))


TestStoreAndModel = StoreAndModel.TestCase
TestStoreAndModel.pytestmark = [pytest.mark.timeout(300)]  # type: ignore[attr-defined]  # a failure is shrunk first
TestStoreAndModel.settings = settings(max_examples=40, stateful_step_count=40)
TestPostgresAndModel = PostgresAndModel.TestCase
TestPostgresAndModel.pytestmark = [pytest.mark.timeout(300)]  # type: ignore[attr-defined]
TestPostgresAndModel.settings = settings(max_examples=15, stateful_step_count=40)
