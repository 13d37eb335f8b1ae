"""Nothing that is said against a new message is said against one that is here already."""

from pathlib import Path
from typing import Any

import pytest

from posthouse.clock import SystemClock, rfc3339
from tests.web.house import KEY, House, Later, document, letter, one_pool, running
from tests.web.http import Reply
from tests.web.test_app import is_a_problem

TEST_KEY = "a-key-that-only-pretends"


async def again(house: House, **changes: Any) -> Reply:
    """The message of the key `again`."""
    return await house.post(letter(**changes), idempotency_key="again")


def is_the_first(reply: Reply, first: str) -> bool:
    return (reply.status, reply.json["id"], reply.field("idempotency-replayed")) == (202, first, "true")


async def test_an_outage(tmp_path: Path) -> None:
    given = one_pool(tmp_path, breaker={"failures": 1, "probe_every_s": 1000})
    async with running(given, tmp_path) as house:
        sent = await house.sent(letter(), idempotency_key="again")
        waits = await house.accepted(letter(to="x+defer@example.org"))
        await house.until(waits, lambda record: len(record["events"]) > 1)
        replay = await house.post(letter(), idempotency_key="again", prefer="wait=5")
        assert (replay.status, replay.json["id"], replay.field("idempotency-replayed")) == (200, sent["id"], "true")
        other = await house.post(letter(subject="Other"), idempotency_key="again", prefer="wait=5")
        assert is_a_problem(other, 422)
        assert is_a_problem(await house.post(letter(), idempotency_key="new", prefer="wait=5"), 503)


async def test_a_time_that_has_passed_since(tmp_path: Path) -> None:
    clock = Later(0)
    async with running(document(tmp_path), tmp_path, clock) as house:
        soon = rfc3339(SystemClock().now() + 60)
        first = await house.accepted(letter(expires_at=soon), idempotency_key="again")
        clock.ahead_s = 120
        assert is_the_first(await again(house, expires_at=soon), first)
        assert is_a_problem(await house.post(letter(expires_at=soon), idempotency_key="new"), 422)


async def test_a_rule_that_came_later(tmp_path: Path) -> None:
    async with running(document(tmp_path), tmp_path) as house:
        first = await house.accepted(letter(), idempotency_key="again")
    narrow = one_pool(tmp_path, keys={"web": {"key": KEY, "allow": ["*@example.com"]}})
    async with running(narrow, tmp_path) as house:
        assert is_the_first(await again(house), first)
        assert is_a_problem(await house.post(letter()), 403)


@pytest.mark.parametrize("limit", [{"daily": 1}, {"rate": "1/h"}])
async def test_a_limit_that_is_used_up(tmp_path: Path, limit: dict[str, object]) -> None:
    async with running(one_pool(tmp_path, keys={"web": {"key": KEY, **limit}}), tmp_path) as house:
        first = await house.accepted(letter(), idempotency_key="again")
        for _ in range(3):
            assert is_the_first(await again(house), first)
        assert is_a_problem(await again(house, subject="Other"), 422)
        assert is_a_problem(await house.post(letter(), idempotency_key="new"), 429)
        assert is_a_problem(await house.post(letter()), 429)
        assert is_a_problem(await house.post(letter(to="nobody"), idempotency_key="new"), 429)


@pytest.mark.parametrize("limit", [{"daily": 3}, {"rate": "3/h"}])
async def test_a_limit_that_a_batch_has_used_up(tmp_path: Path, limit: dict[str, object]) -> None:
    messages = {"messages": [letter(), letter(to="nobody"), letter(subject="Other")]}
    async with running(one_pool(tmp_path, keys={"web": {"key": KEY, **limit}}), tmp_path) as house:
        first = await house.ask("/email/batch", messages, idempotency_key="batch")
        await house.accepted(letter()) if "daily" in limit else None
        replay = await house.ask("/email/batch", messages, idempotency_key="batch")
        assert (first.status, replay.status) == (200, 200)
        assert replay.json == first.json
        assert is_a_problem(await house.ask("/email/batch", messages, idempotency_key="new"), 429)
        assert is_a_problem(await house.ask("/email/batch", {"messages": [1]}, idempotency_key="new"), 429)


async def test_a_batch_whose_time_has_passed_since(tmp_path: Path) -> None:
    clock = Later(0)
    async with running(document(tmp_path), tmp_path, clock) as house:
        messages = {"messages": [letter(expires_at=rfc3339(SystemClock().now() + 60)), letter()]}
        first = await house.ask("/email/batch", messages, idempotency_key="batch")
        clock.ahead_s = 120
        assert (await house.ask("/email/batch", messages, idempotency_key="batch")).json == first.json


async def test_a_resend_beyond_the_limit(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path, keys={"web": {"key": KEY, "daily": 2}}), tmp_path) as house:
        sent = await house.sent(letter())
        resend = f"/email/{sent['id']}/resend"
        first = await house.ask(resend, idempotency_key="again")
        assert first.status == 202
        assert is_the_first(await house.ask(resend, idempotency_key="again"), first.json["id"])
        assert is_a_problem(await house.ask(resend, idempotency_key="new"), 429)


async def test_what_a_key_redirects_is_known_by_what_was_asked_for(tmp_path: Path) -> None:
    given = one_pool(tmp_path, keys={"web": {"key": KEY, "redirect": "me@example.com"}})
    async with running(given, tmp_path) as house:
        first = await house.accepted(letter(), idempotency_key="again")
        assert is_the_first(await again(house), first)
        assert is_a_problem(await again(house, to="eve@example.net"), 422)


async def test_what_was_only_pretended_is_not_taken_for_sent(tmp_path: Path) -> None:
    given = one_pool(tmp_path, keys={"web": KEY, "test": {"key": TEST_KEY, "mode": "sandbox"}})
    async with running(given, tmp_path) as house:
        await house.accepted(letter(), TEST_KEY, idempotency_key="again")
        assert is_a_problem(await again(house), 422)
