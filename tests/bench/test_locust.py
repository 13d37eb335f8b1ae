"""The users of `bench/locustfile.py`, a few of them for two seconds, at a real server on this machine.

Locust is no part of what Posthouse is made with, and has an environment of its own: `make locust`.
"""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.end_to_end.process import serving

HOUSE = Path(__file__).parents[2]
LOCUST = HOUSE / ".venv-locust" / "bin" / "locust"
KEY = "a-key-of-the-load-test"
WITHIN_S = 50
KINDS = {"/email", "/email/{id}", "/email, idempotent", "/email, idempotent, repeated", "/email/batch", "/email?limit"}

pytestmark = pytest.mark.skipif(not LOCUST.exists(), reason="Locust is not there: `make locust`")


async def locust(host: str, *words: str, **env: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        LOCUST, "-f", HOUSE / "bench" / "locustfile.py", "--headless", "--host", host, *words,
        env=os.environ | env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(WITHIN_S):
        out, errors = await process.communicate()
    return process.returncode or 0, out.decode(), errors.decode()


async def test_users_get_what_the_contract_promises(tmp_path: Path) -> None:
    config = tmp_path / "posthouse.yaml"
    pool = {"keys": {"load": KEY}, "sender": "any", "providers": {"sandbox": {}}}
    store = f"sqlite:///{tmp_path / 'posthouse.db'}"
    config.write_text(json.dumps({"store": store, "http": {"listen": "127.0.0.1:0"}, "pools": {"example.com": pool}}))
    async with serving(tmp_path, "--config", str(config)) as (_, port):
        words = ["--users", "6", "--spawn-rate", "6", "--run-time", "5s", "--stop-timeout", "10", "--json"]
        status, out, errors = await locust(f"http://127.0.0.1:{port}", *words, POSTHOUSE_API_KEY=KEY)
    assert status == 0, errors
    told = {row["name"]: row for row in json.loads(out)}
    assert {name: row["num_failures"] for name, row in told.items() if row["num_failures"]} == {}
    assert {*told} == KINDS
    assert told["/email"]["num_requests"] >= 6


async def test_a_host_that_is_elsewhere_must_be_named_twice() -> None:
    status, _, errors = await locust("http://mail.example.com", "--run-time", "1s")
    assert status != 0
    assert "POSTHOUSE_REALLY=http://mail.example.com" in errors
