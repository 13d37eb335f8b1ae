"""The parts of a limit are the whole, and no more."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.board import Board
from posthouse.routing.filters import cannot, unready
from posthouse.routing.rules import Candidate, Job, Rate, Rules
from posthouse.routing.share import shared
from tests.routing.pool import NOW

PLAIN, PACED = Candidate("plain"), Candidate("paced", rate=Rate(14, 1.0))
COUNTED = Candidate("counted", daily=100, rate=Rate(3, 1.0))
RULES = Rules("example.com", candidates=(PLAIN, PACED, COUNTED))


@given(st.integers(1, 1000), st.integers(1, 50))
def test_all_shares_together_are_the_rate(sends: int, count: int) -> None:
    rules = Rules("example.com", candidates=(Candidate("paced", rate=Rate(sends, 60.0)),))
    parts = [shared(rules, count, place).candidates[0] for place in range(count)]
    rates = [part.rate for part in parts if not part.elsewhere]
    assert sum(rate.count for rate in rates if rate is not None) == sends
    assert {rate.per_s for rate in rates if rate is not None} == {60.0}


def test_one_process_has_all_of_it() -> None:
    assert shared(RULES, 1, 0) is RULES


def test_what_has_no_limit_is_everybodys_and_a_quota_is_the_first_ones() -> None:
    first, second = shared(RULES, 2, 0).candidates, shared(RULES, 2, 1).candidates
    assert (first[0], second[0]) == (PLAIN, PLAIN)
    assert (first[2], second[2].elsewhere) == (COUNTED, True)


def test_whose_share_is_elsewhere_is_waited_for_and_not_given_up() -> None:
    rules = shared(RULES, 2, 1)
    board, job = Board(rules), Job("m", "example.com", NOW + 60)
    candidate = rules.candidates[2]
    assert cannot(job, candidate) is None
    objection = unready(job, candidate, board.standing("counted"), board, NOW)
    assert objection is not None
    assert objection[0] > NOW
    assert "other processes" in objection[1]
