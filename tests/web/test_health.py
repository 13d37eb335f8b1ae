from pathlib import Path
from typing import Any

import pytest

from posthouse.store.contract import StoreDown
from tests.web.house import House, letter, one_pool, refusing, running


async def test_the_process_is_alive_whoever_asks(house: House) -> None:
    for path in ("/healthz", "/healthcheck"):
        assert (await house.get(path, None)).json == {"status": "ok"}


async def test_it_is_ready_and_tells_how_long_the_oldest_waits_and_how_many_circuits_are_open(tmp_path: Path) -> None:
    unauthorised = {"sandbox": {"maildir": str(tmp_path / "sent")}, "spare": {"type": "sandbox", "enabled": False}}
    async with running(one_pool(tmp_path, providers=unauthorised), tmp_path) as house:
        ready = await house.get("/readyz", None)
        assert (ready.status, ready.json["store"], ready.json["queue_oldest_seconds"]) == (200, "ok", 0.0)
        assert ready.json["circuits"] == {"open": 0, "of": 2}
        assert ready.json["canary"] is None
        waits = await house.accepted(letter(to="x+unauthorised@example.org"))
        await house.until(waits, lambda record: len(record["events"]) > 1)
        ready = await house.get("/readyz", None)
        assert ready.status == 200  # a message is taken while every provider is down: it waits on disk
        assert ready.json["circuits"] == {"open": 1, "of": 2}


async def test_it_is_not_ready_while_the_store_does_not_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: Any) -> float:
        raise StoreDown("the disk is full")

    monkeypatch.setattr(house.gateway._store, "waiting", down)
    ready = await house.get("/readyz", None)
    assert ready.status == 503
    assert ready.json["status"] == "store-down"
    assert (await house.get("/healthz", None)).status == 200


async def test_it_says_when_the_store_does_not_take_a_message(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.gateway._store, "add", refusing(StoreDown("the disk is full")))
    reply = await house.post(letter())
    assert (reply.status, reply.field("retry-after")) == (503, "5")
    assert reply.json["detail"].startswith("The message was not taken: the disk is full.")


async def test_who_only_asks_is_not_told_to_send_a_message_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.gateway._store, "page", refusing(StoreDown("the disk is full")))
    reply = await house.get("/email")
    assert (reply.status, reply.field("retry-after")) == (503, "5")
    assert reply.json["detail"] == "The call cannot be answered: the disk is full. Make it again later."


async def test_a_message_that_was_taken_is_not_denied_because_the_store_went_down_afterwards(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: Any) -> None:
        raise StoreDown("the disk is full")

    monkeypatch.setattr(house.gateway._store, "settled", down)
    assert (await house.post(letter(), prefer="wait=20")).status == 202


async def test_a_canary_that_fails_is_told_and_takes_no_server_out_of_rotation(tmp_path: Path) -> None:
    providers = {"sandbox": {"maildir": str(tmp_path / "sent")}, "other": {"type": "sandbox", "enabled": False}}
    canary = {"pool": "example.com", "to": "x+refuse@example.org"}
    async with running({**one_pool(tmp_path, providers=providers), "canary": canary}, tmp_path) as house:
        ready = await house.get("/readyz", None)
        while ready.json["canary"]["failing"] == 0:
            ready = await house.get("/readyz", None)
        assert (ready.status, ready.json["status"]) == (200, "ready")
        assert ready.json["canary"] == {"failing": 1, "of": 1}
        page = (await house.get("/email?tag=posthouse-canary")).json
        assert [each["status"] for each in page["messages"]] == ["failed"]
