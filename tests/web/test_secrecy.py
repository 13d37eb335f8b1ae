"""Nothing of a message and no key in the log, whatever goes wrong; no key in an answer or in the store."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from posthouse.providers.sandbox import SandboxProvider
from posthouse.store.sqlite.store import SqliteStore
from posthouse.telemetry import set_up
from tests.providers.server import answer, answering
from tests.telemetry.kept import kept_log
from tests.web.house import House, letter, one_pool, refusing, running
from tests.web.http import Reply

CANARY = "CANARY7f3a"
KEY = f"{CANARY}-key"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What a process of its own would write to standard error."""
    written = StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    with kept_log():
        set_up(logging.DEBUG)
        yield written


def secret_letter(**changes: object) -> dict[str, object]:
    fields = {
        "from": f"{CANARY} <ann@example.com>",
        "to": [f"{CANARY} <{CANARY}@example.org>"],
        "subject": CANARY,
        "text": CANARY,
        "tags": [CANARY],
        "metadata": {"secret": CANARY},
        "headers": {"X-Secret": CANARY},
        "attachments": [{"filename": CANARY, "content": "AAAA"}],
    }
    return {**fields, **changes}


async def every_kind_of_trouble(house: House, patch: pytest.MonkeyPatch) -> list[Reply]:
    """Posts and calls that succeed, fail, break inside and are left alone."""
    replies = [
        await house.post(secret_letter(), KEY, prefer="wait=20", idempotency_key=CANARY),
        await house.post(secret_letter(text="other"), KEY, idempotency_key=CANARY),
        *[
            await house.post(secret_letter(to=f"{CANARY}+{ask}@example.org", provider="sandbox"), KEY)
            for ask in ("refuse", "defer", "throttle", "unsure", "unauthorised")
        ],
        await house.post(secret_letter(to=CANARY, subject=f"{CANARY}\n"), KEY),
        await house.post(f'{{"{CANARY}": '.encode(), KEY),
        await house.post(letter(), f"{KEY}-wrong"),
        await house.get(f"/email/{CANARY}", KEY),
        await house.get(f"/email?to={CANARY}&status={CANARY}", KEY),
        await house.get("/email?limit=1", f"{CANARY}\xff"),
        await house.raw([("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {KEY}")]),
        await house.call("GET", "/nothing", KEY, x_request_id=f"{CANARY} "),
    ]

    def broken(*_: object) -> None:
        raise RuntimeError(CANARY)

    with patch.context() as inside:
        inside.setattr(SandboxProvider, "send", broken)
        replies.append(await house.post(secret_letter(provider="sandbox", on_unsure="hold"), KEY, prefer="wait=20"))
    with patch.context() as inside:
        inside.setattr("posthouse.providers.sandbox.encode", broken)
        replies.append(await house.post(secret_letter(provider="sandbox"), KEY, prefer="wait=20"))
    with patch.context() as inside:
        inside.setattr(SqliteStore, "add", refusing(RuntimeError(CANARY)))
        replies.append(await house.post(secret_letter(), KEY))
    return replies


def stored(folder: Path) -> list[Path]:
    """The files of the store."""
    return list(folder.glob("posthouse.db*"))


async def test_no_content_address_or_key_is_logged_and_no_key_answered_or_stored(
    tmp_path: Path, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answering(answer(500, body=CANARY.encode())) as server:
        mailgun = {"api_key": f"{CANARY}-mailgun", "domain": "mg.example.com", "base_url": server.url}
        providers = {"mailgun": mailgun, "sandbox": {"maildir": str(tmp_path / "sent"), "slow_s": 0}}
        given = one_pool(tmp_path, keys={"web": KEY}, providers=providers, breaker={"failures": 1000})
        async with running(given, tmp_path) as house:
            replies = await every_kind_of_trouble(house, monkeypatch)
    log = logged.getvalue()
    expected = [200, 422, *[202] * 5, 422, 400, 401, 404, 400, 401, 400, 404, 200, 200, 500]
    assert [reply.status for reply in replies] == expected
    lines = [json.loads(line) for line in log.splitlines()]
    assert {
        "attempt did not succeed",
        "attempt ended in an internal error",
        "a request ended in an internal error",
    } <= {line["event"] for line in lines}
    assert "message could not be written for a provider" in {line["event"] for line in lines}
    assert CANARY not in log
    assert "\x1b" not in log
    assert not [reply for reply in replies if f"{CANARY}-" in str(reply.fields) or f"{CANARY}-" in reply.body.decode()]
    kept = b"".join(path.read_bytes() for path in stored(tmp_path))
    assert CANARY.encode() in kept
    assert f"{CANARY}-".encode() not in kept
