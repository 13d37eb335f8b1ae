"""The canary: each provider in turn, one message a turn however many processes there are, and what it shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from posthouse.intake.accept import Intake
from posthouse.intake.canary import TAG, Canary, Rounds, Shown, failing
from posthouse.intake.policy import PoolPolicy
from posthouse.mail.limits import Limits
from posthouse.mail.message import Address
from posthouse.metrics.tally import Tally
from posthouse.routing.board import Fact
from posthouse.routing.outcome import Accepted, Deferred, Refused, Unauthorised
from posthouse.routing.rules import BreakerRules
from posthouse.routing.switch import Switch
from posthouse.store.contract import StoreDown
from posthouse.store.values import Query, Told
from posthouse.web.messages import _ONCE_KEY
from tests.delivery.clock import NOW
from tests.delivery.office import NEVER_OPENS, Office, office
from tests.intake.test_accept import Dice
from tests.store.letters import POOL

TURN_S = 60.0
ROUNDS = Rounds(POOL, "canary@example.net", TURN_S, ("first", "second"))
POLICY = PoolPolicy(POOL, providers=frozenset({"first", "second"}))


class Aviary:
    """An office and the canaries of one process; `another` makes those of one more on the same store."""

    def __init__(self, house: Office, policy: PoolPolicy = POLICY) -> None:
        self.house, self.policy, self.tally = house, policy, Tally()
        self.canary = self.another(self.tally)

    def another(self, tally: Tally, rounds: Rounds = ROUNDS) -> Canary:
        intake = Intake(self.house.clock, Dice(), self.house.store, {POOL: self.policy}, Limits())
        made = Canary(self.house.clock, intake, self.house.store, self.house.desk.board, tally)
        made.reconfigure(rounds)
        return made

    async def turn(self) -> None:
        """One turn from its beginning to the beginning of the next: handed in, tried, looked at."""
        await self.canary.step()
        await self.house.attempt()
        await self.canary.step()
        await self.house.clock.advance(TURN_S)

    def shown(self, provider: str) -> Shown:
        return self.canary.shown()[POOL, provider]

    @property
    def sent(self) -> list[str]:
        """Who was given one, in no order of time."""
        return [name for name, carrier in self.house.carriers.items() for _ in carrier.sent]


@asynccontextmanager
async def aviary(
    folder: Path, policy: PoolPolicy = POLICY, breaker: BreakerRules = NEVER_OPENS
) -> AsyncIterator[Aviary]:
    async with office(folder, breaker=breaker) as house:
        assert NOW % TURN_S == 0
        yield Aviary(house, policy)


async def test_each_provider_has_its_turn_and_gets_the_whole_message(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        for _ in range(4):
            await here.turn()
        assert sorted(here.sent) == ["first", "first", "second", "second"]
        for name, carrier in here.house.carriers.items():
            message = carrier.sent[0].message
            assert message.sender == Address(f"posthouse@{POOL}")
            assert message.to == (Address("canary@example.net"),)
            assert message.tags == (TAG,)
            assert name in message.subject
            assert here.shown(name).failures == 0


async def test_the_pools_own_sender_sends_it(tmp_path: Path) -> None:
    policy = PoolPolicy(POOL, default_from=Address(f"post@{POOL}", "Example"), providers=POLICY.providers)
    async with aviary(tmp_path, policy) as here:
        await here.turn()
        (envelope,) = here.house.carriers["first"].sent
        assert envelope.message.sender == Address(f"post@{POOL}", "Example")


async def test_of_several_processes_one_hands_it_in_and_all_know_what_came_of_it(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        tallies = [Tally() for _ in range(5)]
        others = [here.another(tally) for tally in tallies]
        for other in others:
            await other.step()
        await here.turn()
        for other in others:
            await other.step()
        assert here.sent == ["first"]
        assert [other.shown() for other in others] == [here.canary.shown()] * 5
        counted = [tally.canaries[POOL, "first", "sent"] for tally in [here.tally, *tallies]]
        assert sum(counted) == 1


async def test_a_restart_in_the_middle_of_a_turn_sends_no_second_one(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        await here.canary.step()
        await here.house.attempt()
        await here.house.clock.advance(TURN_S / 2)
        reborn = here.another(Tally())
        await reborn.step()
        await here.house.attempt()
        assert here.sent == ["first"]
        assert reborn.shown()[POOL, "first"].status == "sent"


async def test_acceptance_is_counted_and_its_time_measured(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        await here.canary.step()
        await here.house.clock.advance(4.0)
        await here.house.attempt()
        await here.canary.step()
        assert here.tally.canaries == {(POOL, "first", "sent"): 1}
        spread = here.tally.canary_seconds[POOL, "first", "accepted"].value()
        assert (sum(spread.counts), spread.total) == (1, 4.0)
        assert here.shown("first").worked_at == NOW + 4.0


async def test_delivery_is_measured_when_a_provider_tells_of_it(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        await here.turn()
        record = await here.house.only()
        await here.house.store.told([Told(POOL, "first", "delivered", NOW + 20.0, message_id=record.id)])
        await here.turn()
        assert here.tally.canaries[POOL, "first", "delivered"] == 1
        assert here.tally.canary_seconds[POOL, "first", "delivered"].value().total == 20.0
        assert here.tally.canary_seconds[POOL, "first", "accepted"].value().total == 0.0
        assert here.shown("first") == Shown(record.id, "delivered", 0, NOW)


async def test_one_that_bounces_after_all_has_failed(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        await here.turn()
        record = await here.house.only()
        await here.house.store.told([Told(POOL, "first", "bounced", NOW + 20.0, message_id=record.id)])
        await here.turn()
        assert here.shown("first") == Shown(record.id, "bounced", 1, NOW)
        await here.house.store.told([Told(POOL, "first", "complained", NOW + 30.0, message_id=record.id)])
        await here.canary.step()
        assert here.shown("first") == Shown(record.id, "complained", 1, NOW)  # one canary fails once


async def test_late_news_of_an_older_one_says_nothing_of_now(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        await here.turn()
        older = await here.house.only()
        for _ in range(3):
            await here.turn()
        newest = here.shown("first")
        assert newest.id > older.id
        await here.house.store.told([Told(POOL, "first", "bounced", NOW + 90.0, message_id=older.id)])
        await here.canary.step()
        assert here.tally.canaries[POOL, "first", "bounced"] == 1
        assert here.shown("first") == newest


async def test_failures_in_a_row_are_counted_until_one_gets_through(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "posthouse")
    async with aviary(tmp_path) as here:
        here.house.carriers["first"].acts = [Refused("message", 400), Refused("message", 400), Accepted(200)]
        seen = []
        for _ in range(3):
            await here.turn()
            await here.turn()
            seen.append((here.shown("first").failures, failing(here.canary.shown().values())))
        assert seen == [(1, 1), (2, 1), (0, 0)]
        assert here.shown("second").failures == 0
        said = [line for line in caplog.messages if "canary" in line]
        assert said == ["canary failed", "canary failed", "canary gets through again"]


async def test_one_that_nobody_takes_expires_within_its_turn_and_has_failed(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        here.house.carriers["first"].acts = [Deferred(503)] * 100
        await here.canary.step()
        await here.house.attempt()
        await here.house.clock.advance(TURN_S - 1)
        await here.house.attempt()
        await here.canary.step()
        assert (here.shown("first").status, here.shown("first").failures) == ("expired", 1)
        assert here.house.carriers["second"].sent == []  # it is no other provider's to carry


async def test_an_open_circuit_holds_it_back_and_it_fails(tmp_path: Path) -> None:
    async with aviary(tmp_path, breaker=BreakerRules(failures=1, min_calls=10**9, probe_every_s=1000.0)) as here:
        here.house.desk.observe(POOL, Fact.of("first", Unauthorised(401), NOW, NOW))
        await here.canary.step()
        await here.house.attempt()
        await here.house.clock.advance(TURN_S - 1)
        await here.house.attempt()
        await here.canary.step()
        assert here.shown("first").status == "expired"
        assert here.sent == []


async def test_a_paused_provider_is_let_alone_and_a_drained_one_is_tried(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        here.house.desk.board(POOL)
        here.house.desk.switched({POOL: {"first": Switch("pause"), "second": Switch("drain")}})
        await here.turn()
        await here.turn()
        assert here.sent == ["second"]
        assert here.canary.shown().keys() == {(POOL, "second")}
        assert len(await here.house.store.page(Query())) == 1


async def test_it_counts_against_the_providers_quota_and_against_no_key(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        await here.turn()
        spent = await here.house.store.spent(NOW - 1, NOW - 1, [(POOL, "first")])
        assert spent[POOL, "first"].today == 1
        assert await here.house.store.accepted(NOW - 1) == {}


def test_no_caller_can_take_its_turn_by_an_idempotency_key() -> None:
    assert not _ONCE_KEY.fullmatch(f"canary {ROUNDS.turn(NOW)}".encode())


async def test_a_store_that_is_down_is_not_the_providers_failure_and_the_turn_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with aviary(tmp_path) as here:

        async def down(*_: object) -> None:
            raise StoreDown("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(here.house.store, "add", down)
            with pytest.raises(StoreDown):
                await here.canary.step()
        assert here.canary.shown() == {}
        await here.turn()
        assert here.sent == ["first"]


async def test_other_rounds_keep_what_is_known_of_the_providers_that_stay(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        await here.turn()
        await here.turn()
        here.canary.reconfigure(Rounds(POOL, "other@example.net", TURN_S, ("second",)))
        assert here.canary.shown().keys() == {(POOL, "second")}
        here.canary.reconfigure(None)
        assert here.canary.shown() == {}
        await here.turn()
        assert sorted(here.sent) == ["first", "second"]


async def test_it_goes_on_by_itself(tmp_path: Path) -> None:
    async with aviary(tmp_path) as here:
        watching = asyncio.create_task(here.canary.watching())
        await here.house.clock.sleeping(1)
        await here.house.attempt()
        await here.house.clock.advance(TURN_S)
        while len(await here.house.store.page(Query())) < 2:
            await asyncio.sleep(0)
            await here.house.clock.advance(1)
        watching.cancel()
        assert here.shown("first").status == "sent"
