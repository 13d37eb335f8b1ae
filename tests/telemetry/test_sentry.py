"""Faults to Sentry, over a real socket; and nothing else ever."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from posthouse.telemetry import log, set_up, warn
from posthouse.telemetry.sentry import report
from tests.end_to_end.process import Process, serving, started
from tests.telemetry.kept import kept_log
from tests.telemetry.receivers import Receiver, hanging, receiving
from tests.web.http import call

CANARY = "CANARY5d1e"
DEV = {"Authorization": "Bearer dev", "Content-Type": "application/json", "X-Request-Id": "request-17"}
FAULTY = str(Path(__file__).with_name("faulty.py"))


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    with kept_log():
        set_up()
        yield


@asynccontextmanager
async def faulty(folder: Path, receiver: Receiver) -> AsyncIterator[tuple[Process, int]]:
    """Posthouse in a process of its own, whose provider breaks."""
    env = {"SENTRY_DSN": receiver.dsn, "CANARY_OF_THE_ENVIRONMENT": CANARY}
    async with started(["-P", FAULTY, "serve", "--listen", "127.0.0.1:0"], folder, env) as process:
        found = await process.says(r"Posthouse listens on http://\S+:(\d+)")
        yield process, int(found[1])


def letter(**changes: object) -> bytes:
    """Held after its first attempt, where that ended in doubt."""
    fields = {"from": f"{CANARY} <ann@example.com>", "to": f"{CANARY}@example.org", "subject": CANARY, "text": CANARY}
    return json.dumps({**fields, "on_unsure": "hold", **changes}).encode()


async def test_an_internal_error_arrives_with_its_way_and_without_words_locals_bodies_or_headers(
    tmp_path: Path,
) -> None:
    async with receiving() as receiver, faulty(tmp_path, receiver) as (process, port):
        reply = await call(port, "POST", "/email", DEV, letter())
        await receiver.until(lambda to: bool(to.events))
        assert await process.stopped() == 0
    event = receiver.events[0]
    assert (event["level"], event["message"]) == ("error", "attempt ended in an internal error")
    assert event["tags"] == {"request_id": "request-17", "id": reply.json["id"], "provider": "sandbox"}
    first, last = event["exception"]["values"]
    assert (first["type"], last["type"]) == ("KeyError", "RuntimeError")
    assert [frame["function"] for frame in last["stacktrace"]["frames"]] == ["_deliver", "breaks"]
    assert last["stacktrace"]["frames"][0]["in_app"]
    told = set(event) - {"event_id", "timestamp", "platform", "sdk", "server_name", "release", "environment"}
    assert told - {"level", "logger", "message", "tags", "exception"} <= {"contexts", "transaction_info", "type"}
    assert "request" not in event
    assert event["release"].startswith("posthouse@")
    envelopes = receiver.whole.decode().replace(f"{CANARY}0dsn", "")  # the DSN's public key is how Sentry knows us
    assert CANARY not in envelopes
    assert "example.org" not in envelopes
    assert "Bearer" not in envelopes


async def test_what_repeats_itself_is_told_once_a_second(tmp_path: Path) -> None:
    async with receiving() as receiver, faulty(tmp_path, receiver) as (process, port):
        posts = [call(port, "POST", "/email", {**DEV, "Prefer": "wait=20"}, letter()) for _ in range(5)]
        assert {reply.status for reply in await asyncio.gather(*posts)} == {200}
        assert await process.stopped() == 0
    assert process.errors.count("attempt ended in an internal error") == 5
    assert 1 <= len(receiver.events) <= 2  # where a second ended between them


async def test_a_part_of_the_gateway_that_stopped_is_told_before_the_process_ends(tmp_path: Path) -> None:
    code = """
import posthouse.delivery.sweep as sweep
async def broken(*_): raise RuntimeError("CANARY5d1e")
import posthouse.gateway as gateway
gateway.sweeping = broken
from posthouse.cli import main
main()
"""
    async with receiving() as receiver:
        words = ["-c", code, "serve", "--listen", "127.0.0.1:0"]
        async with started(words, tmp_path, {"SENTRY_DSN": receiver.dsn}) as process:
            assert await process.ended() == 70
    assert [event["message"] for event in receiver.events] == ["a part of the gateway stopped"]


async def test_a_start_that_breaks_is_told_before_the_process_ends(tmp_path: Path) -> None:
    code = """
import posthouse.gateway as gateway
async def broken(*_): raise RuntimeError("CANARY5d1e")
gateway.open_store = broken
from posthouse.cli import main
main()
"""
    async with receiving() as receiver:
        words = ["-c", code, "serve", "--listen", "127.0.0.1:0"]
        async with started(words, tmp_path, {"SENTRY_DSN": receiver.dsn}) as process:
            assert await process.ended() == 1
    (event,) = receiver.events
    assert (event["message"], event["level"]) == ("ended by an internal error", "fatal")
    (line,) = [json.loads(line) for line in process.errors.splitlines()]
    assert line["fault"].startswith("RuntimeError at <string>:")
    assert CANARY not in process.errors


async def test_a_sentry_that_hangs_stops_nothing(tmp_path: Path) -> None:
    async with hanging() as receiver, faulty(tmp_path, receiver) as (process, port):
        for _ in range(3):
            assert (await call(port, "POST", "/email", {**DEV, "Prefer": "wait=20"}, letter())).status == 200
        assert await process.stopped() == 0


async def test_without_an_exception_nothing_is_told() -> None:
    async with receiving() as receiver:
        sentry = report({"SENTRY_DSN": receiver.dsn})
        assert sentry is not None
        warn("circuit opened", pool="example.com")
        log("stopping: what has begun is finished first", level=logging.CRITICAL)
        sentry.finish()
        assert receiver.requests == []


@pytest.mark.parametrize("env", [{}, {"SENTRY_DSN": ""}, {"SENTRY_ENVIRONMENT": "production"}])
def test_without_a_dsn_there_is_no_sentry(env: dict[str, str]) -> None:
    assert report(env) is None


async def test_a_dsn_without_the_package_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sentry_sdk.py").write_text("raise ImportError\n")
    env = {"PYTHONPATH": str(tmp_path / "hidden"), "SENTRY_DSN": f"https://{CANARY}@sentry.example.com/1"}
    async with started(["-m", "posthouse", "serve", "--listen", "127.0.0.1:0"], tmp_path, env) as process:
        assert await process.ended() == 1
        assert process.errors == (
            "SENTRY_DSN is set, and the package sentry-sdk is not installed: install posthouse[sentry], or unset "
            "SENTRY_DSN\n"
        )


@pytest.mark.parametrize("dsn", [f"https://sentry.example.com/{CANARY}", f"{CANARY}", f"https://{CANARY}@"])
def test_a_dsn_that_is_none_is_said_and_not_quoted(dsn: str) -> None:
    with pytest.raises(ValueError, match="SENTRY_DSN: expected https://KEY@HOST/PROJECT") as told:
        report({"SENTRY_DSN": dsn})
    assert CANARY not in str(told.value)


async def test_without_a_dsn_the_package_is_not_even_loaded(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    for name in ("sentry_sdk", "opentelemetry"):
        (tmp_path / "hidden" / f"{name}.py").write_text(f"import sys\nsys.stderr.write('{name} was loaded')\n")
    async with serving(tmp_path, "--listen", "127.0.0.1:0", env={"PYTHONPATH": str(tmp_path / "hidden")}) as served:
        process, port = served
        assert (await call(port, "POST", "/email", {**DEV, "Prefer": "wait=20"}, letter())).status == 200
        assert await process.stopped() == 0
        assert "was loaded" not in process.errors
