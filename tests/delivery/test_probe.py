import asyncio
from pathlib import Path
from typing import Any

import pytest

from posthouse.delivery import probe as asking
from posthouse.delivery.probe import probe, probing
from posthouse.mail.message import Address, Envelope, Message
from posthouse.routing.board import Fact
from posthouse.routing.breaker import State
from posthouse.routing.outcome import Accepted, Deferred, Throttled, Unauthorised
from posthouse.routing.rules import BreakerRules, Candidate
from tests.delivery.clock import NOW
from tests.delivery.office import Act, Gate, Office, office
from tests.store.letters import POOL, letter

RULES = BreakerRules(failures=1, min_calls=10**9, probe_every_s=5.0, probe_passes=1)
MAIL = Message(Address("posthouse@example.com"), to=(Address("probe@example.com"),), subject="Probe", text="x")


def state(house: Office, provider: str = "first") -> State:
    return house.desk.circuits(house.clock.now())[POOL][provider]


async def broken(house: Office) -> None:
    """Let the circuit of `first` open."""
    house.carriers["first"].acts = [Deferred(503)]
    await house.add(letter())
    await house.attempt()
    assert state(house) == "open"


async def test_a_good_answer_closes_the_circuit(tmp_path: Path) -> None:
    async with office(tmp_path, breaker=RULES) as house:
        await broken(house)
        await house.clock.advance(5)
        await probe(house.desk, POOL, "first")
        assert state(house) == "closed"
        assert len(house.carriers["first"].sent) == 1  # the customer's message; the probe sent none


@pytest.mark.parametrize(
    "answer",
    [Deferred(503), Unauthorised(401), RuntimeError("secret inside")],
    ids=["deferred", "unauthorised", "fault"],
)
async def test_another_answer_keeps_it_open_until_the_next_time(tmp_path: Path, answer: Act) -> None:
    async with office(tmp_path, breaker=RULES) as house:
        await broken(house)
        house.carriers["first"].health = [answer]
        await house.clock.advance(5)
        await probe(house.desk, POOL, "first")
        circuit = house.desk.board(POOL).standing("first").circuit
        assert (circuit.opened_at, circuit.probe_at, circuit.probing) == (NOW, NOW + 10, False)


async def test_an_answer_that_says_nothing_of_its_health_lets_another_probe_pass(tmp_path: Path) -> None:
    async with office(tmp_path, breaker=RULES) as house:
        await broken(house)
        house.carriers["first"].health = [Throttled(429)]
        await house.clock.advance(5)
        await probe(house.desk, POOL, "first")
        circuit = house.desk.board(POOL).standing("first").circuit
        assert (circuit.opened_at, circuit.probing) == (NOW, False)


async def test_where_the_pool_wants_it_a_dummy_message_is_the_probe(tmp_path: Path) -> None:
    async with office(tmp_path, MAIL, breaker=RULES) as house:
        await broken(house)
        await house.clock.advance(5)
        await probe(house.desk, POOL, "first")
        assert house.carriers["first"].sent[-1] == Envelope("probe-1800000005", MAIL, NOW + 5)
        assert house.carriers["first"].probes == 0
        assert state(house) == "closed"


# Again and again.


async def looked(house: Office, times: int = 1) -> None:
    """Let it look for what is due for a probe, so many times."""
    for _ in range(times):
        count = len(house.clock.slept)
        await house.clock.advance(asking.LOOK_S)
        await house.clock.sleeping(count + 1)
        await asyncio.sleep(0)  # the probes it began run as far as they get


async def test_an_open_circuit_is_probed_when_it_is_time_and_a_closed_one_never(tmp_path: Path) -> None:
    async with office(tmp_path, breaker=RULES) as house:
        await broken(house)
        house.carriers["first"].health = [Deferred(503), Accepted(200)]
        task = asyncio.create_task(probing(house.desk))
        await house.clock.sleeping(1)
        await looked(house, 9)
        assert house.carriers["first"].probes == 0
        await looked(house)
        assert (house.carriers["first"].probes, state(house)) == (1, "open")
        await looked(house, 10)
        assert (house.carriers["first"].probes, state(house)) == (2, "closed")
        await looked(house, 20)
        assert (house.carriers["first"].probes, house.carriers["second"].probes) == (2, 0)
        task.cancel()


async def test_a_provider_that_a_reload_took_away_meanwhile_is_not_asked(tmp_path: Path) -> None:
    async with office(tmp_path, breaker=RULES) as house:
        await broken(house)
        house.desk.carriers = {line: one for line, one in house.desk.carriers.items() if line != (POOL, "first")}
        await probe(house.desk, POOL, "first")
        assert state(house) == "open"
        assert not await asking.chosen(house.desk, POOL, "first")
        task = asyncio.create_task(probing(house.desk))
        await house.clock.sleeping(1)
        await looked(house, 20)
        assert not task.done()
        task.cancel()


async def test_who_hears_of_another_ones_answer_while_asking_whose_turn_it_is_does_not_ask_the_provider(
    tmp_path: Path,
) -> None:
    class Meanwhile:
        """In the place of the exchange: the turn is this one's, and the circuit was closed in between."""

        async def take_probe(self, pool: str, provider: str, hold_s: float) -> bool:
            now = house.clock.now()
            house.desk.observe(pool, Fact.of(provider, Accepted(200), now, now, spends=False, probe=True))
            return True

        def learnt(self, pool: str, fact: Fact) -> None:
            """Nobody is told."""

    async with office(tmp_path, breaker=RULES) as house:
        await broken(house)
        house.desk.exchange = Meanwhile()  # type: ignore[assignment]
        task = asyncio.create_task(probing(house.desk))
        await house.clock.sleeping(1)
        await looked(house, 20)
        assert (house.carriers["first"].probes, state(house)) == (0, "closed")
        task.cancel()


async def test_one_probe_at_a_time_however_long_it_takes_and_no_message_meanwhile(tmp_path: Path) -> None:
    async with office(tmp_path, MAIL, breaker=RULES) as house:
        await broken(house)
        gate = Gate()
        house.carriers["first"].acts = [gate]
        task = asyncio.create_task(probing(house.desk))
        await house.clock.sleeping(1)
        await looked(house, 100)
        await gate.reached(lambda gate: gate.waiting == 1)
        assert len(house.carriers["first"].sent) == 2
        await house.add(letter(1, at=house.clock.now()))
        await house.attempt()
        assert len(house.carriers["first"].sent) == 2
        gate.open()
        await gate.reached(lambda gate: gate.passed == 1)
        await looked(house)
        assert state(house) == "closed"
        task.cancel()


@pytest.mark.parametrize(
    "rules",
    [
        {"breaker": BreakerRules(failures=1, probe_every_s=5.0, traffic=True)},
        {"breaker": RULES, "candidates": (Candidate("first", enabled=False), Candidate("second", order=2))},
    ],
    ids=["customers' messages are the probes", "switched off"],
)
async def test_nobody_is_asked_where_nobody_is_to_be_asked(tmp_path: Path, rules: dict[str, Any]) -> None:
    async with office(tmp_path, **rules) as house:
        house.desk.observe(POOL, Fact.of("first", Deferred(503), NOW))
        task = asyncio.create_task(probing(house.desk))
        await house.clock.sleeping(1)
        await looked(house, 20)
        assert house.carriers["first"].probes == 0
        task.cancel()


async def test_a_customers_message_is_the_probe_where_the_pool_says_so(tmp_path: Path) -> None:
    rules = BreakerRules(failures=1, min_calls=10**9, probe_every_s=5.0, traffic=True)
    async with office(tmp_path, breaker=rules) as house:
        await broken(house)
        await house.attempt()  # the message goes elsewhere
        await house.clock.advance(5)
        await house.add(letter(1, at=house.clock.now()))
        await house.attempt()
        assert len(house.carriers["first"].sent) == 2
        assert state(house) == "closed"
