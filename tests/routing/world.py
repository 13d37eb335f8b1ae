"""A pool in virtual time: messages are routed, providers answer by a script, and what must always hold is checked.

It does what delivery does (decide, start, end, observe, then ask what follows), with no clock but its own.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from heapq import heappop, heappush

import msgspec

from posthouse.mail.event import Status
from posthouse.routing.board import Board, Fact
from posthouse.routing.outcome import Accepted, Outcome, Refused, Throttled, Unsure
from posthouse.routing.retry import after, over
from posthouse.routing.router import Fail, Send, Wait, decide
from posthouse.routing.rules import Candidate, Job
from posthouse.routing.switch import Switch
from posthouse.routing.trust import TRUSTED
from tests.routing.pool import FINISHED, NOW, candidate

LOOK_S = 1.0
"""How often due health calls are looked for."""

Answer = tuple[Outcome | None, float]
"""What a provider answers, None where the send never left; and after how many seconds."""


class Story:
    """What happened to one message. burst: sends since it last waited; longest_burst: the most there ever were."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.asked: list[str] = []
        self.heard: list[Outcome] = []
        self.burst = self.longest_burst = 0
        self.status: Status | None = None
        self.ended_at = 0.0

    def has_heard(self, *kinds: type) -> bool:
        return any(isinstance(outcome, kinds) for outcome in self.heard)


class World:
    def __init__(self, board: Board, answers: Iterator[Answer]) -> None:
        self.board, self._answers, self.now = board, answers, NOW
        self.stories: list[Story] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._entries = 0
        self._on_their_way: Counter[str] = Counter()
        self._probes: Counter[str] = Counter()
        self._spent: Counter[str] = Counter()
        self._starts: defaultdict[str, list[float]] = defaultdict(list)

    def accept(self, job: Job, at: float = NOW) -> Story:
        story = Story(job)
        self.stories.append(story)
        self._at(at, partial(self._route, story))
        return story

    def switch(self, switches: Mapping[str, Switch], at: float) -> None:
        """Somebody holds providers by hand from then on."""

        def act() -> None:
            self.board = self.board.switched(switches)

        self._at(at, act)

    def run(self) -> None:
        """Until every message has come to its end."""
        if not self.board.rules.breaker.traffic:
            self._at(self.now, self._look)
        while any(story.status is None for story in self.stories):
            self.now, _, act = heappop(self._agenda)
            act()
            assert self._entries < 50_000, "it goes on and on"

    def _at(self, when: float, act: Callable[[], None]) -> None:
        assert when >= self.now
        self._entries += 1
        heappush(self._agenda, (when, self._entries, act))

    def _route(self, story: Story) -> None:
        match decide(story.job, self.board, self.now):
            case Wait(until):
                assert self.now < until <= story.job.ends_at
                story.burst = 0
                self._at(until, partial(self._route, story))
            case Fail(status, reason):
                self._over(story, over(story.job, status, reason).status)
            case Send(chosen):
                self._start(story, chosen)

    def _start(self, story: Story, chosen: Candidate) -> None:
        job, name, now = story.job, chosen.name, self.now
        self._check_message(story, chosen)
        circuit = self.board.standing(name).circuit
        probe = circuit.opened_at is not None
        if probe:
            assert self.board.rules.breaker.traffic, "an open circuit carries no message"
            assert circuit.may_probe(now)
            self._begin_probe(name)
        assert self._on_their_way[name] < chosen.concurrency
        held = self.board.switch(name).held
        assert held == "no" or (held == "drain" and name in (job.provider, job.course.again)), "held by hand"
        if chosen.daily is not None:
            assert self._spent[name] + self._on_their_way[name] < chosen.daily, "above the quota"
        starts = self._starts[name]
        if chosen.rate is not None and len(starts) >= chosen.rate.count:
            assert now - starts[-chosen.rate.count] >= chosen.rate.per_s, "above the rate"
        starts.append(now)
        self._on_their_way[name] += 1
        story.asked.append(name)
        story.burst += 1
        story.longest_burst = max(story.longest_burst, story.burst)
        self.board = self.board.started(chosen, now)
        self._check_places(name)
        outcome, latency_s = next(self._answers)
        if isinstance(outcome, Accepted) and outcome.unserved and job.recipients == 1:
            outcome = Accepted(outcome.status)
        self._at(now + latency_s, partial(self._end, story, name, outcome, now, probe))

    def _check_message(self, story: Story, chosen: Candidate) -> None:
        """Nobody is asked who may not carry it, nobody again who is not to be, nobody after its time."""
        job = story.job
        assert self.now < job.ends_at
        assert job.provider in (None, chosen.name)
        assert job.provider is not None or not chosen.reserved
        assert job.require_tags <= chosen.tags
        assert job.needs & ~chosen.can == 0
        assert job.course.doubt == story.has_heard(Unsure), "a second send after a doubt must be known as one"
        policy = job.on_unsure or self.board.rules.on_unsure
        for asked, outcome in zip(story.asked, story.heard, strict=True):
            if isinstance(outcome, Unsure):
                assert policy != "hold"
                assert policy == "failover" or asked == chosen.name
            if isinstance(outcome, Refused):
                assert asked != chosen.name

    def _end(self, story: Story, name: str, outcome: Outcome | None, began: float, probe: bool) -> None:
        self._on_their_way[name] -= 1
        self.board = self.board.ended(name)
        if probe:
            self._probes[name] -= 1
        self._check_places(name)
        if outcome is None:  # the message was taken back before the first byte left
            self._over(story, "cancelled")
        else:
            story.heard.append(outcome)
            self._spent[name] += isinstance(outcome, Accepted | Unsure)
            self._hear(Fact.of(name, outcome, self.now, began), probe)
            then = after(story.job, name, outcome, self.board, self.now)
            owed = story.job.recipients if then.owed is None else len(then.owed)
            story.job = msgspec.structs.replace(story.job, course=then.course, recipients=owed)
            if then.due_at is None:
                self._over(story, then.status)
            else:
                assert then.status == "queued"
                if then.due_at > self.now:
                    story.burst = 0
                self._at(then.due_at, partial(self._route, story))

    def _over(self, story: Story, status: Status) -> None:
        assert story.status is None, "over twice"
        assert status in FINISHED | {"cancelled"}
        story.status, story.ended_at = status, self.now

    def _hear(self, fact: Fact, probe: bool) -> None:
        was = self.board.standing(fact.provider).circuit
        self.board = self.board.observe(fact)
        now_is = self.board.standing(fact.provider).circuit
        if was.opened_at is not None and not probe:
            assert now_is == was, "only a probe's answer tells something of an open circuit"
        if probe and was.opened_at is not None:
            assert (now_is.opened_at is None) == (fact.health > 0), "one good answer closes it"
            assert not now_is.probing
        trust = self.board.standing(fact.provider).trust
        assert now_is.opened_at is None or trust == TRUSTED, "trust is of closed circuits"
        if was.opened_at is not None and now_is.opened_at is None and self.board.rules.breaker.probe_passes > 1:
            assert trust.lost_at == self.now, "the rest of the probes is yet to pass"

    def _look(self) -> None:
        """Health calls that are due begin."""
        for provider in self.board.rules.candidates:
            if self.board.may_probe(provider, self.now):
                opened = self.board.standing(provider.name).circuit.opened_at is not None
                if opened:
                    self._begin_probe(provider.name)
                self.board = self.board.probing(provider.name)
                outcome, latency_s = next(self._answers)
                outcome = outcome or Throttled(429)
                fact = Fact.of(provider.name, outcome, self.now + latency_s, self.now, spends=False, probe=True)
                self._at(fact.at, partial(self._health_answer, fact, opened))
        self._at(self.now + LOOK_S, self._look)

    def _health_answer(self, fact: Fact, opened: bool) -> None:
        """opened: whether the circuit was open when it was asked; otherwise it tests trust."""
        self._hear(fact, probe=opened)
        self._probes[fact.provider] -= opened

    def _begin_probe(self, name: str) -> None:
        self._probes[name] += 1
        assert self._probes[name] == 1, "one probe at a time"

    def _check_places(self, name: str) -> None:
        assert self.board.standing(name).in_flight == self._on_their_way[name] >= 0
        assert self._on_their_way[name] <= candidate(self.board, name).concurrency
