"""Virtual time: messages arrive, the shipped routing decides, providers answer, and everything is written down.

It does what delivery does (take up what is due while there is room, decide, start, end, observe, ask what follows,
probe what has an open circuit or is distrusted), with an agenda in place of a clock.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from heapq import heappop, heappush
from math import inf
from typing import Literal, Protocol

import msgspec

from posthouse.mail.event import Status
from posthouse.routing.board import Board, Fact
from posthouse.routing.breaker import State
from posthouse.routing.outcome import Outcome, consequence
from posthouse.routing.rank import place
from posthouse.routing.retry import after, over
from posthouse.routing.router import Send, Wait, decide
from posthouse.routing.rules import Candidate, Job, Rules
from posthouse.sim.log import Attempt, Log, Sample, Story
from posthouse.sim.model import Answer

EPOCH = 1_800_000_000.0
"""When every run starts: an instant as in life, since routing takes 0 for long ago."""

ROUNDED_S = 1e-6
"""What instants lose at the most when they are counted from the epoch and back."""

IDLE_S = 0.25
"""How often a worker without room looks again by itself."""

LOOK_S = 0.5
"""How often due health calls are looked for."""

SETTLE_S = 600.0
"""How long after the last arrival a run goes on at most: what still waits then is told as waiting."""

SAMPLES = 900
"""How often scores and circuits are noted in one run, for the plots."""


class Answers(Protocol):
    """Where providers' answers come from. `at`: seconds from the start of the run."""

    def send(self, provider: str, message_id: str, at: float) -> Answer:
        """The answer to a send that starts then."""
        ...

    def check(self, provider: str, at: float) -> tuple[Outcome, float]:
        """The answer to a health call, and after how many seconds."""
        ...


def run(
    rules: Rules,
    arrivals: Iterable[tuple[float, str]],
    answers: Answers,
    lasts_s: float,
    progress: Callable[[float], None] = lambda at: None,
) -> Log:
    """A pool under `rules`, from the first arrival until every message is over (or SETTLE_S after lasts_s).

    arrivals: (seconds from the start, message id), in order. progress: told the virtual time, SAMPLES times.
    """
    return _Run(rules, iter(arrivals), answers, lasts_s, progress).log


class _Run:
    def __init__(
        self,
        rules: Rules,
        arrivals: Iterable[tuple[float, str]],
        answers: Answers,
        lasts_s: float,
        progress: Callable[[float], None],
    ) -> None:
        self.log = Log(rules)
        self._board, self._answers, self._lasts_s, self._progress = Board(rules), answers, lasts_s, progress
        self._arrivals = iter(arrivals)
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._entries = self._unfinished = 0
        self._due: list[tuple[float, int, Story]] = []
        self._ending: deque[Story] = deque()
        self._awake_at = inf
        self._at, self._arriving = 0.0, True
        self._next_arrival()
        self._sample()
        if not rules.breaker.traffic:
            self._look()
        while (self._arriving or self._unfinished) and self._at <= lasts_s + SETTLE_S:
            self._at, _, act = heappop(self._agenda)
            act()
            self._take_up()

    @property
    def _now(self) -> float:
        return EPOCH + self._at

    def _then(self, at: float, act: Callable[[], None]) -> None:
        self._entries += 1
        heappush(self._agenda, (at, self._entries, act))

    def _next_arrival(self) -> None:
        arrival = next(self._arrivals, None)
        if arrival is None:
            self._arriving = False
        else:
            self._then(arrival[0], partial(self._arrive, arrival[1]))

    def _arrive(self, message_id: str) -> None:
        rules, log = self.log.rules, self.log
        job = Job(message_id, rules.pool, self._now + rules.retry.give_up_after_s)
        story = Story(job, len(log.stories), self._at)
        log.stories.append(story)
        self._ending.append(story)
        self._unfinished += 1
        self._queue(story, self._at)
        self._next_arrival()

    def _queue(self, story: Story, at: float) -> None:
        at = self._at if at - self._at < ROUNDED_S else at
        self._entries += 1
        heappush(self._due, (at, self._entries, story))

    def _take_up(self) -> None:
        """Route what is due while there is room, the longest due first; come back when the rest may be."""
        while self._due and self._due[0][0] <= self._at:
            if self._board.room(self._now) <= 0:
                self._end_overdue()
                self._wake(self._at + IDLE_S)
                return
            story = heappop(self._due)[2]
            if story.status == "queued":
                self._route(story)
        if self._due:
            self._wake(self._due[0][0])

    def _end_overdue(self) -> None:
        """Messages whose time is over end, whoever has room; one on its way is asked after its answer."""
        while self._ending and self._ending[0].job.ends_at <= self._now:
            story = self._ending.popleft()
            if story.status == "queued" and not story.leaving:
                self._route(story)

    def _wake(self, at: float) -> None:
        if at < self._awake_at:
            self._awake_at = at
            self._then(at, self._woken)

    def _woken(self) -> None:
        self._awake_at = inf

    def _route(self, story: Story) -> None:
        decision = decide(story.job, self._board, self._now)
        if isinstance(decision, Send):
            self._start(story, decision.candidate)
        elif isinstance(decision, Wait):
            self._queue(story, decision.until - EPOCH)
        else:
            self._over(story, over(story.job, decision.status, decision.reason).status)

    def _start(self, story: Story, chosen: Candidate) -> None:
        story.leaving = True
        self._board = self._board.started(chosen, self._now)
        answer = self._answers.send(chosen.name, story.job.id, self._at)
        self._then(self._at + answer.latency_s, partial(self._end, story, chosen.name, answer, self._at))

    def _end(self, story: Story, provider: str, answer: Answer, began: float) -> None:
        story.leaving = False
        outcome, meaning = answer.outcome, consequence(answer.outcome)
        self.log.attempts.append(
            Attempt(story.place, provider, began, self._at, meaning.kind, meaning.health < 0, answer.taken)
        )
        self._board = self._board.ended(provider)
        self._hear(Fact.of(provider, outcome, self._now, EPOCH + began))
        then = after(story.job, provider, outcome, self._board, self._now)
        if then.status == "sent":
            story.carried_at, story.carrier = began, provider
        if then.due_at is None:
            self._over(story, then.status)
        else:
            story.job = msgspec.structs.replace(story.job, course=then.course)
            self._queue(story, then.due_at - EPOCH)

    def _over(self, story: Story, status: Status) -> None:
        story.status = status
        self._unfinished -= 1

    def _hear(self, fact: Fact) -> None:
        was = self._board.standing(fact.provider)
        self._board = self._board.observe(fact)
        now_is = self._board.standing(fact.provider)
        if was.circuit.opened_at is None:
            self.log.openings += now_is.circuit.opened_at is not None
            self.log.doubts += was.trust.lost_at is None and now_is.trust.lost_at is not None

    def _look(self) -> None:
        """Health calls that are due begin."""
        board, now = self._board, self._now
        for candidate in board.rules.candidates:
            if board.may_probe(candidate, now):
                self._board = self._board.probing(candidate.name)
                outcome, latency_s = self._answers.check(candidate.name, self._at)
                self.log.checks += 1
                fact = Fact.of(candidate.name, outcome, now + latency_s, now, spends=False, probe=True)
                self._then(self._at + latency_s, partial(self._hear, fact))
        self._then(self._at + LOOK_S, self._look)

    def _sample(self) -> None:
        if self._at > self._lasts_s:
            return
        board, now = self._board, self._now
        scores: dict[str, float] = {}
        circuits: dict[str, State | Literal["distrusted"]] = {}
        for candidate in board.rules.candidates:
            standing = board.standing(candidate.name)
            scores[candidate.name] = -place(candidate, standing, "score", now, board.rules.scoring)[0]
            distrusted = standing.trust.lost_at is not None
            circuits[candidate.name] = "distrusted" if distrusted else standing.circuit.state(now)
        self.log.samples.append(Sample(self._at, scores, circuits))
        self._progress(self._at)
        self._then(self._at + self._lasts_s / SAMPLES, self._sample)
