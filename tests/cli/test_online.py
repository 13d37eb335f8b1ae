import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from posthouse.cli import app
from posthouse.doctor.credentials import without_secrets
from posthouse.providers.smtp import Settings
from posthouse.secret import Secret
from tests.providers.server import Peer, answer, answering, serving

SCOPES = answer(200, [("Content-Type", "application/json")], b'{"scopes":["mail.send"]}')
WRONG = answer(401, [("Content-Type", "application/json")], b'{"errors":[{"message":"the key CANARY-sg is wrong"}]}')


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)


def written(pools: dict[str, Any]) -> None:
    Path("posthouse.yaml").write_text(json.dumps({"pools": pools}))


async def check(providers: dict[str, Any], *words: str) -> Result:
    """`posthouse check --online` with these providers."""
    written({"example.com": {"keys": {"web": "CANARY-web"}, "providers": providers}})
    return await asyncio.to_thread(CliRunner().invoke, app, ["check", "--online", *words])


async def test_all_that_would_carry_mail_are_told_and_the_exit_is_0() -> None:
    async with answering(SCOPES) as server:
        sendgrid = {"api_key": "CANARY-sg", "base_url": server.url}
        off = {"type": "sendgrid", "api_key": "x", "enabled": False}
        result = await check({"sendgrid": sendgrid, "sandbox": {}, "off": off})
        assert result.exit_code == 0, result.output
        assert [line.split()[:4] for line in result.stdout.splitlines()[-3:]] == [
            ["example.com", "sendgrid", "sendgrid", "ok"],
            ["example.com", "sandbox", "sandbox", "ok"],
            ["example.com", "off", "sendgrid", "disabled"],
        ]
        assert [request.target for request in server.requests] == ["/v3/scopes"]
        assert "example.com sendgrid: ok" in result.stderr


async def test_refused_credentials_are_told_without_the_secret_and_the_exit_is_1() -> None:
    async with answering(WRONG) as server:
        result = await check({"sendgrid": {"api_key": "CANARY-sg", "base_url": server.url}})
        assert result.exit_code == 1
        assert "refuses the credentials  401" in result.stdout
        assert "the key *** is wrong" in result.stdout
        assert "CANARY" not in result.output


async def test_who_does_not_answer_in_time_holds_nobody_up() -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async with serving(silent) as dead, answering(SCOPES) as server:
        providers = {
            "one": {"type": "sendgrid", "api_key": "x", "base_url": dead.url},
            "two": {"type": "sendgrid", "api_key": "x", "base_url": dead.url},
            "three": {"type": "sendgrid", "api_key": "x", "base_url": server.url},
            "gone": {"type": "sendgrid", "api_key": "x", "base_url": "http://127.0.0.1:1"},
        }
        result = await check(providers, "--deadline", "0.3", "--json")
        found = json.loads(result.stdout)
        assert (result.exit_code, found["ok"], found["problems"]) == (1, False, [])
        assert [each["outcome"] == "accepted" for each in found["online"]] == [False, False, True, False]
        assert max(each["ms"] for each in found["online"]) < 5_000


async def test_an_address_that_would_take_keys_in_clear_is_told() -> None:
    result = await check({"sendgrid": {"api_key": "CANARY-sg", "base_url": "http://192.0.2.1"}})
    assert result.exit_code == 1
    assert "expected https://" in result.output
    assert "CANARY" not in result.output


async def test_where_the_file_is_wrong_nobody_is_asked() -> None:
    result = await check({"sendgrid": {}})
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith("pools.example.com.providers.sendgrid.api_key")


def test_no_secret_of_the_settings_is_left_in_a_text() -> None:
    settings = Settings(host="h", username="u", password=Secret("CANARY"))
    assert without_secrets("535 CANARY and CANARY for u", settings) == "535 *** and *** for u"
