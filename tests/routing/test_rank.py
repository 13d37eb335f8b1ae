"""The order of providers: strategies as tiers, shares by rendezvous hashing, the same everywhere."""

from collections import Counter
from math import exp, log, sqrt
from random import Random
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.routing.board import NEW, Standing
from posthouse.routing.rank import lot, place, rank
from posthouse.routing.rules import Candidate, Rules, Strategy
from posthouse.routing.score import Health
from tests.routing.pool import NOW, message, on_its_course, repeatable

A, B, C = Candidate("a", order=1), Candidate("b", order=2), Candidate("c", order=3)


def order(
    candidates: list[Candidate],
    strategy: Strategy,
    id_: str = "m-1",
    tried: tuple[str, ...] = (),
    health: dict[str, Health] | None = None,
) -> str:
    """The names of the candidates in the order they are asked, as one word."""
    rules = Rules("example.com", strategy)
    standings = {name: Standing(health=state) for name, state in (health or {}).items()}
    entries = [(candidate, standings.get(candidate.name, NEW)) for candidate in candidates]
    return "".join(c.name for c in rank(on_its_course(message(id_), tried=tried), entries, rules, NOW))


def winners(candidates: list[Candidate], strategy: Strategy, count: int) -> list[str]:
    """Who comes first for each of so many messages."""
    return [order(candidates, strategy, f"message-{number}")[0] for number in range(count)]


def test_under_priority_the_smallest_order_goes_first_for_every_message() -> None:
    assert {order([C, A, B], "priority", f"m-{n}") for n in range(50)} == {"abc"}


def test_under_priority_the_weight_and_the_score_mean_nothing() -> None:
    assert (
        order([Candidate("a", order=2, weight=1.0, score=90), Candidate("b", order=1, weight=0.0)], "priority") == "ba"
    )


def test_under_score_the_best_score_goes_first() -> None:
    candidates = [Candidate("a", score=50), Candidate("b", score=40), Candidate("c", score=49)]
    assert order(candidates, "score") == "acb"
    assert order(candidates, "score", health={"a": Health(0.9, NOW)}) == "cab"
    assert order(candidates, "score", health={"a": Health(0.729, NOW)}) == "cba"


def test_providers_of_one_tier_share_its_messages_evenly() -> None:
    equals = [Candidate("a", order=1, score=50), Candidate("b", order=1, score=50)]
    for strategy in ("priority", "score"):
        shares = Counter(winners(equals, strategy, 4000))
        assert shares["a"] == pytest.approx(2000, abs=4 * sqrt(1000))


@pytest.mark.parametrize("weights", [(0.7, 0.3), (0.5, 0.3, 0.2), (0.98, 0.01, 0.01), (7.0, 2.0, 1.0)])
def test_shares_match_the_weights_within_statistics(weights: tuple[float, ...]) -> None:
    candidates = [Candidate(name, weight=weight) for name, weight in zip("abc", weights, strict=False)]
    count, total = 20_000, sum(weights)
    shares = Counter(winners(candidates, "weighted", count))
    for candidate in candidates:
        share = candidate.weight / total
        deviation = sqrt(count * share * (1 - share))
        assert shares[candidate.name] == pytest.approx(count * share, abs=4 * deviation)


def test_what_the_first_choice_cannot_take_is_shared_by_the_weights_of_the_others() -> None:
    candidates = [Candidate("a", weight=0.5), Candidate("b", weight=0.4), Candidate("c", weight=0.1)]
    orders = [order(candidates, "weighted", f"message-{number}") for number in range(8000)]
    seconds = Counter(found[1] for found in orders if found[0] == "a")
    total = seconds.total()
    assert seconds["b"] == pytest.approx(total * 0.8, abs=4 * sqrt(total * 0.8 * 0.2))


@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_removing_a_provider_moves_only_its_own_messages(gone: str) -> None:
    candidates = [Candidate("a", weight=0.5), Candidate("b", weight=0.3), Candidate("c", weight=0.2)]
    before = winners(candidates, "weighted", 2000)
    after = winners([c for c in candidates if c.name != gone], "weighted", 2000)
    assert [new for old, new in zip(before, after, strict=True) if old != gone] == [w for w in before if w != gone]


def test_lowering_a_weight_moves_messages_away_from_that_provider_only() -> None:
    before = winners(
        [Candidate("a", weight=0.5), Candidate("b", weight=0.3), Candidate("c", weight=0.2)], "weighted", 2000
    )
    after = winners(
        [Candidate("a", weight=0.3), Candidate("b", weight=0.3), Candidate("c", weight=0.2)], "weighted", 2000
    )
    assert {old for old, new in zip(before, after, strict=True) if old != new} == {"a"}


def test_a_weight_of_0_never_wins_while_one_with_a_share_is_left() -> None:
    spare, tiny = Candidate("a", weight=0.0), Candidate("b", weight=1e-9)
    assert set(winners([spare, tiny], "weighted", 500)) == {"b"}
    assert order([spare], "weighted") == "a"


def test_spares_of_weight_0_share_what_nobody_else_is_left_for() -> None:
    shares = Counter(winners([Candidate("a", weight=0.0), Candidate("b", weight=0.0)], "weighted", 4000))
    assert shares["a"] == pytest.approx(2000, abs=4 * sqrt(1000))


@pytest.mark.parametrize("strategy", ["priority", "weighted", "score"])
def test_a_provider_this_round_has_tried_comes_after_all_that_it_has_not(strategy: Strategy) -> None:
    candidates = [Candidate(n, order=o, weight=w, score=s) for n, o, w, s in [("a", 1, 0.9, 90), ("b", 2, 0.0, 10)]]
    for number in range(50):
        assert order(candidates, strategy, f"m-{number}", tried=("a",)) == "ba"
        assert order(candidates, strategy, f"m-{number}", tried=("b",)) == "ab"


def test_among_the_tried_ones_the_strategy_decides_again() -> None:
    assert order([A, B, C], "priority", tried=("b", "a")) == "cab"


weights = st.sampled_from([0.0, 0.1, 0.5, 1.0])
candidates_of_any_kind = st.lists(
    st.builds(
        Candidate,
        name=st.sampled_from("abcdef"),
        order=st.integers(1, 3),
        weight=weights,
        score=st.sampled_from([10.0, 40.0, 50.0]),
    ),
    unique_by=lambda c: c.name,
    max_size=6,
)
strategies = st.sampled_from(["priority", "weighted", "score"])


@repeatable
@given(candidates_of_any_kind, strategies, st.text(max_size=8), st.randoms(use_true_random=False))
def test_the_same_message_gets_the_same_order_however_the_candidates_are_listed(
    candidates: list[Candidate], strategy: Strategy, id_: str, chance: Random
) -> None:
    found = order(candidates, strategy, id_)
    assert sorted(found) == sorted(c.name for c in candidates), "each exactly once"
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert order(shuffled, strategy, id_) == found == order(candidates, strategy, id_)


def test_the_lot_of_a_message_is_the_same_in_every_version() -> None:
    drawn = int("9d86177fc7011352", 16)  # BLAKE2b, 8 bytes, of the id, a zero byte and the name
    assert lot("0195a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", "sendgrid", 1.0) == pytest.approx(-log(drawn / 2**64))


def test_the_weight_divides_the_lot() -> None:
    assert lot("m", "a", 0.25) == pytest.approx(4 * lot("m", "a", 1.0))


def test_lots_are_drawn_per_message_and_per_provider_without_running_them_together() -> None:
    assert lot("m", "a", 1.0) != lot("m", "b", 1.0)
    assert lot("ma", "b", 1.0) != lot("m", "ab", 1.0)


def test_lots_are_spread_evenly() -> None:
    tenths = Counter(int(10 * exp(-lot(f"message-{number}", "a", 1.0))) for number in range(10_000))
    assert set(tenths) == set(range(10))
    assert all(count == pytest.approx(1000, abs=4 * sqrt(900)) for count in tenths.values())


def test_a_strategy_that_is_none_is_a_fault_of_ours_and_raises() -> None:
    with pytest.raises(AssertionError):
        place(A, NEW, cast("Strategy", "random"), NOW)
