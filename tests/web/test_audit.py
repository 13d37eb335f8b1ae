"""Who changed what, over HTTP: whatever an operator can change leaves a line with who, when, why, before and after."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from posthouse.store.contract import StoreDown
from tests.web.described import holds
from tests.web.house import ADMIN_KEY, KEY, House, document, running
from tests.web.test_admin import filed, with_another_key
from tests.web.test_app import is_a_problem

HERE = "/example.com/sandbox"
OPS = {"kind": "admin", "name": "ops", "address": "127.0.0.1"}


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[House]:
    """A house of its own, in which nothing was changed."""
    async with running(document(tmp_path), tmp_path) as opened:
        yield opened


async def told(house: House, asked: str = "") -> list[dict[str, Any]]:
    reply = await house.get(f"/admin/audit{asked}", ADMIN_KEY)
    assert reply.status == 200, reply
    holds("GET", "/admin/audit", reply)
    found: list[dict[str, Any]] = reply.json["changes"]
    return found


async def until(house: House, count: int, asked: str = "") -> list[dict[str, Any]]:
    """What is told once it is so many: what does not change in the store is written a moment after it is in force."""
    while len(found := await told(house, asked)) < count:
        pass
    return found


async def test_every_switch_is_told_with_who_why_and_what_was_before(alone: House) -> None:
    assert await told(alone) == []
    await alone.ask(f"{HERE}/pause", {"reason": "their outage"}, ADMIN_KEY)
    await alone.ask(f"{HERE}/pause", {"drain": True}, ADMIN_KEY)
    await alone.ask(f"{HERE}/fail", {"mode": "throttle"}, ADMIN_KEY)
    await alone.ask(f"{HERE}/fail", key=ADMIN_KEY, method="DELETE")
    await alone.ask(f"{HERE}/resume", {"reason": "they are back"}, ADMIN_KEY)
    throttled = {"mode": "throttle", "rate": 1.0, "until": None}
    *_, first = found = await told(alone)
    assert [one["after"]["held"] for one in found] == ["no", "drain", "drain", "drain", "pause"]
    assert [one["after"]["failing"] for one in found] == [None, None, throttled, None, None]
    assert [one["before"] for one in found[:-1]] == [one["after"] for one in found[1:]]
    assert [one["reason"] for one in found] == ["they are back", None, None, None, "their outage"]
    del first["at"]
    assert first == {
        "what": "switch",
        "pool": "example.com",
        "subject": "sandbox",
        "who": OPS,
        "reason": "their outage",
        "before": {"held": "no", "failing": None},
        "after": {"held": "pause", "failing": None},
    }


async def test_suppressions_are_told_by_whose_key_they_came_and_went(alone: House) -> None:
    await alone.ask("/example.com/suppressions", {"address": "ann@example.org", "reason": "asked to"}, KEY)
    await alone.delete("/example.com/suppressions?address=ann@example.org", ADMIN_KEY)
    await alone.delete("/example.com/suppressions?address=bob@example.org", ADMIN_KEY)
    gone, came = await told(alone, "?what=suppression")
    assert (came["who"]["kind"], came["who"]["name"]) == ("pool", "web")
    assert (came["subject"], came["reason"], came["before"]) == ("ann@example.org", "asked to", None)
    assert (gone["who"], gone["after"], gone["before"]["by"]) == (OPS, None, "web")


async def test_a_configuration_that_is_replaced_is_told_and_so_are_its_keys(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        changed = with_another_key(tmp_path)
        changed["retention"] = {"content": "1d"}
        assert (await house.ask("/admin/config", changed, ADMIN_KEY, "PUT")).status == 200
        found = await until(house, 4)
        configuration, *keys = reversed(found)
        assert (configuration["who"], configuration["subject"]) == (OPS, str(file))
        assert "retention.content" in configuration["after"]["changed"]
        assert [(key["subject"], key["before"] is None, key["after"] is None) for key in keys] == [
            ("web", False, True),
            ("old", False, True),
            ("new", True, False),
        ]
        text = json.dumps(found)
        assert not [secret for secret in (KEY, ADMIN_KEY, "a-key-made-after-the-start") if secret in text]


async def test_a_reload_that_changes_something_is_told_whoever_asks_for_it(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        file.write_text(json.dumps(document(tmp_path, retention={"content": "1d"})))
        await house.ask("/admin/reload", key=ADMIN_KEY)
        file.write_text(json.dumps(document(tmp_path, retention={"content": "2d"})))
        house.gateway.reload()
        found = await until(house, 2)
        await house.ask("/admin/reload", key=ADMIN_KEY)
        file.write_text("{")
        await house.ask("/admin/reload", key=ADMIN_KEY)
        assert await told(house) == found
        assert [one["who"]["kind"] for one in found] == ["signal", "admin"]


async def test_it_is_listed_in_pages_by_pool_kind_and_time(alone: House) -> None:
    for count in range(5):
        await alone.ask(f"{HERE}/pause", {"reason": str(count)}, ADMIN_KEY)
    await alone.ask("/example.net/sandbox/pause", {"reason": "other"}, ADMIN_KEY)
    asked, found = "?pool=example.com&what=switch&limit=2", list[str]()
    cursor = ""
    while True:
        reply = await alone.get(f"/admin/audit{asked}{cursor}", ADMIN_KEY)
        found += [one["reason"] for one in reply.json["changes"]]
        if reply.json["next_cursor"] is None:
            break
        cursor = f"&cursor={reply.json['next_cursor']}"
    assert found == ["4", "3", "2", "1", "0"]
    assert is_a_problem(await alone.get(f"/admin/audit?limit=2{cursor}", ADMIN_KEY), 400)
    assert await told(alone, "?since=2036-01-01T00:00:00Z") == []
    assert len(await told(alone, "?since=2020-01-01T00:00:00Z&pool=example.net")) == 1


@pytest.mark.parametrize(
    "asked", ["limit=0", "limit=101", "limit=x", "what=nothing", "since=yesterday", "cursor=made-up", "colour=red"]
)
async def test_what_is_wrong_is_named(house: House, asked: str) -> None:
    reply = await house.get(f"/admin/audit?{asked}", ADMIN_KEY)
    assert is_a_problem(reply, 400)
    assert [field for _, field in reply.codes] == [asked.partition("=")[0]]


async def test_a_switch_that_cannot_be_written_is_neither_set_nor_told(
    alone: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posthouse.store.sqlite import switches

    def failing(*args: object) -> None:
        raise StoreDown("no room for the audit")

    monkeypatch.setattr(switches, "audit", failing)
    assert (await alone.ask(f"{HERE}/pause", None, ADMIN_KEY)).status == 503
    monkeypatch.undo()
    assert await alone.gateway._store.switches() == {}
    assert await told(alone) == []
