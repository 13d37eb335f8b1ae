"""Any board and any message: each wish and each hindrance is rare, so that every kind of decision is common."""

from typing import Any

from hypothesis import strategies as st

from posthouse.routing.board import Board, Standing
from posthouse.routing.breaker import CLOSED, Breaker
from posthouse.routing.capability import EVERYTHING, Can
from posthouse.routing.pace import Pace
from posthouse.routing.quota import Spent
from posthouse.routing.rules import BreakerRules, Candidate, Course, Rules, Strategy
from posthouse.routing.score import Health
from posthouse.routing.switch import Failing, Switch
from posthouse.routing.trust import TRUSTED, Trust
from tests.routing.pool import NOW, message


def mostly(usual: object, *rare: object) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * 3 * max(len(rare), 2) + list(rare))


circuits = mostly(
    CLOSED,
    Breaker(opened_at=NOW - 9, probe_at=NOW + 4, why="5 failures in a row"),
    Breaker(opened_at=NOW - 9, probe_at=NOW - 1),
    Breaker(opened_at=NOW - 9, probe_at=NOW - 1, probing=True),
    Breaker(closed_at=NOW - 1.5),
    Breaker(closed_at=NOW - 3.5),
)
trusts = mostly(
    TRUSTED,
    Trust(NOW - 9, "its health fell below 0.8", NOW + 4),
    Trust(NOW - 9, "its health fell below 0.8", NOW - 1),
    Trust(NOW - 9, "its health fell below 0.8", NOW - 1, probing=True),
    Trust(regained_at=NOW - 1.5),
    Trust(regained_at=NOW - 9),
)
providers = st.builds(
    Candidate,
    name=st.sampled_from("abcde"),
    order=st.integers(1, 3),
    weight=st.sampled_from([0.0, 0.3, 1.0]),
    score=st.sampled_from([40.0, 50.0]),
    can=mostly(EVERYTHING, Can.CC, 0),
    max_bytes=mostly(1000, 100),
    max_recipients=mostly(50, 1),
    tags=mostly(frozenset({"eu", "own"}), frozenset({"own"}), frozenset()),
    enabled=mostly(True, False),
    concurrency=st.integers(1, 2),
    reserved=mostly(False, True),
    daily=mostly(None, 1, 5),
    monthly=mostly(None, 3),
)
standings = st.builds(
    Standing,
    circuits,
    mostly(Health(), Health(0.7, NOW - 60)),
    st.builds(Pace, paused_until=mostly(0.0, NOW + 2)),
    mostly(0, 1, 2),
    mostly(Spent(), Spent(1, 1, NOW - 1), Spent(3, 3, NOW - 86400)),
    trusts,
)
switches = mostly(
    Switch(),
    Switch("pause", "moving house", "ann"),
    Switch("drain"),
    Switch(failing=Failing("timeout")),
)
some_names = mostly((), ("a",), ("b", "c"), ("a", "f"))
maybe_a_name = mostly(None, "a", "b", "f")
jobs = st.builds(
    message,
    st.sampled_from(["m-1", "m-2", "m-3"]),
    needs=mostly(0, Can.CC, Can.TAGS),
    size=mostly(50, 500),
    recipients=mostly(1, 2),
    provider=maybe_a_name,
    require_tags=mostly(frozenset(), frozenset({"eu"}), frozenset({"eu", "own"})),
    expires_at=mostly(None, NOW - 1, NOW + 1),
    course=st.builds(Course, tried=some_names, refused=some_names, again=maybe_a_name),
)


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Any board of up to five providers."""
    found = tuple(draw(st.lists(providers, max_size=5, unique_by=lambda c: c.name)))
    strategy: Strategy = draw(st.sampled_from(["priority", "weighted", "score"]))
    rules = Rules(
        "example.com",
        strategy,
        found,
        BreakerRules(traffic=draw(st.booleans())),
        failover=draw(mostly(None, 1, 2)),
    )
    held = {provider.name: draw(switches) for provider in found if draw(st.booleans())}
    return Board(rules, {provider.name: draw(standings) for provider in found}, held)
