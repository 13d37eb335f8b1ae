"""The whole command, with providers and a DNS server that listen on this machine."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from posthouse.cli import app
from posthouse.cli.doctor import endpoint
from posthouse.clock import SystemClock
from tests.doctor.nameserver import Zone, naming
from tests.providers.server import Peer, Server, answer, serving

KEY = f"v=DKIM1; k=rsa; p={b64encode(bytes(294)).decode()}"
ZONE: Zone = {
    "example.com": ["v=spf1 mx ~all", "verification=1"],
    "_dmarc.example.com": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com"],
    "em1.example.com": "u1.wl.sendgrid.example.net",
    "u1.wl.sendgrid.example.net": ["v=spf1 ip4:192.0.2.0/24 -all"],
    "s1._domainkey.example.com": "s1.domainkey.u1.wl.sendgrid.example.net",
    "s1.domainkey.u1.wl.sendgrid.example.net": [KEY],
}
AUTHENTICATED = [
    {
        "domain": "example.com",
        "valid": True,
        "dns": {"mail_cname": {"host": "em1.example.com"}, "dkim1": {"host": "s1._domainkey.example.com"}},
    }
]
GOOD: dict[str, tuple[int, Any]] = {
    "/v3/scopes": (200, {"scopes": ["mail.send"]}),
    "/v3/whitelabel/domains?domain=example.com": (200, AUTHENTICATED),
}


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)


@asynccontextmanager
async def provider(said: dict[str, tuple[int, Any]], ahead_s: float = 0.0) -> AsyncIterator[Server]:
    """A provider that answers each path so; its clock is so far ahead."""

    async def script(peer: Peer) -> None:
        while True:
            asked = await peer.request()
            status, body = said.get(asked.target, (404, {}))
            date = format_datetime(datetime.fromtimestamp(SystemClock.now() + ahead_s, UTC), usegmt=True)
            headers = [("Date", date), ("Content-Type", "application/json")]
            await peer.say(answer(status, headers, json.dumps(body).encode()))

    async with serving(script) as server:
        yield server


async def run(*words: str, **env: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["doctor", *words], None, env)


def written(providers: dict[str, Any], **more: Any) -> None:
    file = Path("posthouse.yaml")
    pool = {"keys": {"web": "CANARY-web"}, "providers": providers}
    file.write_text(json.dumps({"pools": {"example.com": pool}, **more}))
    file.chmod(0o600)


async def examined(zone: Zone, said: dict[str, tuple[int, Any]], ahead_s: float = 0.0) -> tuple[int, dict[Any, str]]:
    """The exit status, and (check, subject) → value."""
    async with naming(zone) as names, provider(said, ahead_s) as server:
        written({"sendgrid": {"api_key": "CANARY-sg", "base_url": server.url}})
        result = await run("--resolver", f"127.0.0.1:{names.port}", "--json")
        assert "CANARY" not in result.output
        document = json.loads(result.stdout)
        assert document["ok"] is (result.exit_code == 0)
        return result.exit_code, {(one["check"], one["subject"]): one["value"] for one in document["findings"]}


async def test_where_all_is_well_everything_is_ok_and_the_exit_is_0() -> None:
    status, found = await examined(ZONE, GOOD)
    assert status == 0
    assert set(found.values()) == {"ok"}
    assert {check for check, _ in found} == {
        *("version", "rights", "disk", "store", "clock", "credentials", "sender", "spf", "dmarc", "dkim")
    }


@pytest.mark.parametrize(
    ("changed", "check", "subject"),
    [
        ({"example.com": ["v=spf1 -all", "v=spf1 mx -all"]}, "spf", "example.com"),
        ({"_dmarc.example.com": ["v=DMARC1; p=perhaps"]}, "dmarc", "example.com"),
        ({"s1.domainkey.u1.wl.sendgrid.example.net": []}, "dkim", "example.com sendgrid"),
        ({"u1.wl.sendgrid.example.net": []}, "spf", "example.com sendgrid"),
    ],
)
async def test_what_is_broken_in_the_dns_fails_and_the_exit_is_1(changed: Zone, check: str, subject: str) -> None:
    status, found = await examined({**ZONE, **changed}, GOOD)
    assert status == 1
    assert [key for key, value in found.items() if value == "fail"] == [(check, subject)]


async def test_a_key_that_is_refused_fails() -> None:
    refused = (401, {"errors": [{"message": "the key CANARY-sg is wrong"}]})
    status, found = await examined(ZONE, dict.fromkeys(GOOD, refused))
    assert status == 1
    assert found["credentials", "example.com sendgrid"] == "fail"
    assert found["sender", "example.com sendgrid"] == "warn"  # it may not ask


async def test_a_domain_that_is_not_authenticated_fails() -> None:
    unknown = {**GOOD, "/v3/whitelabel/domains?domain=example.com": (200, [{**AUTHENTICATED[0], "valid": False}])}
    status, found = await examined(ZONE, unknown)
    assert (status, found["sender", "example.com sendgrid"]) == (1, "fail")


async def test_a_secret_that_a_provider_repeats_is_not_shown() -> None:
    echo = {**GOOD, "/v3/whitelabel/domains?domain=example.com": (500, {"error": "no use for CANARY-sg"})}
    assert (await examined(ZONE, echo))[1]["sender", "example.com sendgrid"] == "warn"


async def test_a_clock_that_is_wrong_is_told_by_the_providers() -> None:
    assert (await examined(ZONE, GOOD, ahead_s=100.0))[1]["clock", "this machine"] == "warn"
    assert (await examined(ZONE, GOOD, ahead_s=-1000.0))[1]["clock", "this machine"] == "fail"


async def test_through_a_pipe_each_finding_is_a_line_with_what_to_do_below_it() -> None:
    async with naming({**ZONE, "_dmarc.example.com": []}) as names, provider(GOOD) as server:
        written({"sendgrid": {"api_key": "CANARY-sg", "base_url": server.url}})
        result = await run("--resolver", f"127.0.0.1:{names.port}")
    assert (result.exit_code, result.stderr) == (0, "")  # a warning is no failure
    lines = result.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("warn"))
    assert lines[place].startswith("warn    dmarc         example.com: there is no policy")
    assert lines[place + 1].startswith('        -> Publish the TXT record "v=DMARC1; p=none; rua=')
    assert lines[-1] == "1 to look at, 11 fine"


async def test_offline_nobody_is_asked() -> None:
    async with naming(ZONE) as names, provider(GOOD) as server:
        written({"sendgrid": {"api_key": "x", "base_url": server.url}})
        result = await run("--offline", "--resolver", f"127.0.0.1:{names.port}")
        assert (result.exit_code, names.asked, server.connections) == (0, [], 0)
        assert "skipped network       example.com: not looked at, as --offline says" in result.stdout


async def test_a_dns_server_that_says_nothing_is_no_fault_of_the_domain() -> None:
    async with naming(ZONE, silent=True) as names, provider(GOOD) as server:
        written({"sendgrid": {"api_key": "x", "base_url": server.url}})
        result = await run("--resolver", f"127.0.0.1:{names.port}", "--deadline", "0.3", "--json")
        found = json.loads(result.stdout)["findings"]
        assert {one["value"] for one in found if one["check"] in ("spf", "dkim", "dmarc")} == {"skipped"}
        assert result.exit_code == 0


async def test_in_development_nothing_is_asked_of_the_dns() -> None:
    async with naming(ZONE) as names:
        result = await run("--resolver", f"127.0.0.1:{names.port}")
        assert (result.exit_code, names.asked) == (0, [])
        assert "only the sandbox is enabled here: nothing leaves this machine" in result.stdout


async def test_a_broken_configuration_fails_with_its_problems() -> None:
    written({"sendgrid": {}})
    result = await run()
    assert result.exit_code == 1
    assert "fail    configuration pools.example.com.providers.sendgrid.api_key (line 1): required" in result.stdout


async def test_wrong_use_is_2() -> None:
    assert (await run("--resolver", "names.example.com")).exit_code == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("9.9.9.9", ("9.9.9.9", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_how_a_dns_server_is_named(text: str, meant: tuple[str, int]) -> None:
    assert endpoint(text) == meant


@pytest.mark.parametrize(
    "text", ["", "::1", "here", "here:53", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "[]:53"]
)
def test_what_names_none(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        endpoint(text)
