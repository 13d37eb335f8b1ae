"""After a restore, over HTTP: what waits is told everywhere, what is new flows, and a verdict is given once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from posthouse.delivery.tail import follow
from posthouse.store.values import Restoring, Who
from tests.web.described import holds
from tests.web.house import ADMIN_KEY, House, document, letter, running
from tests.web.test_app import is_a_problem

LATER = "2036-01-01T00:00:00Z"


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[House]:
    async with running(document(tmp_path), tmp_path) as opened:
        yield opened


async def in_doubt(house: House, count: int = 1, **more: Any) -> list[str]:
    """So many messages that were unfinished in a copy which this store is said to be; their ids."""
    await switched(house, "pause")  # or they would be on their way already
    ids = [await house.accepted(letter(**more)) for _ in range(count)]
    await house.gateway._store.restored([Restoring(house.gateway._clock.now(), Who("command"), 1_790_000_000.0)])
    await switched(house, "resume")
    return ids


async def switched(house: House, how: str) -> None:
    """Pause or resume the sandbox, and have the desk know it."""
    await house.ask(f"/example.com/sandbox/{how}", None, ADMIN_KEY)
    await follow(house.gateway._desk, house.gateway._store)


async def told(house: House) -> dict[str, Any]:
    reply = await house.get("/admin/release", ADMIN_KEY)
    assert reply.status == 200, reply
    holds("GET", "/admin/release", reply)
    found: dict[str, Any] = reply.json
    return found


async def released(house: House, **said: Any) -> dict[str, Any]:
    reply = await house.ask("/admin/release", said, ADMIN_KEY)
    assert reply.status == 200, reply
    holds("POST", "/admin/release", reply)
    found: dict[str, Any] = reply.json
    return found


async def test_a_store_that_is_no_copy_says_so(alone: House) -> None:
    assert await told(alone) == {"in_doubt": 0, "pools": {}, "copied_at": None, "restored_at": None}
    assert (await alone.get("/readyz", None)).json["in_doubt"] == 0


async def test_what_waits_is_told_and_what_is_new_is_sent_at_once(alone: House) -> None:
    [held] = await in_doubt(alone)
    found = await told(alone)
    assert (found["in_doubt"], found["pools"]) == (1, {"example.com": 1})
    assert found["copied_at"] == "2026-09-21T14:13:20.000Z"
    ready = await alone.get("/readyz", None)
    assert (ready.status, ready.json["in_doubt"]) == (200, 1)
    assert (await alone.sent(letter()))["status"] == "sent"
    record = (await alone.get(f"/email/{held}")).json
    assert (record["status"], record["attempts"]) == ("held", [])
    assert "restored from a copy" in record["events"][-1]["detail"]


async def test_what_is_released_to_be_sent_goes_out_and_is_marked(alone: House) -> None:
    [held] = await in_doubt(alone)
    assert await released(alone, unfinished="send") == {"verdict": "send", "released": 1, "in_doubt": 0}
    record = await alone.until(held, lambda record: record["status"] == "sent")
    assert record["possible_duplicate"]
    assert alone.mail(held) is not None
    assert (await alone.get("/readyz", None)).json["in_doubt"] == 0


@pytest.mark.parametrize(("verdict", "status"), [("hold", "held"), ("cancel", "cancelled")])
async def test_what_is_not_to_be_sent_is_not(alone: House, verdict: str, status: str) -> None:
    [held] = await in_doubt(alone)
    assert (await released(alone, unfinished=verdict))["released"] == 1
    assert (await alone.get(f"/email/{held}")).json["status"] == status
    assert (await released(alone, unfinished="send"))["released"] == 0
    assert alone.mail(held) is None


async def test_a_verdict_for_some_leaves_the_others(alone: House) -> None:
    first, second, third = await in_doubt(alone, 3, send_at=LATER)
    assert await released(alone, unfinished="cancel", ids=[first]) == {
        "verdict": "cancel",
        "released": 1,
        "in_doubt": 2,
    }
    assert (await released(alone, unfinished="send", pool="example.net"))["in_doubt"] == 2
    assert (await released(alone, unfinished="send", ids=[second], pool="EXAMPLE.com"))["in_doubt"] == 1
    states = [(await alone.get(f"/email/{one}")).json["status"] for one in (first, second, third)]
    assert states == ["cancelled", "scheduled", "held"]


async def test_more_than_a_slice_is_released_by_one_call(alone: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("web.release", "store.sqlite.restored"):
        monkeypatch.setattr(f"posthouse.{place}.SLICE", 2)
    await in_doubt(alone, 5, send_at=LATER)
    assert (await released(alone, unfinished="cancel"))["released"] == 5


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "unfinished"),
        ({"unfinished": "maybe"}, "unfinished"),
        ({"unfinished": "send", "ids": [7]}, "ids"),
        ({"unfinished": "send", "ids": ["x"] * 1001}, "ids"),
        ({"unfinished": "send", "pool": 7}, "pool"),
        ({"unfinished": "send", "all": True}, "all"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_changed(house: House, said: dict[str, Any], field: str) -> None:
    reply = await house.ask("/admin/release", said, ADMIN_KEY)
    assert is_a_problem(reply, 422)
    assert [name for _, name in reply.codes] == [field]
