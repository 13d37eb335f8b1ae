"""Two workers in one pool, which start again when they like: rates, circuits and quotas hold all the same."""

from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from posthouse.routing.board import Board, Fact, fold
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure
from posthouse.routing.quota import DAY_S, Spent
from posthouse.routing.ramp import admitted_at, ramping
from posthouse.routing.router import Send, decide
from posthouse.routing.rules import BreakerRules, Candidate, Rate, Rules
from tests.routing.pool import NOW, message, repeatable

OUTCOMES: list[Outcome] = [
    *[Accepted()] * 4,
    Deferred(503),
    Refused("recipient"),
    Throttled(429),
    Throttled(429, retry_after_s=3.0),
    Unauthorised(401),
    Unsure(),
]
RATE = Rate(4, 1.0)
BREAKER = BreakerRules(failures=3, min_calls=6, refusals=4, probe_every_s=2.0)


class Row:
    """One attempt, as the store knows it. outcome: None while it is open."""

    def __init__(self, provider: str, began: float) -> None:
        self.provider, self.began = provider, began
        self.outcome: Outcome | None = None


class Workers(RuleBasedStateMachine):
    """Each worker has half of the rate; what both did is in one store, and they hear each other's answers."""

    def __init__(self) -> None:
        super().__init__()
        half = Rate(RATE.count // 2, RATE.per_s)
        providers = (Candidate("a", 1, rate=half, concurrency=3), Candidate("b", 2, rate=half, tags=frozenset({"eu"})))
        self.wanted = Rules("example.com", candidates=providers, breaker=BREAKER)
        self.now, self.number = NOW, 0
        self.rows: list[Row] = []
        self.facts: list[Fact] = []
        self.boards = [Board(self.wanted), Board(self.wanted)]
        self.on_their_way: list[list[Row]] = [[], []]

    @rule(seconds=st.sampled_from([0.0, 0.001, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(worker=st.integers(0, 1), burst=st.integers(1, 5), bound=st.sampled_from(["", "", "pinned", "tagged"]))
    def messages_come(self, worker: int, burst: int, bound: str) -> None:
        for _ in range(burst):
            self.number += 1
            job = message(
                f"m-{self.number}",
                provider="a" if bound == "pinned" else None,
                require_tags=frozenset({"eu"} if bound == "tagged" else ()),
            )
            decision = decide(job, self.boards[worker], self.now)
            named = [name for name, _ in decision.passed_over]
            if isinstance(decision, Send):
                named.append(decision.candidate.name)
                assert {"pinned": "a", "tagged": "b"}.get(bound, decision.candidate.name) == decision.candidate.name
                self.starts(worker, decision.candidate, job.id)
            assert sorted(named) == ["a", "b"]

    def starts(self, worker: int, chosen: Candidate, id_: str) -> None:
        circuit = self.boards[worker].standing(chosen.name).circuit
        assert circuit.opened_at is None, "an open circuit carries no message"
        if ramping(circuit.closed_at, BREAKER, self.now):
            assert admitted_at(circuit.closed_at, BREAKER, id_, chosen.name) <= self.now
        began = sorted(row.began for row in self.rows if row.provider == chosen.name)
        if len(began) >= RATE.count:
            assert self.now - began[-RATE.count] >= RATE.per_s, "above the rate"
        row = Row(chosen.name, self.now)
        self.rows.append(row)
        self.on_their_way[worker].append(row)
        self.boards[worker] = self.boards[worker].started(chosen, self.now)

    @precondition(lambda self: any(self.on_their_way))
    @rule(outcome=st.sampled_from(OUTCOMES), worker=st.integers(0, 1), first=st.booleans())
    def an_answer_comes(self, outcome: Outcome, worker: int, first: bool) -> None:
        worker = worker if self.on_their_way[worker] else 1 - worker
        row = self.on_their_way[worker].pop(0 if first else -1)
        row.outcome = outcome
        self.boards[worker] = self.boards[worker].ended(row.provider)
        self.heard(Fact.of(row.provider, outcome, self.now, row.began))

    @rule(provider=st.sampled_from("ab"), well=st.booleans())
    def a_health_call_is_answered(self, provider: str, well: bool) -> None:
        for worker, board in enumerate(self.boards):
            candidate = next(c for c in self.wanted.candidates if c.name == provider)
            if board.may_probe(candidate, self.now):
                self.boards[worker] = board.probing(provider)
                outcome = Accepted() if well else Deferred(503)
                self.heard(Fact.of(provider, outcome, self.now + 0.001, self.now, spends=False, probe=True))
                self.now += 0.002
                return

    def heard(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.boards = [board.observe(fact) for board in self.boards]

    @rule(worker=st.integers(0, 1), order=st.randoms(use_true_random=False))
    def a_worker_starts_again(self, worker: int, order: object) -> None:
        for row in self.on_their_way[worker]:
            row.outcome = Unsure()
        self.on_their_way[worker] = []
        shuffled = list(self.facts)
        order.shuffle(shuffled)  # type: ignore[attr-defined]
        board = fold(Board(self.wanted), shuffled)
        assert board == fold(Board(self.wanted), self.facts)
        for provider in "ab":
            last = max((row.began for row in self.rows if row.provider == provider), default=0.0)
            board = board.resumed(provider, Spent(as_of=self.now, last_start=last))
        self.boards[worker] = board


class Quotas(RuleBasedStateMachine):
    """One worker over days and months, with a quota of each kind; nothing ever starts that could be one too many."""

    DAILY, MONTHLY = 3, 8

    def __init__(self) -> None:
        super().__init__()
        self.candidate = Candidate("a", daily=self.DAILY, monthly=self.MONTHLY)
        self.wanted = Rules("example.com", candidates=(self.candidate,), breaker=BreakerRules(10**9, min_calls=10**9))
        self.now, self.number = NOW, 0
        self.rows: list[Row] = []
        self.open: list[Row] = []
        self.board = Board(self.wanted)

    @initialize(day=st.integers(0, 40))
    def it_is_some_day(self, day: int) -> None:
        self.now += day * DAY_S

    def counting(self, since: str) -> list[Row]:
        """The attempts of this day, or month, that count."""
        date = datetime.fromtimestamp(self.now, UTC)
        first = date.replace(day=1) if since == "month" else date
        start = first.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        return [row for row in self.rows if row.began >= start and counts(row)]

    @rule(seconds=st.sampled_from([1.0, 60.0, DAY_S / 3, DAY_S, 9 * DAY_S]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(burst=st.integers(1, 4))
    def messages_come(self, burst: int) -> None:
        for _ in range(burst):
            self.number += 1
            job = message(f"m-{self.number}", give_up_at=self.now + 99 * DAY_S)
            sent = isinstance(decide(job, self.board, self.now), Send)
            today, month = self.counting("day"), self.counting("month")
            if sent:
                assert len(today) < self.DAILY
                assert len(month) < self.MONTHLY
                self.rows.append(Row("a", self.now))
                self.open.append(self.rows[-1])
                self.board = self.board.started(self.candidate, self.now)
            elif not self.open:
                assert len(today) == self.DAILY or len(month) == self.MONTHLY, "it may start, and does not"

    @precondition(lambda self: self.open)
    @rule(outcome=st.sampled_from([Accepted(), Accepted(), Unsure(), Refused(), Deferred()]))
    def an_answer_comes(self, outcome: Outcome) -> None:
        row = self.open.pop()
        row.outcome = outcome
        self.board = self.board.ended("a").observe(Fact.of("a", outcome, self.now, row.began))

    @rule()
    def it_starts_again(self) -> None:
        lost, self.open = self.open, []
        today, month = len(self.counting("day")), len(self.counting("month"))
        last = max((row.began for row in self.rows), default=0.0)
        self.now += 1.0
        self.board = Board(self.wanted).resumed("a", Spent(today, month, self.now - 1.0 + 1e-3, last))
        for row in lost:
            row.outcome = Unsure()
            self.board = self.board.observe(Fact.of("a", row.outcome, self.now, row.began))


def counts(row: Row) -> bool:
    return row.outcome is None or isinstance(row.outcome, Accepted | Unsure)


machine_settings = settings(repeatable, max_examples=60, stateful_step_count=60)
TestWorkers = Workers.TestCase
TestWorkers.settings = machine_settings
TestQuotas = Quotas.TestCase
TestQuotas.settings = machine_settings
