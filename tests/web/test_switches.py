"""The operator's hand on one provider."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from posthouse.routing.switch import Failing, Switch
from tests.web.house import ADMIN_KEY, KEY, House, Later, document, one_pool, running
from tests.web.test_app import is_a_problem

HERE = "/example.com/sandbox"


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[House]:
    """A house of its own: what is switched stays switched."""
    async with running(one_pool(tmp_path), tmp_path) as opened:
        yield opened


async def switched(house: House, verb: str, said: object = None, **fields: Any) -> dict[str, Any]:
    reply = await house.ask(f"{HERE}/{verb}", said, ADMIN_KEY, **fields)
    assert reply.status == 200, reply
    assert reply.json["name"] == "sandbox"
    found: dict[str, Any] = reply.json["switch"]
    return found


async def on_disk(house: House) -> Switch:
    return (await house.gateway._store.switches())["example.com"]["sandbox"]


async def test_with_nothing_said_a_simulated_failure_is_toggled(alone: House) -> None:
    for fails in (True, False, True):
        switch = await switched(alone, "fail")
        assert (switch["fail"], switch["by"], switch.get("mode")) == (fails, "ops", "error" if fails else None)
        assert (await on_disk(alone)).failing == (Failing() if fails else None)
        shown = (await alone.get("/example.com")).json["providers"][0]["switch"]
        assert shown == switch
    assert not (await switched(alone, "fail", method="DELETE"))["fail"]
    assert not (await switched(alone, "fail/", method="DELETE"))["fail"]


async def test_what_is_said_is_set(alone: House) -> None:
    said = {"fail": True, "mode": "throttle", "rate": 0.5, "for_s": 60}
    for _ in range(2):
        switch = await switched(alone, "fail", said)
        assert (switch["mode"], switch["rate"]) == ("throttle", 0.5)
        assert switch["until"] > switch["at"]
    failing = (await on_disk(alone)).failing
    assert failing is not None
    assert failing.until == pytest.approx((await on_disk(alone)).at + 60, abs=1)
    assert (await switched(alone, "fail", {"mode": "timeout"}))["until"] is None
    assert not (await switched(alone, "fail", {"fail": False}))["fail"]


async def test_a_failure_that_has_ended_is_off(tmp_path: Path) -> None:
    clock = Later(0)
    async with running(one_pool(tmp_path), tmp_path, clock) as house:
        await switched(house, "fail", {"for_s": 60})
        clock.ahead_s = 61
        assert not (await house.get("/example.com")).json["providers"][0]["switch"]["fail"]
        assert (await switched(house, "fail"))["fail"]


async def test_a_form_may_say_it_too(alone: House) -> None:
    pairs = [("fail", "true"), ("mode", "unauthorised"), ("rate", "0.25"), ("for_s", "1.5")]
    reply = await alone.form(pairs, ADMIN_KEY, target=f"{HERE}/fail")
    assert (reply.json["switch"]["mode"], reply.json["switch"]["rate"]) == ("unauthorised", 0.25)


async def test_pause_drain_and_resume_are_kept_with_who_and_why(alone: House) -> None:
    switch = await switched(alone, "pause", {"reason": "their outage"})
    assert (switch["held"], switch["reason"], switch["by"]) == ("pause", "their outage", "ops")
    switch = await switched(alone, "pause", {"drain": True})
    assert (switch["held"], switch["reason"]) == ("drain", None)
    assert (await switched(alone, "pause"))["held"] == "pause"
    switch = await switched(alone, "resume", {"reason": "they are back"})
    assert (switch["held"], switch["reason"]) == ("no", "they are back")


async def test_holding_and_failing_do_not_disturb_each_other(alone: House) -> None:
    await switched(alone, "fail", {"mode": "timeout"})
    await switched(alone, "pause")
    assert (await switched(alone, "resume"))["mode"] == "timeout"
    await switched(alone, "pause")
    assert (await switched(alone, "fail"))["held"] == "pause"


async def test_two_changes_at_once_are_both_kept(alone: House) -> None:
    await asyncio.gather(*[switched(alone, verb) for verb in ("pause", "fail")])
    kept = await on_disk(alone)
    assert (kept.held, kept.failing) == ("pause", Failing())


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("fail", {"mode": "explode"}),
        ("fail", {"rate": 0}),
        ("fail", {"rate": 1.1}),
        ("fail", {"rate": "half"}),
        ("fail", {"rate": True}),
        ("fail", {"rate": "nan"}),
        ("fail", {"for_s": -1}),
        ("fail", {"for_s": 1e10}),
        ("fail", {"fail": "maybe"}),
        ("fail", {"until": 7}),
        ("pause", {"reason": "a\nb"}),
        ("pause", {"reason": "x" * 501}),
        ("pause", {"reason": 7}),
        ("pause", {"drain": 2}),
        ("resume", {"drain": True}),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_changed(house: House, verb: str, said: dict[str, Any]) -> None:
    before = await house.gateway._store.switches()
    reply = await house.ask(f"{HERE}/{verb}", said, ADMIN_KEY)
    assert is_a_problem(reply, 422)
    assert [field for _, field in reply.codes] == list(said)
    assert await house.gateway._store.switches() == before


@pytest.mark.parametrize("verb", ["fail", "pause", "resume"])
async def test_it_is_an_administrators_alone_and_there_must_be_such_a_provider(house: House, verb: str) -> None:
    before = await house.gateway._store.switches()
    refused = [
        await house.ask(f"/{domain}/{provider}/{verb}", None, KEY)
        for domain in ("example.com", "example.net", "example.org")
        for provider in ("sandbox", "unknown")
    ]
    assert all(is_a_problem(reply, 403) for reply in refused)
    assert len({reply.body for reply in refused}) == 1
    assert is_a_problem(await house.ask(f"{HERE}/{verb}", None, None), 401)
    for place in ("example.com/unknown", "example.org/sandbox"):
        assert is_a_problem(await house.ask(f"/{place}/{verb}", None, ADMIN_KEY), 404)
    assert await house.gateway._store.switches() == before


async def test_a_sandbox_keys_sandbox_cannot_be_switched(tmp_path: Path) -> None:
    given = document(tmp_path)
    given["pools"]["example.com"]["keys"]["tester"] = {"key": "tester", "mode": "sandbox"}
    async with running(given, tmp_path) as house:
        assert is_a_problem(await house.ask("/example.com/(sandbox)/fail", None, ADMIN_KEY), 404)


async def test_a_switch_is_kept_over_a_restart(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house:
        await switched(house, "pause", {"reason": "for long"})
    async with running(one_pool(tmp_path), tmp_path) as house:
        assert (await house.get("/example.com")).json["providers"][0]["switch"]["reason"] == "for long"
