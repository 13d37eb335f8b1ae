"""What is written down of a run: each message, each attempt, and how the providers stood meanwhile."""

from typing import Literal

import msgspec

from posthouse.mail.event import Status
from posthouse.routing.breaker import State
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.rules import Job, Rules


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One send. message: its place among the stories. began, ended: seconds from the start of the run.

    failed: it speaks against the provider. taken: the recipient gets it.
    """

    message: int
    provider: str
    began: float
    ended: float
    outcome: OutcomeKind
    failed: bool
    taken: bool


class Story(msgspec.Struct, gc=False):
    """What became of one message. carried_at: when the attempt that was accepted began; None: none was so far.

    status: its last one; `queued` where it still waits at the end of the run. leaving: an attempt is on its way.
    """

    job: Job
    place: int
    arrived: float
    status: Status = "queued"
    carried_at: float | None = None
    carrier: str | None = None
    leaving: bool = False


class Sample(msgspec.Struct, frozen=True):
    """Scores and circuits at one moment, by provider. `distrusted`: its circuit is closed, and it is distrusted."""

    at: float
    scores: dict[str, float]
    circuits: dict[str, State | Literal["distrusted"]]


class Log(msgspec.Struct):
    """Everything that happened in a run; instants are seconds from its start.

    checks: health calls. openings: how often a circuit opened. doubts: how often a provider came to be distrusted while
    its circuit was closed.
    """

    rules: Rules
    stories: list[Story] = []
    attempts: list[Attempt] = []
    samples: list[Sample] = []
    checks: int = 0
    openings: int = 0
    doubts: int = 0
