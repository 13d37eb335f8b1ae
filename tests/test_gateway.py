"""The whole of it, built from a configuration: what is opened, what is carried over, and how it ends."""

import asyncio
import gc
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posthouse import gateway as house
from posthouse.gateway import DISK_FAILED, Gateway
from posthouse.store.contract import StoreDown, StoreRefused
from tests.web.house import ADMIN_KEY, House, Later, configuration, letter, one_pool, running


@pytest.fixture(autouse=True)
def _garbage_as_it_was() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def listener() -> socket.socket:
    opened = socket.create_server(("127.0.0.1", 0))
    opened.setblocking(False)
    return opened


async def test_a_store_in_use_is_refused(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path):
        with pytest.raises(StoreRefused, match="in use by another Posthouse process"):
            await Gateway.open(configuration(one_pool(tmp_path)))


async def test_messages_are_kept_over_a_restart_and_delivered_after_it(tmp_path: Path) -> None:
    without = one_pool(tmp_path, providers={"sandbox": {"maildir": str(tmp_path / "sent"), "enabled": False}})
    async with running(without, tmp_path) as first:
        kept = [await first.accepted(letter(subject=str(number))) for number in range(5)]
    # Who was switched off is asked about again after a while.
    async with running(one_pool(tmp_path), tmp_path, Later(60)) as second:
        for message_id in kept:
            record = await second.until(message_id, lambda record: record["status"] == "sent")
            assert [event["type"] for event in record["events"]] == ["accepted", "sent"]


async def test_an_open_circuit_is_still_open_after_a_restart(tmp_path: Path) -> None:
    given = one_pool(tmp_path, breaker={"failures": 1, "probe_every_s": 1000})
    async with running(given, tmp_path) as first:
        waits = await first.accepted(letter(to="x+defer@example.org"))
        await first.until(waits, lambda record: len(record["events"]) > 1)
        assert (await first.get("/readyz")).json["circuits"]["open"] == 1
    async with running(given, tmp_path) as second:
        assert (await second.get("/readyz")).json["circuits"]["open"] == 1


async def test_an_attempt_cut_off_by_the_end_of_the_process_is_doubt_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "DRAIN_S", 0.0)
    async with running(one_pool(tmp_path), tmp_path) as first:
        slow = await first.accepted(letter(to="x+slow@example.org"))
        await first.until(slow, lambda record: record["status"] == "sending")
    async with running(one_pool(tmp_path, on_unsure="hold"), tmp_path) as second:
        record = await second.until(slow, lambda record: record["status"] == "held")
        assert record["attempts"][0]["outcome"] == "unsure"


async def test_what_has_begun_when_it_is_asked_to_stop_is_finished(tmp_path: Path) -> None:
    providers = {"sandbox": {"maildir": str(tmp_path / "sent"), "slow_s": 0.3}}
    async with running(one_pool(tmp_path, providers=providers), tmp_path) as first:
        slow = await first.accepted(letter(to="x+slow@example.org"))
        await first.until(slow, lambda record: record["status"] == "sending")
    async with running(one_pool(tmp_path), tmp_path) as second:
        record = (await second.get(f"/email/{slow}", ADMIN_KEY)).json
        assert (record["status"], record["possible_duplicate"]) == ("sent", False)


async def test_a_disk_that_failed_ends_it_with_a_status_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await Gateway.open(configuration(one_pool(tmp_path)))
    ran = asyncio.create_task(gateway.run(listener()))

    async def failed(*_: Any) -> Any:
        raise StoreDown("the disk failed", fatal=True)

    monkeypatch.setattr(gateway._store, "claim", failed)
    assert await ran == DISK_FAILED


async def test_a_store_that_says_it_failed_ends_it_without_waiting_for_attempts(tmp_path: Path) -> None:
    gateway = await Gateway.open(configuration(one_pool(tmp_path)))
    opened = listener()
    ran = asyncio.create_task(gateway.run(opened))
    here = House(gateway, opened.getsockname()[1], tmp_path)
    slow = await here.accepted(letter(to="x+slow@example.org"))
    await here.until(slow, lambda record: record["status"] == "sending")
    gateway._store.failed.set()
    assert await ran == DISK_FAILED


async def test_a_store_that_hangs_does_not_hold_it_when_it_is_asked_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(house, "LET_GO_S", 0.05)
    gateway = await Gateway.open(configuration(one_pool(tmp_path)))
    close, hangs = gateway._store.close, asyncio.Event()

    async def hanging(*_: object) -> None:
        await hangs.wait()

    monkeypatch.setattr(gateway._store, "leave", hanging)
    monkeypatch.setattr(gateway._store, "close", hanging)
    ready = asyncio.Event()
    ran = asyncio.create_task(gateway.run(listener(), ready.set))
    await ready.wait()
    gateway.stop()
    async with asyncio.timeout(10):
        assert await ran == 0
    assert caplog.messages == ["the store did not let go in time"] * 2
    await close()


async def test_it_says_when_it_is_ready_and_no_sooner(tmp_path: Path) -> None:
    gateway = await Gateway.open(configuration(one_pool(tmp_path)))
    opened = listener()
    here, ready = House(gateway, opened.getsockname()[1], tmp_path), asyncio.Event()
    ran = asyncio.create_task(gateway.run(opened, ready.set))
    await ready.wait()
    assert (await here.get("/readyz")).status == 200
    gateway.stop()
    assert await ran == 0


async def test_a_reload_begins_and_ends_the_canary(tmp_path: Path) -> None:
    without = one_pool(tmp_path)
    asked = {**without, "canary": {"pool": "example.com", "to": "canary@example.org"}}
    async with running(without, tmp_path) as here:
        assert (await here.get("/readyz")).json["canary"] is None
        here.gateway._apply(configuration(asked))
        assert (await here.get("/readyz")).json["canary"] == {"failing": 0, "of": 1}
        async with asyncio.timeout(20):
            while not (await here.get("/email?tag=posthouse-canary", ADMIN_KEY)).json["messages"]:
                pass
        here.gateway._apply(configuration(without))
        assert (await here.get("/readyz")).json["canary"] is None
