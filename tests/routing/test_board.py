"""The standing of a pool's providers: a value, the fold of what was heard."""

from functools import reduce
from random import Random

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from posthouse.routing.board import NEW, Board, Fact, Standing, by_time, fold
from posthouse.routing.breaker import CLOSED, Breaker
from posthouse.routing.outcome import Accepted, Outcome, Throttled, Unauthorised, consequence
from posthouse.routing.pace import Pace
from posthouse.routing.quota import Spent, left
from posthouse.routing.router import Send, decide
from posthouse.routing.rules import BreakerRules, Candidate, Rate, Rules
from posthouse.routing.score import Health
from posthouse.routing.switch import ON, Switch
from posthouse.routing.trust import TRUSTED, Trust
from tests.routing.pool import (
    NOW,
    OUTCOMES,
    at,
    broken,
    candidate,
    distrusted,
    failing,
    healed,
    message,
    paused,
    pool,
    repeatable,
    standing,
    trusted_again,
)

TRAFFIC = BreakerRules(traffic=True)


def sends(board: Board, now: float = NOW, ids: int = 200) -> bool:
    """Whether any message that asks for nothing would be sent."""
    return any(isinstance(decide(message(f"m-{number}"), board, now), Send) for number in range(ids))


# Facts


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_fact_is_what_an_outcome_says_of_its_provider(name: str) -> None:
    meaning = consequence(OUTCOMES[name])
    fact = Fact.of("a", OUTCOMES[name], NOW, began=NOW - 2)
    assert (fact.provider, fact.at, fact.began) == ("a", NOW, NOW - 2)
    assert (fact.kind, fact.health, fact.opens) == (meaning.kind, meaning.health, meaning.opens)


def test_a_fact_of_a_throttling_keeps_what_the_provider_asked_for() -> None:
    fact = Fact.of("a", Throttled(429, retry_after_s=30.0, quota=True), NOW)
    assert (fact.retry_after_s, fact.quota, fact.began) == (30.0, True, None)


# Learning


def test_a_provider_nobody_has_heard_of_stands_well() -> None:
    assert pool("a").standing("a") == NEW == Standing()


def test_a_success_heals_the_score_counts_for_the_circuit_and_ends_the_doubling_of_pauses() -> None:
    board = standing(pool("a"), "a", health=Health(0.5, NOW), tempo=Pace(throttles=3))
    heard = board.observe(Fact.of("a", Accepted(), NOW)).standing("a")
    assert heard.health.health == pytest.approx(0.55)
    assert heard.tempo.throttles == 0
    assert [bucket[1:] for bucket in heard.circuit.buckets] == [(1, 0)]


def test_a_failure_lowers_the_score_and_counts_for_the_circuit() -> None:
    heard = failing(pool("a"), "a").standing("a")
    assert heard.health == Health(0.9, NOW)
    assert heard.circuit.failures == 1


def test_failures_in_a_row_open_the_circuit_of_that_provider_alone() -> None:
    board = failing(pool("a", "b"), "a", 5)
    assert board.standing("a").circuit.state(NOW) == "open"
    assert board.standing("b") == NEW


def test_a_wrong_key_opens_the_circuit_at_once() -> None:
    assert pool("a").observe(Fact.of("a", Unauthorised(401), NOW)).standing("a").circuit.state(NOW) == "open"


def test_what_wins_trust_back_has_shown_the_provider_well_so_its_score_is_whole_again() -> None:
    board = failing(pool("a", breaker=BreakerRules(probe_passes=2)), "a", 5)
    once = board.probing("a").observe(Fact.of("a", Accepted(), NOW + 5, began=NOW + 5, probe=True))
    assert once.standing("a").health.health < 0.7
    twice = once.probing("a").observe(Fact.of("a", Accepted(), NOW + 6, began=NOW + 6, probe=True))
    assert twice.standing("a").health == Health()


def test_low_health_makes_a_provider_distrusted_and_leaves_its_circuit_closed() -> None:
    board = pool("a", breaker=BreakerRules(health=0.75))
    assert failing(board, "a", 2).standing("a").trust == TRUSTED
    board = failing(board, "a", 3)
    assert board.standing("a").circuit.opened_at is None
    assert board.standing("a").trust == Trust(NOW, "its health fell below 0.75", NOW + 5)


def test_a_health_call_tells_a_closed_circuit_nothing_good() -> None:
    board = distrusted(failing(pool("a"), "a", 3), "a", NOW)
    passed = board.probing("a").observe(Fact.of("a", Accepted(), NOW, began=NOW, spends=False, probe=True))
    assert passed.standing("a").circuit == board.standing("a").circuit
    assert passed.standing("a").trust.passes == 1


def health_call(outcome: Outcome, at: float) -> Fact:
    return Fact.of("a", outcome, at, began=at, spends=False, probe=True)


def test_a_dead_provider_that_is_distrusted_is_opened_by_its_health_calls_too() -> None:
    board = failing(pool("a", "b"), "a", 3)
    for number in (1, 2):
        assert board.standing("a").circuit.opened_at is None
        board = board.probing("a").observe(health_call(OUTCOMES["deferred"], NOW + 5 * number))
    assert board.standing("a").circuit.why == "5 failures in a row"


def test_a_failed_health_call_counts_neither_where_messages_go_well_nor_where_another_has_passed_since() -> None:
    board = distrusted(pool("a"), "a", NOW)
    for number in range(9):
        board = board.observe(health_call(Unauthorised(403), NOW + number))
    assert board.standing("a").circuit == CLOSED, "a key that may only send is refused every health call"
    board = failing(pool("a"), "a", 3).observe(health_call(Accepted(), NOW + 5))
    failed = board.observe(health_call(OUTCOMES["deferred"], NOW + 6))
    assert failed.standing("a").circuit.failures == 3
    assert failed.observe(health_call(OUTCOMES["deferred"], NOW + 11)).standing("a").circuit.failures == 4


def test_a_dummy_message_that_is_refused_counts_for_no_refusal_of_messages() -> None:
    board = distrusted(pool("a"), "a", NOW)
    refused = board.observe(Fact.of("a", OUTCOMES["refused: recipient"], NOW, began=NOW, probe=True))
    assert refused.standing("a").circuit == CLOSED


def test_a_throttling_makes_a_pause_and_touches_neither_score_nor_circuit() -> None:
    heard = pool("a").observe(Fact.of("a", Throttled(429, retry_after_s=30.0), NOW)).standing("a")
    assert heard == Standing(tempo=Pace(paused_until=NOW + 30, throttles=1))


def test_greylisting_is_no_fault_of_the_provider_and_changes_nothing() -> None:
    assert pool("a").observe(Fact.of("a", OUTCOMES["greylisted"], NOW)).standing("a") == NEW


@pytest.mark.parametrize("name", ["refused: recipient", "refused: content"])
def test_a_refusal_is_no_fault_of_the_provider_and_is_only_counted(name: str) -> None:
    heard = pool("a").observe(Fact.of("a", OUTCOMES[name], NOW)).standing("a")
    assert heard == Standing(circuit=Breaker(refused=1))


def test_refusal_after_refusal_without_a_success_is_the_providers_fault() -> None:
    board = pool("a")
    for number in range(19):
        board = board.observe(Fact.of("a", OUTCOMES["refused: recipient"], NOW + number))
    assert (board.standing("a").health, board.standing("a").circuit.opened_at) == (Health(), None)
    spared = board.observe(Fact.of("a", Accepted(), NOW + 19))
    board = board.observe(Fact.of("a", OUTCOMES["refused: content"], NOW + 19))
    assert board.standing("a").circuit.opened_at == NOW + 19
    assert board.standing("a").circuit.why == "20 refusals in a row without a success"
    assert board.standing("a").health == Health(0.9, NOW + 19)
    for number in range(19):
        spared = spared.observe(Fact.of("a", OUTCOMES["refused: recipient"], NOW + 20 + number))
    assert spared.standing("a").circuit.opened_at is None


def test_an_answer_without_blame_changes_nothing_of_a_well_provider() -> None:
    heard = pool("a").observe(Fact("a", NOW, "unsure", 0)).standing("a")
    assert heard == Standing(spent=Spent(1, 1, NOW)), "but that it may have been sent"


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_answer_to_a_probe_frees_its_place_or_closes_the_circuit(name: str) -> None:
    board = broken(pool("a"), "a").probing("a")
    heard = board.observe(Fact.of("a", OUTCOMES[name], NOW + 6, began=NOW + 5)).standing("a").circuit
    assert not heard.probing
    assert (heard.opened_at is None) == (name == "accepted")


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_answer_to_a_send_of_before_the_circuit_opened_leaves_the_circuit_and_its_probe_alone(name: str) -> None:
    board = broken(pool("a"), "a").probing("a")
    heard = board.observe(Fact.of("a", OUTCOMES[name], NOW + 6, began=NOW - 2))
    assert heard.standing("a").circuit == board.standing("a").circuit


def test_hung_sends_that_end_after_a_probe_has_closed_the_circuit_do_not_open_it_again() -> None:
    board = failing(pool("a"), "a", 5).probing("a").observe(Fact.of("a", Accepted(), NOW + 6, began=NOW + 5))
    for number in range(64):
        board = board.observe(Fact.of("a", OUTCOMES["unsure"], NOW + 7 + number, began=NOW - 1))
    assert board.standing("a").circuit == Breaker(closed_at=NOW + 6)
    assert failing(board, "a", 5, NOW + 99).standing("a").circuit.opened_at == NOW + 99


def test_facts_of_the_attempts_alone_say_that_a_circuit_has_closed() -> None:
    """A health call is in no attempt's row: the first send after it must tell as much, when the rows are folded."""
    opened = [Fact.of("a", OUTCOMES["deferred"], NOW + n, began=NOW) for n in range(5)]
    well = Fact.of("a", Accepted(), NOW + 12, began=NOW + 11)
    assert fold(pool("a"), opened).standing("a").circuit.state(NOW + 6) == "open"
    assert fold(pool("a"), [*opened, well]).standing("a").circuit.state(NOW + 12) == "closed"


facts = st.lists(
    st.builds(
        Fact.of,
        st.sampled_from(["a", "b"]),
        st.sampled_from(list(OUTCOMES.values())),
        st.floats(NOW, NOW + 100),
        st.one_of(st.none(), st.floats(NOW - 10, NOW + 100)),
        probe=st.booleans(),
    ),
    max_size=40,
)


@repeatable
@given(facts)
def test_folding_is_observing_one_by_one_and_leaves_every_earlier_board_as_it_was(heard: list[Fact]) -> None:
    boards = [pool("a", "b")]
    for fact in heard:
        boards.append(boards[-1].observe(fact))
    packed = [msgspec.json.encode(board.standings) for board in boards]
    for cut in range(len(heard) + 1):
        assert fold(boards[cut], heard[cut:]) == reduce(Board.observe, sorted(heard[cut:], key=by_time), boards[cut])
    assert [msgspec.json.encode(board.standings) for board in boards] == packed


@repeatable
@given(facts, st.randoms(use_true_random=False))
def test_boards_meet_in_whatever_order_the_facts_arrive(heard: list[Fact], chance: Random) -> None:
    shuffled = list(heard)
    chance.shuffle(shuffled)
    assert fold(pool("a", "b"), shuffled) == fold(pool("a", "b"), heard)


@repeatable
@given(facts, st.integers(0, 3))
def test_an_answer_says_nothing_of_sends_on_their_way_nor_of_another_provider(
    heard: list[Fact], in_flight: int
) -> None:
    board = standing(standing(pool("a", "b"), "a", in_flight=in_flight), "b", in_flight=in_flight)
    for fact in heard:
        after = board.observe(fact)
        other = "b" if fact.provider == "a" else "a"
        assert after.standing(other) == board.standing(other)
        assert after.standing(fact.provider).in_flight == in_flight
        board = after


# Sends on their way


def test_a_send_on_its_way_takes_a_place_and_its_share_of_the_rate() -> None:
    a = Candidate("a", rate=Rate(2, 1.0))
    begun = pool(a).started(a, NOW).standing("a")
    assert begun.in_flight == 1
    assert begun.tempo.ready_at == at(NOW + 0.5)
    assert begun.circuit is CLOSED


def test_a_send_on_an_open_circuit_is_its_probe() -> None:
    board = broken(pool("a", breaker=TRAFFIC), "a")
    assert board.started(candidate(board, "a"), NOW + 5).standing("a").circuit.probing


def test_a_health_call_is_a_probe_and_no_send() -> None:
    board = broken(pool("a"), "a").probing("a")
    assert board.standing("a").circuit.probing
    assert board.standing("a").in_flight == 0


def test_a_health_call_may_leave_for_a_distrusted_provider_when_it_is_time_one_at_a_time() -> None:
    board = distrusted(pool("a"), "a", NOW + 5)
    a = candidate(board, "a")
    assert [board.may_probe(a, NOW + s) for s in (4.9, 5)] == [False, True]
    asked = board.probing("a")
    assert asked.standing("a").trust.probing
    assert not asked.may_probe(a, NOW + 60)
    assert not paused(board, "a", NOW + 9).may_probe(a, NOW + 5)
    assert pool("a").probing("a").standing("a").trust == TRUSTED


def test_a_send_that_comes_when_a_test_is_due_is_the_test_only_where_messages_are_the_probes() -> None:
    by_traffic, by_check = distrusted(pool("a", breaker=TRAFFIC), "a", NOW), distrusted(pool("a"), "a", NOW)
    begun = by_traffic.started(candidate(by_traffic, "a"), NOW)
    assert begun.standing("a").trust.probing
    assert not begun.ended("a").standing("a").trust.probing
    assert begun.started(candidate(begun, "a"), NOW).ended("a").standing("a").trust.probing
    assert not by_check.started(candidate(by_check, "a"), NOW).standing("a").trust.probing
    assert not by_traffic.started(candidate(by_traffic, "a"), NOW - 1).standing("a").trust.probing


@pytest.mark.parametrize("answered", [True, False])
def test_a_probe_by_traffic_that_is_over_leaves_its_place_free_answered_or_not(answered: bool) -> None:
    board = broken(pool("a", breaker=TRAFFIC), "a")
    board = board.started(candidate(board, "a"), NOW + 5)
    if answered:
        board = board.observe(Fact.of("a", OUTCOMES["deferred"], NOW + 6, began=NOW + 5))
    over = board.ended("a").standing("a")
    assert not over.circuit.probing
    assert over.circuit.opened_at == NOW - 1
    assert over.in_flight == 0


def test_an_answer_that_is_heard_after_its_send_has_ended_is_still_the_probes() -> None:
    board = broken(pool("a", breaker=TRAFFIC), "a")
    board = board.started(candidate(board, "a"), NOW + 5).ended("a")
    well = board.observe(Fact.of("a", Accepted(), NOW + 6, began=NOW + 5))
    assert well.standing("a").circuit.state(NOW + 6) == "closed"
    ill = board.observe(Fact.of("a", OUTCOMES["deferred"], NOW + 6, began=NOW + 5))
    assert ill.standing("a").circuit.probe_at == NOW + 11


def test_another_send_that_ends_does_not_free_the_place_of_a_probe_by_traffic() -> None:
    board = broken(standing(pool("a", breaker=TRAFFIC), "a", in_flight=1), "a")
    board = board.started(candidate(board, "a"), NOW + 5).ended("a")
    assert board.standing("a").circuit.probing


def test_the_last_send_that_ends_does_not_free_the_place_of_a_health_call() -> None:
    board = broken(standing(pool("a"), "a", in_flight=1), "a").probing("a").ended("a")
    assert board.standing("a").circuit.probing
    assert board.standing("a").in_flight == 0


@repeatable
@given(st.lists(st.sampled_from(["started", "ended"]), max_size=40))
def test_sends_on_their_way_are_those_begun_and_not_ended_and_never_fewer_than_none(steps: list[str]) -> None:
    board, expected = pool("a"), 0
    for step in steps:
        if step == "started":
            board, expected = board.started(candidate(board, "a"), NOW), expected + 1
        else:
            board, expected = board.ended("a"), max(0, expected - 1)
        assert board.standing("a").in_flight == expected


# Under changed rules


def test_under_changed_rules_what_is_known_of_the_providers_that_remain_is_kept() -> None:
    board = failing(failing(pool("a", "b"), "a", 2), "b", 3)
    changed = board.under(Rules("example.com", "weighted", (Candidate("b", weight=0.9), Candidate("c"))))
    assert changed.standings == {"b": board.standing("b")}
    assert changed.rules.strategy == "weighted"
    assert changed.standing("c") == NEW


def test_of_providers_that_are_gone_what_counts_against_their_limits_is_kept() -> None:
    board = failing(pool("a", "b"), "a", 2)
    a = msgspec.structs.replace(candidate(board, "a"), rate=Rate(1, 3600.0))
    used = board.started(a, NOW).started(a, NOW).ended("a").observe(Fact.of("a", Accepted(), NOW))
    back = used.under(Rules("example.com")).under(board.rules)
    was = used.standing("a")
    assert back.standing("a") == Standing(tempo=was.tempo, in_flight=1, spent=was.spent)
    assert back.standing("a").spent.today == 1


@pytest.mark.parametrize("window_s", [10.0, 60.0])
def test_a_window_of_another_length_starts_its_count_anew_and_counts(window_s: float) -> None:
    by_rate = BreakerRules(failures=10**9, min_calls=4)
    board = failing(pool("a", breaker=by_rate), "a", 3)
    breaker = msgspec.structs.replace(by_rate, window_s=window_s)
    changed = board.under(Rules("example.com", candidates=board.rules.candidates, breaker=breaker))
    assert failing(changed, "a", 3, NOW + 1).standing("a").circuit.opened_at is None
    assert failing(changed, "a", 4, NOW + 1).standing("a").circuit.opened_at == NOW + 1
    kept = board.under(board.rules)
    assert failing(kept, "a", 1, NOW + 1).standing("a").circuit.opened_at == NOW + 1


def test_switches_are_kept_under_changed_rules_for_the_providers_that_remain() -> None:
    board = pool("a", "b").switched({"a": Switch("pause"), "b": Switch("drain")})
    changed = failing(board, "a").under(Rules("example.com", candidates=(Candidate("b"),)))
    assert changed.switches == {"b": Switch("drain")}
    assert (changed.switch("b"), changed.switch("a")) == (Switch("drain"), ON)


def test_whatever_is_learnt_the_switches_stay() -> None:
    board = pool("a").switched({"a": Switch("drain")})
    a = candidate(board, "a")
    for after in (board.started(a, NOW), board.ended("a"), board.probing("a"), board.resumed("a", Spent())):
        assert after.observe(Fact.of("a", Accepted(), NOW)).switches == board.switches


# Over a restart


def test_a_resumed_board_keeps_the_distance_from_the_last_start_and_what_was_spent() -> None:
    a = Candidate("a", rate=Rate(1, 10.0), daily=5)
    board = pool(a, "b").resumed("a", Spent(3, 30, NOW, NOW - 4)).resumed("b", Spent(last_start=NOW))
    assert board.standing("a").tempo.ready_at == at(NOW + 6)
    assert board.standing("b").tempo.ready_at <= 0
    assert left(a, board.standing("a").spent, 0, NOW) == (2, None)
    assert pool(a).resumed("gone", Spent(1)).standing("gone").spent.today == 1


def test_facts_that_the_store_has_counted_are_not_counted_again_whichever_comes_first() -> None:
    old = Fact.of("a", Accepted(), NOW + 1, began=NOW - 1)
    spent = Spent(3, 30, NOW)
    resumed = pool("a").resumed("a", spent)
    assert resumed.observe(old).standing("a").spent == resumed.standing("a").spent
    assert pool("a").observe(old).resumed("a", spent).standing("a").spent == resumed.standing("a").spent
    assert resumed.observe(Fact.of("a", Accepted(), NOW + 1, began=NOW)).standing("a").spent.today == 4


def test_a_health_call_spends_nothing() -> None:
    assert pool("a").observe(Fact.of("a", Accepted(), NOW, spends=False)).standing("a").spent == Spent()


# Health calls


def test_a_health_call_leaves_when_it_is_due_and_nobody_holds_the_provider() -> None:
    board = broken(pool("a"), "a", NOW)
    a = candidate(board, "a")
    assert board.may_probe(a, NOW)
    assert not board.may_probe(a, NOW - 1)
    assert not board.switched({"a": Switch("pause")}).may_probe(a, NOW)
    assert board.switched({"a": Switch("drain")}).may_probe(a, NOW), "what is bound to it waits for it to be well"
    assert not paused(board, "a").may_probe(a, NOW)
    assert not board.may_probe(msgspec.structs.replace(a, enabled=False), NOW)


# Room


def test_there_is_room_for_as_many_as_the_first_provider_may_have_on_their_way() -> None:
    board = pool(Candidate("a", order=1, concurrency=3), Candidate("b", order=2, concurrency=9))
    assert board.room(NOW) == 3
    assert standing(board, "a", in_flight=2).room(NOW) == 1


def test_a_burst_waits_for_the_first_provider_so_the_places_of_the_next_are_no_room() -> None:
    board = pool(Candidate("a", order=1, concurrency=3), Candidate("b", order=2, concurrency=9))
    full = standing(board, "a", in_flight=3)
    assert (full.room(NOW), sends(full)) == (0, False)
    assert broken(full, "a").room(NOW) == 9


def test_providers_of_one_tier_add_up() -> None:
    equals = [Candidate(name, order=1, weight=0.5, concurrency=3) for name in "ab"]
    for strategy in ("priority", "weighted", "score"):
        assert pool(*equals, strategy=strategy).room(NOW) == 6


def test_a_limit_that_was_lowered_below_what_is_on_its_way_takes_no_room_from_the_others() -> None:
    board = pool(*[Candidate(name, weight=0.5, concurrency=3) for name in "ab"], strategy="weighted")
    assert standing(board, "a", in_flight=64).room(NOW) == 3


def test_a_spare_of_weight_0_is_room_only_when_it_is_the_last() -> None:
    board = pool(Candidate("a", weight=1.0, concurrency=3), Candidate("b", weight=0.0), strategy="weighted")
    assert standing(board, "a", in_flight=3).room(NOW) == 0
    assert broken(board, "a").room(NOW) == 64


def test_a_rate_lets_one_start_at_a_time() -> None:
    board = pool(Candidate("a", rate=Rate(100, 1.0)))
    assert board.room(NOW) == 1
    assert standing(board, "a", in_flight=64).room(NOW) == 0


def test_there_is_no_room_where_nobody_is_ready() -> None:
    assert pool().room(NOW) == 0
    assert pool(Candidate("a", enabled=False)).room(NOW) == 0
    assert paused(pool("a"), "a").room(NOW) == 0
    assert broken(pool("a"), "a").room(NOW + 5) == 0


def test_a_probe_by_traffic_is_room_for_one_message_where_a_place_is_free() -> None:
    board = broken(pool("a", breaker=TRAFFIC), "a")
    assert (board.room(NOW + 4), board.room(NOW + 5)) == (0, 1)
    assert standing(board, "a", in_flight=64).room(NOW + 5) == 0


def test_a_reserved_provider_keeps_the_door_ajar_for_what_asks_for_it_and_adds_no_room() -> None:
    board = pool(Candidate("a", concurrency=3), Candidate("box", reserved=True))
    assert board.room(NOW) == 3
    down = broken(board, "a")
    assert (down.room(NOW), sends(down)) == (1, False)
    assert isinstance(decide(message(provider="box"), down, NOW), Send)
    assert standing(down, "box", in_flight=64).room(NOW) == 0
    assert paused(down, "box").room(NOW) == 0


def test_a_drained_provider_keeps_the_door_ajar_for_what_is_bound_to_it() -> None:
    board = pool("a").switched({"a": Switch("drain")})
    assert (board.room(NOW), sends(board)) == (1, False)
    assert pool("a").switched({"a": Switch("pause")}).room(NOW) == 0


def test_what_is_left_of_a_quota_is_all_the_room_there_is() -> None:
    a = Candidate("a", daily=10, monthly=7)
    assert pool(a).resumed("a", Spent(1, 1, NOW)).room(NOW) == 6
    assert standing(pool(a), "a", in_flight=5).room(NOW) == 2
    assert standing(pool(a), "a", in_flight=7).room(NOW) == 0


def test_a_learnt_limit_lets_one_start_at_a_time() -> None:
    assert standing(pool("a"), "a", tempo=Pace(paused_until=NOW, seen=50)).room(NOW) == 1


def test_a_ramping_provider_gives_room_for_its_share_beside_what_falls_to_the_next_tier() -> None:
    board = healed(pool(Candidate("a", order=1, concurrency=32), Candidate("b", order=2, concurrency=5)), "a")
    assert [board.room(NOW + s) for s in (0, 1, 2, 3, 4)] == [2 + 5, 4 + 5, 8 + 5, 16 + 5, 32]
    worse = healed(pool(Candidate("a", order=2, concurrency=32), Candidate("b", order=1, concurrency=5)), "a")
    assert worse.room(NOW) == 5
    assert healed(pool("a"), "a").room(NOW) == 4


def test_a_distrusted_provider_gives_its_room_where_nobody_else_has_any() -> None:
    board = distrusted(pool(Candidate("a", order=1, concurrency=3), Candidate("b", order=2, concurrency=5)), "a")
    assert board.room(NOW) == 5
    assert broken(board, "b").room(NOW) == 3
    assert distrusted(board, "b").room(NOW) == 3
    assert standing(broken(board, "b"), "a", in_flight=3, trust=board.standing("a").trust).room(NOW) == 0


def test_one_that_is_trusted_again_gives_its_share_beside_the_next_and_all_its_room_alone() -> None:
    board = trusted_again(pool(Candidate("a", order=1, concurrency=32), Candidate("b", order=2, concurrency=5)), "a")
    assert [board.room(NOW + s) for s in (0, 1, 2, 3, 4)] == [2 + 5, 4 + 5, 8 + 5, 16 + 5, 32]
    assert broken(board, "b").room(NOW) == 32


def test_a_test_by_traffic_is_room_for_one_message_beside_the_others() -> None:
    pair = pool(Candidate("a", order=1), Candidate("b", order=2, concurrency=5), breaker=TRAFFIC)
    assert [distrusted(pair, "a", NOW + 5).room(NOW + s) for s in (4, 5)] == [5, 1 + 5]
    assert distrusted(pool("a", breaker=TRAFFIC), "a", NOW + 5).room(NOW + 5) == 64
    ramping = standing(distrusted(pair, "a", NOW), "a", circuit=Breaker(closed_at=NOW))
    assert ramping.room(NOW) == 4 + 5
    closing = standing(distrusted(pair, "a", NOW + 5), "a", circuit=Breaker(closed_at=NOW))
    assert (closing.room(NOW), broken(closing, "b").room(NOW)) == (5, 4)


circuits = st.sampled_from(
    [
        CLOSED,
        Breaker(closed_at=NOW - 0.5),
        Breaker(closed_at=NOW - 3.5),
        Breaker(closed_at=NOW - 4),
        Breaker(opened_at=NOW - 9, probe_at=NOW + 1),
        Breaker(opened_at=NOW - 9, probe_at=NOW - 1),
        Breaker(opened_at=NOW - 9, probe_at=NOW - 1, probing=True),
    ]
)
standings = st.builds(
    Standing,
    circuits,
    st.builds(Health, st.sampled_from([1.0, 0.8]), st.sampled_from([0.0, NOW])),
    st.builds(Pace, st.sampled_from([0.0, NOW + 0.1]), st.sampled_from([0.0, NOW + 5])),
    st.integers(0, 4),
    trust=st.sampled_from(
        [
            *[TRUSTED] * 3,
            Trust(NOW - 9, "of old", NOW + 1),
            Trust(NOW - 9, "of old", NOW - 1),
            Trust(regained_at=NOW - 0.5),
            Trust(regained_at=NOW - 3.5),
        ]
    ),
)
a_provider = st.builds(
    Candidate,
    name=st.just(""),
    order=st.integers(1, 2),
    weight=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    score=st.sampled_from([40.0, 50.0]),
    enabled=st.sampled_from([True, True, False]),
    rate=st.sampled_from([None, None, Rate(1, 1.0)]),
    concurrency=st.integers(1, 3),
    reserved=st.sampled_from([False, False, False, True]),
    daily=st.sampled_from([None, None, 2, 5]),
    monthly=st.sampled_from([None, None, 1, 4]),
)


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Any board of up to four providers."""
    providers = [msgspec.structs.replace(draw(a_provider), name=name) for name in "abcd"[: draw(st.integers(0, 4))]]
    rules = Rules(
        "example.com",
        draw(st.sampled_from(["priority", "weighted", "score"])),
        tuple(providers),
        BreakerRules(traffic=draw(st.booleans())),
    )
    held = {p.name: Switch(draw(st.sampled_from(["no", "no", "pause", "drain"]))) for p in providers}
    return Board(rules, {p.name: draw(standings) for p in providers if draw(st.booleans())}, held)


def sends_bound(board: Board) -> bool:
    """Whether a message that asks by name for a provider that is reserved or drained would be sent."""
    return any(
        isinstance(decide(message(f"m-{number}", provider=c.name), board, NOW), Send)
        for c in board.rules.candidates
        if c.reserved or board.switch(c.name).held == "drain"
        for number in range(200)
    )


@repeatable
@given(boards())
def test_room_is_0_exactly_when_neither_a_plain_message_nor_one_bound_to_its_provider_would_be_sent(
    board: Board,
) -> None:
    assert (board.room(NOW) == 0) == (not sends(board) and not sends_bound(board))


@repeatable
@given(boards())
def test_so_many_messages_as_there_is_room_for_can_start_one_after_the_other(board: Board) -> None:
    assume(not any(c.reserved or board.switch(c.name).held == "drain" for c in board.rules.candidates))
    for _ in range(board.room(NOW)):
        decisions = [decide(message(f"m-{number}"), board, NOW) for number in range(200)]
        chosen = next(decision for decision in decisions if isinstance(decision, Send))
        board = board.started(chosen.candidate, NOW)
