"""What the default policy must reach in micromailer's scenarios: 18,000 messages in 30 minutes, one alternative."""

import pytest

from tests.sim.runs import report

SEEDS = (1, 2, 3)
seeds = pytest.mark.parametrize("seed", SEEDS)


@seeds
@pytest.mark.parametrize("name", ["outage", "half"])
def test_an_outage_total_or_half_costs_as_little_as_micromailer_and_it_is_back_sooner(name: str, seed: int) -> None:
    told = report(name, seed=seed)
    assert told.failed_percent <= 0.04
    assert told.recovered_s is not None
    assert told.recovered_s <= 15


@seeds
def test_random_errors_cost_no_more_than_with_micromailer(seed: int) -> None:
    assert report("random", seed=seed).failed_percent <= 1.6


@seeds
@pytest.mark.parametrize("name", ["outage", "half", "random"])
def test_every_message_arrives_once(name: str, seed: int) -> None:
    told = report(name, seed=seed)
    assert (told.messages, told.sent, told.over, told.waiting, told.lost, told.doubled) == (18_000, 18_000, 0, 0, 0, 0)


@seeds
def test_a_few_errors_never_stop_the_mail_of_a_pool_with_one_provider(seed: int) -> None:
    """A rule that leaves a provider early must not leave it where there is no other."""
    alone = report("random-alone", seed=seed)
    assert (alone.sent, alone.waiting, alone.openings) == (18_000, 0, 0)
    assert alone.doubts > 1
    assert alone.p99_s < 20


@pytest.mark.parametrize("name", ["outage-alone", "half-alone"])
def test_alone_an_outage_delays_messages_hardly_longer_than_it_lasts(name: str) -> None:
    alone = report(name)
    assert (alone.sent, alone.waiting) == (18_000, 0)
    assert alone.recovered_s is not None
    assert alone.recovered_s <= 10
    assert alone.p99_s <= 600 + 10
