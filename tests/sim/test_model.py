"""How a made-up provider answers, with dice that fall as the test says."""

from itertools import cycle
from random import Random

import pytest

from posthouse.routing.outcome import Accepted, Deferred, Outcome, Throttled, Unsure
from posthouse.sim.model import MadeUp, Providers, Spell
from posthouse.sim.units import Limit, Seconds, Share
from tests.sim.runs import spell


class Loaded:
    """Dice that fall in a fixed order, again and again."""

    def __init__(self, *falls: float) -> None:
        self._falls = cycle(falls)

    def random(self) -> float:
        return next(self._falls)


def made(made_up: MadeUp, *falls: float) -> Providers:
    return Providers({"one": made_up}, Loaded(*falls))


def test_a_provider_that_is_well_accepts_after_its_latency() -> None:
    answer = made(MadeUp(latency=Seconds(0.2)), 0.5).send("one", "m-1", 0)
    assert answer.outcome == Accepted(200)
    assert answer.latency_s == pytest.approx(0.2)
    assert answer.taken


def test_latency_lies_between_half_and_one_and_a_half_of_its_mean() -> None:
    providers = Providers({"one": MadeUp(latency=Seconds(1))}, Random(1))
    drawn = [providers.send("one", f"m-{number}", 0).latency_s for number in range(500)]
    assert 0.5 <= min(drawn) < 0.6
    assert 1.4 < max(drawn) < 1.5


@pytest.mark.parametrize(
    ("fall", "kind", "taken"),
    [(0.1, Deferred, False), (0.3, Unsure, True), (0.5, Accepted, False), (0.7, Accepted, True)],
)
def test_a_spell_gives_each_share_of_the_calls_its_fate(fall: float, kind: type[Outcome], taken: bool) -> None:
    ill = MadeUp(spells=(spell(fails=0.2, hangs=0.2, loses=0.2),))
    answer = made(ill, 0.5, fall).send("one", "m-1", 0)
    assert isinstance(answer.outcome, kind)
    assert answer.taken is taken


def test_a_call_without_an_answer_lasts_until_its_deadline() -> None:
    assert made(MadeUp(timeout_s=12, spells=(spell(hangs=1),)), 0.5).send("one", "m-1", 0).latency_s == 12


def test_an_answer_that_comes_after_the_deadline_is_none_though_the_message_was_taken() -> None:
    slow = Spell(latency=Seconds(20))
    answer = made(MadeUp(timeout_s=25, spells=(slow,)), 0.9).send("one", "m-1", 0)
    assert (type(answer.outcome), answer.latency_s, answer.taken) == (Unsure, 25, True)


def test_a_spell_counts_from_its_beginning_and_no_longer_at_its_end() -> None:
    providers = made(MadeUp(spells=(spell(10, 20, fails=1),)), 0.5)
    kinds = [type(providers.send("one", "m-1", at).outcome) for at in (9.9, 10, 19.9, 20)]
    assert kinds == [Accepted, Deferred, Deferred, Accepted]


def test_where_spells_overlap_the_last_one_counts() -> None:
    providers = made(MadeUp(spells=(spell(0, 100, fails=1), spell(40, 60))), 0.5)
    assert isinstance(providers.send("one", "m-1", 39).outcome, Deferred)
    assert isinstance(providers.send("one", "m-1", 50).outcome, Accepted)


def test_beyond_its_limit_it_asks_for_patience_until_the_period_is_over() -> None:
    providers = made(MadeUp(limit=Limit("2/m")), 0.5)
    outcomes = [providers.send("one", "m-1", at).outcome for at in (0, 1, 15, 60)]
    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, Throttled, Accepted]
    assert outcomes[2] == Throttled(429, "too many requests", retry_after_s=45)


def test_it_may_ask_for_another_time_than_it_needs_and_a_spell_may_bring_another_limit() -> None:
    stern = MadeUp(limit=Limit("9/s"), retry_after=Seconds(7), spells=(Spell(limit=Limit("1/s")),))
    providers = made(stern, 0.5)
    assert isinstance(providers.send("one", "m-1", 0.1).outcome, Accepted)
    outcome = providers.send("one", "m-2", 0.2).outcome
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after_s == 7


def test_a_health_call_suffers_as_the_sends_do() -> None:
    assert made(MadeUp(), 0.5).check("one", 0) == (Accepted(200), 0.05)
    ill = MadeUp(spells=(spell(fails=0.4, hangs=0.2),))
    assert made(ill, 0.5, 0.3).check("one", 0) == (Deferred(503, "try later"), 0.05)
    assert made(ill, 0.5, 0.5).check("one", 0) == (Deferred(503, "try later"), 10.0)
    assert made(MadeUp(spells=(Spell(latency=Seconds(60)),)), 0.5).check("one", 0) == (Accepted(200), 10.0)


def test_a_health_call_that_is_not_honest_is_always_well() -> None:
    blind = MadeUp(honest_check=False, spells=(spell(fails=1),))
    assert isinstance(made(blind, 0.1).check("one", 0)[0], Accepted)


def test_it_has_healed_when_the_last_trouble_that_can_be_noticed_is_over() -> None:
    assert MadeUp().healed_at is None
    assert MadeUp(spells=(spell(1, 5, fails=1), spell(2, 9, hangs=1))).healed_at == 9
    assert MadeUp(spells=(spell(1, 5, loses=1),)).healed_at is None
    assert MadeUp(spells=(Spell(fails=Share(1)),)).healed_at is None
    assert MadeUp(spells=(Spell(ends=Seconds(3), latency=Seconds(9)),)).healed_at == 3
    assert MadeUp(spells=(Spell(ends=Seconds(3), limit=Limit("1/s")),)).healed_at == 3
