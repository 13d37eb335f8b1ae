"""A process that is killed as by a power cut, and started again on the same files."""

import json
import signal
from pathlib import Path
from typing import Any

from tests.end_to_end.process import serving
from tests.web.house import KEY, letter, one_pool
from tests.web.http import Reply, call, line, request

HEADERS = {"X-API-KEY": KEY, "Content-Type": "application/json"}


def configured(folder: Path, **pool: Any) -> tuple[str, str]:
    path = folder / "posthouse.yaml"
    path.write_text(json.dumps({**one_pool(folder, **pool), "http": {"listen": "127.0.0.1:0"}}))
    return "--config", str(path)


def body(**changes: Any) -> bytes:
    return json.dumps(letter(**changes)).encode()


async def post(port: int, content: bytes, once: str, prefer: str = "wait=20") -> Reply:
    return await call(port, "POST", "/email", {**HEADERS, "Idempotency-Key": once, "Prefer": prefer}, content)


async def test_a_key_stands_for_its_message_over_kill_9(tmp_path: Path) -> None:
    config = configured(tmp_path)
    async with serving(tmp_path, *config) as (process, port):
        first = await post(port, body(), "answered", prefer="wait=0")
        async with line(port) as opened:  # this one never learns what became of its message
            once = {**HEADERS, "Idempotency-Key": "unanswered"}
            await opened.say(request("POST", "/email", once, body(subject="Unanswered")))
            process.signal(signal.SIGKILL)
        assert await process.ended() == -signal.SIGKILL
    async with serving(tmp_path, *config) as (process, port):
        again = await post(port, body(), "answered")
        assert (again.json["id"], again.field("idempotency-replayed")) == (first.json["id"], "true")
        assert (await post(port, body(subject="Other"), "answered")).status == 422
        assert (await post(port, body(subject="Unanswered"), "unanswered")).json["status"] == "sent"
        listed = (await call(port, "GET", "/email", HEADERS)).json["messages"]
        assert sorted(message["subject"] for message in listed) == ["Hello", "Unanswered"]
        assert await process.stopped() == 0


async def test_what_was_accepted_before_kill_9_is_delivered_after_it(tmp_path: Path) -> None:
    config = configured(tmp_path, retry={"first_s": 0.1})
    async with serving(tmp_path, *config) as (process, port):
        replies = [await post(port, body(subject=str(number)), str(number), "wait=0") for number in range(20)]
        process.signal(signal.SIGKILL)
        await process.ended()
    async with serving(tmp_path, *config) as (process, port):
        for number, reply in enumerate(replies):
            again = await post(port, body(subject=str(number)), str(number))
            assert (again.json["id"], again.json["status"]) == (reply.json["id"], "sent")
        assert await process.stopped() == 0


async def test_an_attempt_that_kill_9_cut_off_is_doubt_and_held_where_the_pool_says_so(tmp_path: Path) -> None:
    config = configured(tmp_path, on_unsure="hold")
    slow = letter(to="x+slow@example.org")
    async with serving(tmp_path, *config) as (process, port):
        reply = await post(port, json.dumps(slow).encode(), "slow", "wait=0")
        while (await call(port, "GET", f"/email/{reply.json['id']}", HEADERS)).json["status"] != "sending":
            pass
        process.signal(signal.SIGKILL)
        await process.ended()
    async with serving(tmp_path, *config) as (process, port):
        record = (await post(port, json.dumps(slow).encode(), "slow")).json
        assert (record["status"], [a["outcome"] for a in record["attempts"]]) == ("held", ["unsure"])
        assert await process.stopped() == 0
