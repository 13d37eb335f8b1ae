"""The limits of a key: so many in a time, so many in a day."""

from hashlib import sha256
from pathlib import Path

import pytest

from posthouse.intake.caller import Caller, Callers
from posthouse.routing.rules import Rate
from tests.web.house import ADMIN_KEY, KEY, House, Later, letter, one_pool, running
from tests.web.test_app import is_a_problem

NEVER_AGAIN = Rate(2, 86400.0)


def limited(house: House, **limits: object) -> None:
    """From now on the key has these limits."""
    keys = {
        KEY: Caller("web", "example.com", **limits),  # type: ignore[arg-type]
        ADMIN_KEY: Caller("ops", None, admin=True),
    }
    house.gateway.app.door.callers = Callers({sha256(key.encode()).digest(): caller for key, caller in keys.items()})


async def test_more_than_the_rate_is_429_with_the_limit_and_when_to_come_again(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house:
        limited(house, rate=NEVER_AGAIN)
        assert [(await house.post(letter())).status for _ in range(2)] == [202, 202]
        reply = await house.post(letter())
        assert is_a_problem(reply, 429)
        assert reply.json["limit"] == "rate"
        assert reply.json["detail"] == "This key may hand in at most 2 messages in 86400 seconds; send it again later."
        assert 43_000 < int(reply.field("retry-after") or "") <= 43_200
        assert (await house.post(letter(), ADMIN_KEY)).status == 202
        assert (await house.get("/email")).status == 200
        assert len((await house.get("/email")).json["messages"]) == 3


async def test_whoever_floods_with_what_is_wrong_is_slowed_down_too(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house:
        limited(house, rate=NEVER_AGAIN)
        assert [(await house.post(b"{")).status for _ in range(3)] == [400, 400, 429]


async def test_a_day_counts_what_was_accepted_and_nothing_else(tmp_path: Path) -> None:
    clock = Later(0)
    async with running(one_pool(tmp_path), tmp_path, clock) as house:
        limited(house, daily=2)
        assert (await house.post(letter(to="nobody"))).status == 422
        assert (await house.post(b"{")).status == 400
        for _ in range(3):  # one message, said three times
            assert (await house.post(letter(), idempotency_key="one")).status == 202
        assert (await house.post(letter(subject="Other"), idempotency_key="one")).status == 422
        sent = await house.accepted(letter())
        reply = await house.post(letter())
        assert is_a_problem(reply, 429)
        assert reply.json["limit"] == "daily"
        assert 0 < int(reply.field("retry-after") or "") <= 86_400
        assert is_a_problem(await house.ask(f"/email/{sent}/resend", {"force": True}), 429)
        assert is_a_problem(await house.ask("/email/batch", {"messages": [letter()]}), 429)
        clock.ahead_s = 86_400
        assert (await house.post(letter())).status == 202


@pytest.mark.parametrize(("size", "status"), [(2, 200), (3, 429)])
async def test_a_batch_counts_as_many_as_it_holds(tmp_path: Path, size: int, status: int) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house:
        limited(house, daily=2)
        wrong = [letter(to="nobody")] * size
        if status == 200:
            assert (await house.ask("/email/batch", {"messages": wrong})).status == 200
        assert (await house.ask("/email/batch", {"messages": [letter()] * size})).status == status
        assert len((await house.get("/email")).json["messages"]) == (size if status == 200 else 0)


async def test_a_daily_limit_holds_over_a_restart(tmp_path: Path) -> None:
    given = one_pool(tmp_path, keys={"web": {"key": KEY, "daily": 2}})
    async with running(given, tmp_path) as house:
        assert [(await house.post(letter())).status for _ in range(3)] == [202, 202, 429]
    async with running(given, tmp_path) as house:
        assert (await house.post(letter())).status == 429


async def test_a17_who_is_over_a_limit_is_told_which_and_when_there_is_room_again(tmp_path: Path) -> None:
    given = one_pool(tmp_path, keys={"web": {"key": KEY, "rate": "2/m"}})
    async with running(given, tmp_path) as house:
        replies = [await house.post(letter()) for _ in range(3)]
    assert [reply.status for reply in replies] == [202, 202, 429]
    refused = replies[-1]
    assert (refused.field("ratelimit-limit"), refused.field("ratelimit-remaining")) == ("2", "0")
    assert refused.field("ratelimit-reset") == refused.field("retry-after")
    assert 0 < int(refused.field("retry-after") or "") <= 60
