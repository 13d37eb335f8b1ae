"""The configuration over HTTP, on a house whose file lies in a folder."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from posthouse.config.load import from_bytes, from_file
from posthouse.config.schema import Config
from posthouse.providers.catalogue import SPECS
from tests.delivery.clock import NOW
from tests.web.house import ADMIN_KEY, KEY, House, document, letter, running

NEW_KEY = "a-key-made-after-the-start"


@asynccontextmanager
async def filed(folder: Path, **changes: Any) -> AsyncIterator[tuple[House, Path]]:
    """A house that was started from a file, and may read it again."""
    file = folder / "posthouse.yaml"
    file.write_text(json.dumps(document(folder, **changes)))

    def loaded() -> Any:
        return from_file(file, {}, SPECS, NOW)

    config = loaded()
    assert isinstance(config, Config), config
    async with running(config, folder, load=loaded, parse=lambda data: from_bytes(data, {}, SPECS, NOW)) as house:
        yield house, file


def with_another_key(folder: Path) -> dict[str, Any]:
    changed = document(folder)
    changed["pools"]["example.com"]["keys"] = {"new": NEW_KEY}
    return changed


async def test_a_reload_puts_a_new_key_in_force_and_the_old_one_out(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        assert (await house.get("/example.com", NEW_KEY)).status == 401
        file.write_text(json.dumps(with_another_key(tmp_path)))
        reply = await house.ask("/admin/reload", key=ADMIN_KEY)
        assert (reply.status, reply.json["status"]) == (200, "in force")
        assert reply.json["changed"] == [f"pools.example.com.keys.{name}" for name in ("web", "old", "new")]
        assert (await house.get("/example.com", NEW_KEY)).status == 200
        assert (await house.get("/example.com", KEY)).status == 401


async def test_a_new_pool_and_a_new_provider_carry_mail_without_a_restart(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        changed = document(tmp_path)
        changed["pools"]["example.org"] = {
            "keys": {"web": NEW_KEY},
            "providers": {"spare": {"type": "sandbox", "maildir": str(tmp_path / "sent-org")}},
        }
        file.write_text(json.dumps(changed))
        assert (await house.ask("/admin/reload", key=ADMIN_KEY)).status == 200
        record = await house.sent(letter(**{"from": "ann@example.org"}), NEW_KEY)
        assert (record["status"], record["provider"]) == ("sent", "spare")
        assert house.mail(record["id"], "sent-org") is not None


async def test_a_broken_file_changes_nothing_and_readiness_says_so_until_it_is_mended(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        good = file.read_text()
        file.write_text("pools: {example.com: {strategy: best}}")
        reply = await house.ask("/admin/reload", key=ADMIN_KEY)
        assert reply.status == 422
        assert "pools.example.com.strategy" in [problem["field"] for problem in reply.json["problems"]]
        ready = await house.get("/readyz")
        assert (ready.status, ready.json["configuration"]) == (200, "broken")
        assert (await house.sent(letter()))["status"] == "sent"
        file.write_text(good)
        assert (await house.ask("/admin/reload", key=ADMIN_KEY)).json["changed"] == []
        assert (await house.get("/readyz")).json["configuration"] == "ok"


async def test_the_configuration_is_shown_without_its_secrets(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, _):
        reply = await house.get("/admin/config", ADMIN_KEY)
        assert reply.status == 200
        assert set(reply.json["pools"]) == {"example.com", "example.net"}
        assert KEY not in reply.body.decode()
        assert ADMIN_KEY not in reply.body.decode()


async def test_what_was_shown_may_be_put_back_with_a_change(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        changed = (await house.get("/admin/config", ADMIN_KEY)).json
        changed["pools"]["example.com"]["strategy"] = "score"
        reply = await house.ask("/admin/config", changed, ADMIN_KEY, "PUT")
        assert (reply.status, reply.json["changed"]) == (200, ["pools.example.com.strategy"])
        assert json.loads(file.read_text())["pools"]["example.com"]["strategy"] == "score"
        assert (await house.get("/example.com", KEY)).json["strategy"] == "score"


async def test_a_broken_replacement_changes_neither_the_file_nor_what_is_in_force(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        before = file.read_text()
        reply = await house.ask("/admin/config", {"pools": {"example.com": {"speed": 9}}}, ADMIN_KEY, "PUT")
        assert reply.status == 422
        assert "pools.example.com.speed" in [problem["field"] for problem in reply.json["problems"]]
        assert file.read_text() == before
        assert (await house.sent(letter()))["status"] == "sent"


async def test_a_broken_replacement_is_no_broken_file(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, _):
        assert (await house.ask("/admin/config", {"pools": 7}, ADMIN_KEY, "PUT")).status == 422
        assert (await house.get("/readyz")).json["configuration"] == "ok"


async def test_a_file_that_is_gone_or_no_yaml_is_mended_by_what_was_shown(tmp_path: Path) -> None:
    async with filed(tmp_path) as (house, file):
        file.write_bytes(b"\xff")
        await house.ask("/admin/reload", key=ADMIN_KEY)
        assert (await house.get("/readyz")).json["configuration"] == "broken"
        shown = await house.get("/admin/config", ADMIN_KEY)
        assert (shown.status, set(shown.json["pools"])) == (200, {"example.com", "example.net"})
        file.unlink()
        assert (await house.get("/admin/config", ADMIN_KEY)).json == shown.json
        reply = await house.ask("/admin/config", shown.json, ADMIN_KEY, "PUT")
        assert (reply.status, reply.json["changed"]) == (200, [])
        assert (await house.get("/readyz")).json["configuration"] == "ok"
        assert (await house.get("/example.com", KEY)).status == 200


async def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("posthouse.reload.write", full)
    async with filed(tmp_path) as (house, _):
        reply = await house.ask("/admin/config", with_another_key(tmp_path), ADMIN_KEY, "PUT")
        assert reply.status == 503
        assert "No space left on device" in reply.json["detail"]
        assert (await house.get("/example.com", KEY)).status == 200


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/admin/config"), ("PUT", "/admin/config"), ("POST", "/admin/reload")]
)
async def test_it_is_for_administrators(tmp_path: Path, method: str, target: str) -> None:
    async with filed(tmp_path) as (house, _):
        assert (await house.call(method, target, KEY)).status == 403
        assert (await house.call(method, target, None)).status == 401
