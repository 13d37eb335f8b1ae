"""What holds over the whole room: any pool, any providers, any messages, to the end of each."""

from collections.abc import Iterator
from importlib import import_module
from itertools import cycle
from pkgutil import iter_modules
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import posthouse.routing
from posthouse.mail.message import OnUnsure
from posthouse.routing.board import Board, Fact
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Recipient, Throttled, Unsure
from posthouse.routing.router import Send, decide
from posthouse.routing.rules import BreakerRules, Candidate, Job, Rate, RetryRules, Rules, Strategy
from posthouse.routing.switch import Switch
from tests.routing.pool import NEVER_OPENS, NOW, OUTCOMES, broken, message, on_its_course, pool, repeatable
from tests.routing.world import Answer, Story, World

LONGEST_ANSWER_S = 40.0
LATENCIES_S = [0.0, 0.0, 0.2, 3.0, 12.0, LONGEST_ANSWER_S]
PARTLY = Accepted(250, unserved=(Recipient("bob@example.net", False, "451 later"),))
LIFE_S = 120.0
RETRY = RetryRules(first_s=2.0, factor=2.0, max_s=20.0)

strategies: st.SearchStrategy[Strategy] = st.sampled_from(["priority", "weighted", "score"])
policies: st.SearchStrategy[OnUnsure] = st.sampled_from(["failover", "retry_same", "hold"])
outcomes: st.SearchStrategy[Outcome | None] = st.sampled_from(
    [*OUTCOMES.values(), *[PARTLY] * 4, *[Deferred(503)] * 5, *[Unsure()] * 3, None]
)


@st.composite
def pools(draw: st.DrawFn) -> Board:
    """A pool of one to four providers with little room, rates, and a nervous breaker."""
    providers = [
        Candidate(
            name,
            order=draw(st.integers(1, 3)),
            weight=draw(st.sampled_from([0.0, 0.5, 1.0])),
            score=draw(st.sampled_from([40.0, 50.0])),
            can=draw(st.sampled_from([2047, 2047, 2046])),
            tags=draw(st.sampled_from([frozenset({"eu"}), frozenset()])),
            enabled=draw(st.sampled_from([True, True, True, False])),
            rate=draw(st.sampled_from([None, None, Rate(1, 1.0), Rate(3, 10.0)])),
            concurrency=draw(st.integers(1, 3)),
            reserved=draw(st.sampled_from([False, False, False, True])),
            daily=draw(st.sampled_from([None, None, None, 2])),
        )
        for name in "abcd"[: draw(st.integers(1, 4))]
    ]
    breaker = BreakerRules(
        failures=draw(st.integers(1, 3)),
        min_calls=4,
        probe_every_s=5.0,
        traffic=draw(st.booleans()),
        refusals=draw(st.sampled_from([0, 2, 20])),
        health=draw(st.sampled_from([0.0, 0.95])),
        probe_passes=draw(st.integers(1, 2)),
        ramp_steps=draw(st.sampled_from([0, 4])),
        probation_s=draw(st.sampled_from([0.0, 9.0])),
    )
    failover = draw(st.sampled_from([None, None, 1, 2]))
    return Board(
        Rules("example.com", draw(strategies), tuple(providers), breaker, RETRY, failover, draw(policies)),
    )


@st.composite
def letters(draw: st.DrawFn) -> list[Job]:
    """A dozen messages at the most, most of which ask for nothing."""
    return [
        message(
            f"m-{number}",
            give_up_at=NOW + LIFE_S,
            expires_at=draw(st.sampled_from([None, None, NOW + 15, NOW + 2 * LIFE_S])),
            provider=draw(st.sampled_from([None, None, None, "a", "b"])),
            needs=draw(st.sampled_from([0, 0, 0, 1])),
            require_tags=draw(st.sampled_from([frozenset(), frozenset(), frozenset({"eu"})])),
            on_unsure=draw(st.one_of(st.none(), policies)),
            recipients=2,
        )
        for number in range(draw(st.integers(2, 12)))
    ]


def answers(heard: list[Outcome | None], latencies_s: list[float]) -> Iterator[Answer]:
    return zip(cycle(heard), cycle(latencies_s), strict=False)


@settings(repeatable, max_examples=200)
@given(
    pools(),
    letters(),
    st.lists(outcomes, min_size=3, max_size=20),
    st.lists(st.sampled_from(LATENCIES_S), min_size=2, max_size=7),
    st.dictionaries(st.sampled_from("abcd"), st.builds(Switch, st.sampled_from(["no", "pause", "drain"])), max_size=2),
)
def test_every_message_comes_to_one_true_end_in_time_and_nothing_forbidden_happens_on_the_way(
    board: Board,
    jobs: list[Job],
    heard: list[Outcome | None],
    latencies_s: list[float],
    held: dict[str, Switch],
) -> None:
    world = World(board, answers(heard, latencies_s))
    world.switch(held, NOW + 4)
    world.switch({}, NOW + 60)
    for number, job in enumerate(jobs):
        world.accept(job, NOW + number / 2)
    world.run()
    for story in world.stories:
        assert story.ended_at <= story.job.ends_at + LONGEST_ANSWER_S
        served, doubted = story.has_heard(Accepted), story.has_heard(Unsure)
        match story.status:
            case "sent":
                assert served
            case "held":
                assert doubted
            case "failed" | "expired":
                assert not served
                assert not doubted
            case _:
                assert story.status == "cancelled"


def alone(board: Board, heard: list[Outcome], give_up_after_s: float = 3600.0) -> Story:
    """The story of one message that nobody competes with, of providers that answer at once."""
    world = World(board, answers(list(heard), [0.0]))
    story = world.accept(message(give_up_at=NOW + give_up_after_s, recipients=1))
    world.run()
    return story


def rounds_within(seconds: float) -> int:
    """How many rounds fit at the most: the shortest backoffs, one after the other."""
    spent, rounds = 0.0, 1
    while spent < seconds:
        spent += min(RETRY.max_s, RETRY.first_s * RETRY.factor ** (rounds - 1))
        rounds += 1
    return rounds


troubles = st.sampled_from(
    [Deferred(503), Deferred(451, blame="recipient"), Throttled(429), Throttled(429, retry_after_s=20.0), Unsure()]
)


@settings(repeatable, max_examples=100)
@given(st.integers(1, 4), st.lists(troubles, min_size=1, max_size=12), st.booleans())
def test_a_message_never_asks_around_without_a_pause_for_long_and_the_number_of_its_attempts_is_bounded(
    count: int, heard: list[Outcome], traffic: bool
) -> None:
    breaker = BreakerRules(failures=3, traffic=traffic)
    story = alone(pool(*"abcd"[:count], breaker=breaker, retry=RETRY), heard, give_up_after_s=600.0)
    # Each provider once; and where the last ones left ask for a pause, those tried before, until they are paused too.
    assert story.longest_burst <= max(1, 2 * count - 1)
    counted = [outcome for outcome in story.heard if not isinstance(outcome, Throttled)]
    if len(counted) == len(story.heard):
        assert story.longest_burst <= count
    assert len(counted) <= (count + 1) * rounds_within(600.0)


def test_a_message_that_every_provider_defers_asks_each_once_in_a_round() -> None:
    story = alone(pool("a", "b", "c", breaker=NEVER_OPENS, retry=RETRY), [Deferred(503)])
    assert story.longest_burst == 3
    assert story.asked[:9] == ["a", "b", "c"] * 3
    assert story.status == "failed"


def test_a_message_that_is_throttled_everywhere_asks_each_once_and_then_waits_for_the_first_pause_to_end() -> None:
    story = alone(pool("a", "b", "c", retry=RETRY), [Throttled(429)], give_up_after_s=600.0)
    assert story.longest_burst == 3
    assert story.job.course.round == 0, "it cost the message nothing"
    assert len(story.heard) <= 3 * 16, "pauses double to about a minute"


def test_at_the_moment_a_probe_is_due_exactly_one_of_200_messages_passes() -> None:
    board = broken(pool("a", breaker=BreakerRules(traffic=True)), "a", NOW + 5)
    passed = []
    for number in range(200):
        decision = decide(message(f"m-{number}"), board, NOW + 5)
        if isinstance(decision, Send):
            board = board.started(decision.candidate, NOW + 5)
            passed.append(number)
    assert passed == [0]


def test_a_flapping_provider_opens_its_circuit_no_more_often_than_it_may_be_probed() -> None:
    board, opened, calls, failures = pool("a", breaker=BreakerRules(failures=5, probe_every_s=5.0)), 0, 0, 0
    for tick in range(3000):
        now = NOW + tick / 10
        circuit = board.standing("a").circuit
        if circuit.opened_at is not None:
            if not circuit.may_probe(now):
                continue
            board = board.probing("a")
        well = int(now / 3) % 2 == 0
        board = board.observe(Fact.of("a", Accepted() if well else Deferred(503), now, now))
        calls, failures = calls + 1, failures + (not well)
        opened += circuit.opened_at is None and board.standing("a").circuit.opened_at is not None
    assert 10 < opened <= 300 / 5
    assert failures < calls / 2


def test_the_score_strategy_lives_through_an_outage_as_its_reference_does() -> None:
    """Half an hour, a message every 0.1 s, the preferred provider down from 200 s to 800 s, an alternative at 40."""
    providers = [Candidate("preferred", score=50), Candidate("alternative", score=40)]
    board = pool(*providers, strategy="score", breaker=NEVER_OPENS)
    tried_in_vain, back_at = [], 0.0
    for tick in range(18_000):
        second = tick / 10
        now, job = NOW + second, message(f"m-{tick}")
        carried_by = ""
        while not carried_by:
            decision = decide(job, board, now)
            assert isinstance(decision, Send)
            name = decision.candidate.name
            if name == "preferred" and 200 <= second < 800:
                tried_in_vain.append(second)
                board = board.observe(Fact.of(name, Deferred(503), now))
                job = on_its_course(job, tried=(name,))
            else:
                carried_by = name
                board = board.observe(Fact.of(name, Accepted(), now))
        if second > 800 and carried_by == "preferred" and not back_at:
            back_at = second
    assert len(tried_in_vain) == 7, "0.04 % of all attempts"
    assert tried_in_vain == pytest.approx([200, 200.1, 200.2, 279, 404, 558, 730], abs=1)
    assert back_at == pytest.approx(915, abs=1)


def structs() -> list[type[msgspec.Struct]]:
    """Every struct the room defines."""
    names = [name for _, name, _ in iter_modules(posthouse.routing.__path__, "posthouse.routing.")]
    values: list[Any] = [value for name in names for value in vars(import_module(name)).values()]
    found = {value.__name__: value for value in values if isinstance(value, type) and issubclass(value, msgspec.Struct)}
    return [found[name] for name in sorted(found)]


@pytest.mark.parametrize("struct", structs())
def test_what_the_room_knows_and_says_are_values(struct: type[msgspec.Struct]) -> None:
    assert struct.__struct_config__.frozen


def test_a_board_cannot_be_changed_in_place() -> None:
    board = pool("a")
    with pytest.raises(AttributeError):
        board.standings = {}  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Fact.of("a", Accepted(), NOW).at = 0.0  # type: ignore[misc]
