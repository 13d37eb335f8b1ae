"""What another policy would have done with the attempts that a store has recorded.

The same messages arrive again, and each provider answers as it was seen to answer: to the same message where it was
asked by it, otherwise as to the message nearest in time. What this cannot know: how a provider answered while nobody
asked it (taken as well, and counted), how it would have taken more load than it got, what became of a message after it
was accepted, and what a message asked for itself (a pinned provider, tags, features): every message counts as plain.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from math import inf
from typing import Final

import msgspec

from posthouse.routing.outcome import (
    Accepted,
    Deferred,
    Outcome,
    OutcomeKind,
    Refused,
    Throttled,
    Unauthorised,
    Unsure,
)
from posthouse.routing.rules import Job, Rules
from posthouse.sim.log import Attempt, Log, Story
from posthouse.sim.model import CHECK_TIMEOUT_S, Answer
from posthouse.sim.report import Report, carried, measured, summary
from posthouse.sim.run import run

NEAR_S = 60.0
"""An answer to another message tells something for so long before and after it."""

LATENCY_S = 0.2
"""How long an answer is taken to need where none was seen."""


_PLAIN: Final[dict[OutcomeKind, Outcome]] = {
    "accepted": Accepted(),
    "refused": Refused(),
    "unauthorised": Unauthorised(),
    "unsure": Unsure(),
}


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One attempt of a store. at: when it began, in seconds since the epoch. blamed: it spoke against the provider."""

    message: str
    at: float
    provider: str
    outcome: OutcomeKind
    latency_s: float
    blamed: bool = True
    retry_after_s: float | None = None


class Replay(msgspec.Struct, frozen=True):
    """What happened, what the other policy would have done, and how much of that is known.

    known: answers to the same message of the same provider. near: of the same provider to another message within
    NEAR_S. guessed: nobody asked that provider then; it was taken as well.
    """

    recorded: Report
    then: Report
    known: int
    near: int
    guessed: int


def replay(
    attempts: Iterable[Recorded], rules: Rules, progress: Callable[[float], None] = lambda at: None
) -> Replay | None:
    """The recorded messages under other rules; None where there is none. progress: told the seconds replayed.

    A message arrives when its first recorded attempt began.
    """
    ordered = sorted(attempts, key=lambda attempt: (attempt.at, attempt.message))
    if not ordered or not rules.candidates:
        return None
    start, watched = ordered[0].at, rules.candidates[0].name
    arrivals: dict[str, float] = {}
    for attempt in ordered:
        arrivals.setdefault(attempt.message, attempt.at - start)
    answers = Memory(ordered, start)
    lasts_s = max(1.0, ordered[-1].at - start)
    log = run(rules, ((at, message) for message, at in arrivals.items()), answers, lasts_s, progress)
    return Replay(
        measured(happened(ordered, rules), watched, None),
        measured(log, watched, None),
        answers.sources["known"],
        answers.sources["near"],
        answers.sources["guessed"],
    )


def happened(ordered: list[Recorded], rules: Rules) -> Log:
    """The recorded attempts as the log of a run."""
    start = ordered[0].at
    log = Log(rules)
    stories: dict[str, Story] = {}
    for attempt in ordered:
        began, accepted = attempt.at - start, attempt.outcome == "accepted"
        if attempt.message not in stories:
            story = Story(Job(attempt.message, rules.pool, inf), len(stories), began, "failed")
            stories[attempt.message] = story
            log.stories.append(story)
        story = stories[attempt.message]
        if accepted:
            story.status, story.carried_at, story.carrier = "sent", began, attempt.provider
        failed = attempt.blamed and attempt.outcome in ("deferred", "unauthorised", "unsure")
        taken = accepted or attempt.outcome == "unsure"
        ended = began + attempt.latency_s
        log.attempts.append(Attempt(story.place, attempt.provider, began, ended, attempt.outcome, failed, taken))
    return log


def compared(replay: Replay) -> list[tuple[str, str, str]]:
    """(what, as it was, as it would have been), for a table."""
    was, then = replay.recorded, replay.then
    told = {"attempts", "failed attempts", "throttled", "messages delayed"}
    before, after = dict(summary(was)), dict(summary(then))
    shares, would = ({load.provider: carried(load) for load in report.loads} for report in (was, then))
    return [(name, before[name], after[name]) for name in before if name in told] + [
        (f"carried by {name}", shares.get(name, "-"), would.get(name, "-")) for name in shares | would
    ]


def certainty(replay: Replay) -> str:
    """How much of the answer is known, in a sentence."""
    asked = replay.known + replay.near + replay.guessed
    parts = [
        f"{replay.known / asked:.0%} of its answers were recorded for the same message at the same provider",
        f"{replay.near / asked:.0%} are those of the nearest message there (within {NEAR_S:.0f} s)",
        f"{replay.guessed / asked:.0%} are guessed: nobody had asked that provider then, it is taken as well",
    ]
    return "; ".join(parts).replace("%", " %")


class Memory:
    """Answers from what was recorded. sources: how many sends were answered from what."""

    def __init__(self, ordered: list[Recorded], start: float) -> None:
        self._start = start
        self._times: dict[str, list[float]] = {}
        self._seen: dict[str, list[Recorded]] = {}
        self._own: dict[tuple[str, str], list[Recorded]] = {}
        self.sources: Counter[str] = Counter()
        for attempt in ordered:
            if attempt.outcome == "unsure" and not attempt.blamed:
                continue  # a crash of ours: it says nothing of the provider
            self._times.setdefault(attempt.provider, []).append(attempt.at)
            self._seen.setdefault(attempt.provider, []).append(attempt)
            self._own.setdefault((attempt.provider, attempt.message), []).append(attempt)

    def send(self, provider: str, message_id: str, at: float) -> Answer:
        own = self._own.get((provider, message_id))
        if own:
            self.sources["known"] += 1
            recorded = own.pop(0)
            return _answer(_outcome(recorded), recorded.latency_s)
        near = self._near(provider, at)
        if near is None:
            self.sources["guessed"] += 1
            return _answer(Accepted(), LATENCY_S)
        self.sources["near"] += 1
        return _answer(_of_the_provider(near), near.latency_s)

    def check(self, provider: str, at: float) -> tuple[Outcome, float]:
        near = self._near(provider, at)
        if near is None:
            return Accepted(), LATENCY_S
        outcome = _of_the_provider(near)
        return (outcome if not isinstance(outcome, Unsure) else Deferred()), min(near.latency_s, CHECK_TIMEOUT_S)

    def _near(self, provider: str, at: float) -> Recorded | None:
        """The attempt at this provider that began nearest to that moment."""
        times = self._times.get(provider, [])
        wanted = self._start + at
        after = bisect_left(times, wanted)
        around = [place for place in (after - 1, after) if 0 <= place < len(times)]
        nearest = min(around, key=lambda place: abs(times[place] - wanted), default=None)
        if nearest is None or abs(times[nearest] - wanted) > NEAR_S:
            return None
        return self._seen[provider][nearest]


def _answer(outcome: Outcome, latency_s: float) -> Answer:
    return Answer(outcome, latency_s, taken=isinstance(outcome, Accepted | Unsure))


def _of_the_provider(recorded: Recorded) -> Outcome:
    """What an answer to one message says of the next: what was the message's or the recipient's own fault, nothing."""
    return _outcome(recorded) if recorded.blamed or recorded.outcome == "throttled" else Accepted()


def _outcome(recorded: Recorded) -> Outcome:
    if recorded.outcome == "deferred":
        return Deferred(blame="provider" if recorded.blamed else "recipient")
    if recorded.outcome == "throttled":
        return Throttled(retry_after_s=recorded.retry_after_s)
    return _PLAIN[recorded.outcome]
