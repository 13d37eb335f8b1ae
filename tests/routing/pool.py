"""Pools and messages to route, made in one line each; chance that is the same in every run."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from posthouse.mail.event import Status
from posthouse.routing.board import Board, Fact
from posthouse.routing.breaker import Breaker
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure
from posthouse.routing.pace import Pace
from posthouse.routing.rules import BreakerRules, Candidate, Job, Rules
from posthouse.routing.trust import Trust

NOW: Final = 1_800_000_000.0
DAY_S: Final = 86400.0

FINISHED: Final[frozenset[Status]] = frozenset({"sent", "failed", "expired", "held"})
"""What routing may make of a message in the end."""

repeatable = settings(derandomize=True, max_examples=100, database=None, suppress_health_check=[HealthCheck.too_slow])

OUTCOMES: Final[dict[str, Outcome]] = {
    "accepted": Accepted(200),
    "refused: recipient": Refused("recipient", 550, "no such user"),
    "refused: message": Refused("message", 400, "no subject"),
    "refused: content": Refused("content", 550, "looks like spam"),
    "refused: size": Refused("size", 413, "too large"),
    "deferred": Deferred(503, "try later"),
    "greylisted": Deferred(451, "greylisted", blame="recipient"),
    "throttled": Throttled(429, "slow down"),
    "throttled with a hint": Throttled(429, "slow down", retry_after_s=30.0),
    "quota used up": Throttled(429, "daily limit", quota=True),
    "unauthorised": Unauthorised(401, "bad key"),
    "unsure": Unsure(detail="no answer in time"),
}


def at(instant: float) -> Any:
    """That instant, but for what floats round. Relative to two billion seconds, `approx` would forgive half an hour."""
    return pytest.approx(instant, abs=1e-5)


def pool(*providers: str | Candidate, **rules: Any) -> Board:
    """A board nobody has reported to yet; a bare name is a provider in that order of priority."""
    candidates = tuple(
        Candidate(provider, order=place) if isinstance(provider, str) else provider
        for place, provider in enumerate(providers, start=1)
    )
    return Board(Rules("example.com", candidates=candidates, **rules))


def message(id_: str = "m-1", **wishes: Any) -> Job:
    """A message that asks for nothing, with a day to live."""
    return Job(**{"id": id_, "pool": "example.com", "give_up_at": NOW + DAY_S, **wishes})


def on_its_course(job: Job, **course: Any) -> Job:
    """The same message, further on its way."""
    return msgspec.structs.replace(job, course=msgspec.structs.replace(job.course, **course))


def candidate(board: Board, name: str) -> Candidate:
    return next(c for c in board.rules.candidates if c.name == name)


def standing(board: Board, provider: str, **changed: Any) -> Board:
    """The board with that provider standing otherwise."""
    now_is = msgspec.structs.replace(board.standing(provider), **changed)
    return msgspec.structs.replace(board, standings={**board.standings, provider: now_is})


def broken(board: Board, provider: str, probe_at: float = NOW + 5) -> Board:
    """The board with that provider's circuit open."""
    return standing(board, provider, circuit=Breaker(failures=5, opened_at=NOW - 1, probe_at=probe_at))


def healed(board: Board, provider: str, at: float = NOW) -> Board:
    """The board with that provider's circuit just closed by a probe."""
    return standing(board, provider, circuit=Breaker(closed_at=at))


def distrusted(board: Board, provider: str, probe_at: float = NOW + 5, why: str = "its health fell below 0.8") -> Board:
    """The board with that provider distrusted since a second ago."""
    return standing(board, provider, trust=Trust(NOW - 1, why, probe_at))


def trusted_again(board: Board, provider: str, at: float = NOW) -> Board:
    """The board with that provider trusted again just now."""
    return standing(board, provider, trust=Trust(regained_at=at))


def paused(board: Board, provider: str, until: float = NOW + 60) -> Board:
    """The board with that provider having asked for silence."""
    return standing(board, provider, tempo=Pace(paused_until=until))


def failing(board: Board, provider: str, times: int = 1, at: float = NOW) -> Board:
    """The board after so many failures of that provider."""
    for _ in range(times):
        board = board.observe(Fact.of(provider, OUTCOMES["deferred"], at))
    return board


NEVER_OPENS: Final = BreakerRules(failures=10**9, min_calls=10**9, health=0.0)
