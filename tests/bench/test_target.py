"""The load on a running server: whom it may hit, and what it tells."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from posthouse.bench import carrier
from posthouse.bench.load import Load, Plan
from posthouse.bench.target import Refused, aimed, told
from tests.bench.test_bare import started

AIM = Plan(0, "", 8, 2.0, rate=100.0, sender="a@b.example")


@pytest.mark.parametrize(
    ("target", "host", "port", "path", "tls"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1", 8080, "/email", False),
        ("http://localhost", "localhost", 80, "/email", False),
        ("https://[::1]:8443/mail/", "::1", 8443, "/mail/email", True),
        ("http://127.8.9.10:1", "127.8.9.10", 1, "/email", False),
    ],
)
def test_what_is_on_this_machine_may_be_loaded(target: str, host: str, port: int, path: str, tls: bool) -> None:
    plan = aimed(target, None, "k", AIM)
    assert (plan.host, plan.port, plan.path, plan.tls, plan.key) == (host, port, path, tls, "k")
    assert (plan.connections, plan.seconds, plan.rate, plan.sender) == (8, 2.0, 100.0, "a@b.example")


@pytest.mark.parametrize("target", ["http://mail.example.com", "http://10.0.0.1:8080", "http://127.0.0.1.example.com"])
def test_what_is_elsewhere_must_be_named_twice(target: str) -> None:
    with pytest.raises(Refused, match=f"--target {target} --really {target}"):
        aimed(target, None, "k", AIM)
    with pytest.raises(Refused, match="expected the same URL twice"):
        aimed(target, f"{target}/other", "k", AIM)
    assert aimed(target, target, "k", AIM).host in target


@pytest.mark.parametrize(
    "target",
    ["127.0.0.1:8080", "ftp://127.0.0.1", "http://127.0.0.1:99999", "http://me:pw@127.0.0.1", "http://", "http://[x"],
)
def test_what_is_no_url_of_a_server_is_refused(target: str) -> None:
    with pytest.raises(Refused):
        aimed(target, None, "k", AIM)


@pytest.mark.parametrize("key", ["a\r\nx: y", "schlüssel"])
def test_a_key_cannot_add_a_header(key: str) -> None:
    with pytest.raises(Refused, match="ASCII"):
        aimed("http://127.0.0.1", None, key, AIM)


def test_errors_are_told_by_status() -> None:
    shot = Load(90, 0.0, 2.0, 1.0, 9.0, 10.0, {503: 4, 202: 90, 429: 6}, lost=3, cpu_us=9.0, late=1)
    text = told(shot, AIM)
    assert text[0] == "8 connections, 2 s, open loop, 100/s due"
    assert text[1].startswith("accepted/s\t45\t")
    assert text[3:] == ["status 202\t90", "status 429\t6", "status 503\t4", "no answer\t3", "due and never sent\t1"]


async def command(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "posthouse", "bench", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    return process.returncode or 0, out.decode(), errors.decode()


async def test_the_command_loads_what_listens_and_tells_what_it_answered(tmp_path: Path) -> None:
    async with started(tmp_path / "log", "carrier", carrier.Setup()) as (_, port):
        words = ["--target", f"http://127.0.0.1:{port}", "--seconds", "0.2", "--connections", "4", "--rate", "200"]
        status, out, errors = await command(*words)
        assert status == 1  # a carrier answers 200, and no 202
        assert "status 200\t40\n" in out
        assert errors == f"loading http://127.0.0.1:{port} for 0.2 s\n"
        status, out, _ = await command(*words, "--json", "-")
        assert json.loads(out)["statuses"] == {"200": 40}


async def test_the_command_says_why_it_will_not() -> None:
    status, out, errors = await command("--target", "http://mail.example.com")
    assert (status, out) == (2, "")
    assert "not on this machine" in errors
    status, _, errors = await command("--target", "http://127.0.0.1:1")
    assert status == 1
    assert "cannot be reached" in errors
