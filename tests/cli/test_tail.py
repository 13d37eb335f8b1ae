import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from posthouse.cli.client import Client, Reply
from posthouse.cli.tail import EACH, PAGE, PAGES, Watch
from tests.cli.at_house import Counter, counter
from tests.end_to_end.process import Process, started
from tests.providers.server import answer, answering
from tests.web.house import ADMIN_KEY, KEY, letter


@asynccontextmanager
async def following(at: Counter, *words: str, key: str = KEY) -> AsyncIterator[Process]:
    env = {"POSTHOUSE_URL": f"http://127.0.0.1:{at.house.port}", "POSTHOUSE_API_KEY": key}
    command = ["-m", "posthouse", "tail", "--every", "0.1", *words]
    async with started(command, at.house.folder, env) as process:
        yield process


async def test_what_was_there_and_what_comes_is_a_line_each_and_ctrl_c_ends_it_well(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        before = (await at.house.sent(letter(subject="Before")))["id"]
        async with following(at) as process:
            line = (await process.says(before)).string
            assert line.split()[2:] == ["sent", before, "sandbox", "bob@example.org", "Before"]
            after = await at.house.accepted(letter(send_at="2099-01-01T00:00:00Z"))
            assert "scheduled" in (await process.says(after)).string
            assert (await at.house.delete(f"/email/{after}")).status == 200
            assert "cancelled" in (await process.says(after)).string
            process.signal(signal.SIGINT)
            assert await process.ended() == 0
            assert process.errors == ""


async def test_as_json_each_line_is_a_message(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        ids = [(await at.house.sent(letter()))["id"] for _ in range(3)]
        async with following(at, "--json", "--lines", "2") as process:
            await process.says(ids[2])
            lines = [json.loads(line) for line in process.said.splitlines()]
            assert [line["id"] for line in lines] == ids[1:]


async def test_only_the_states_and_the_pool_asked_for_are_shown(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        await at.house.sent(letter())
        failed = (await at.house.sent(letter(to="x+refuse@example.org")))["id"]
        async with following(at, "--status", "failed", "--pool", "Example.com", key=ADMIN_KEY) as process:
            await process.says(failed)
            assert len(process.said.splitlines()) == 1
        assert (await at.run("tail", "--status", "lost")).exit_code == 2


async def test_without_a_server_it_says_where_it_looked(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("tail", POSTHOUSE_URL="http://127.0.0.1:1")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "posthouse serve" in result.stderr
        assert (await at.run("tail", key="wrong")).exit_code == 1


async def test_a_server_that_is_away_for_a_while_is_asked_again(tmp_path: Path) -> None:
    page: dict[str, Any] = {"messages": [], "next_cursor": None}
    come = {"id": "one", "status": "sent", "pool": "p", "provider": "x", "to": ["a@b"], "subject": "Back"}
    good, back = (answer(200, body=json.dumps({**page, "messages": messages}).encode()) for messages in ([], [come]))
    async with answering(good, answer(503, body=b"{}"), answer(502), back) as server:
        command = ["-m", "posthouse", "tail", "--every", "0.1"]
        async with started(command, tmp_path, {"POSTHOUSE_URL": server.url}) as process:
            assert (await process.says("Back")).string.split()[2:4] == ["sent", "one"]
            assert process.errors.count("Asking again") == 1


class Server(Client):
    """Answers from a list of its own, the newest first, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1", None)
        self.messages: dict[str, str] = {}
        self.asked: list[str] = []

    def ask(self, method: str, path: str, body: Any = None, timeout_s: float = 30.0, **headers: str) -> Reply:
        self.asked.append(path)
        if not path.startswith("/email?"):
            found = path.rpartition("/")[2]
            return Reply(200, self._message(found)) if found in self.messages else Reply(404, {})
        cursor = path.partition("cursor=")[2] or "~"
        page = [found for found in sorted(self.messages, reverse=True) if found < cursor][:PAGE]
        after = page[-1] if len(page) == PAGE else None
        return Reply(200, {"messages": [self._message(found) for found in page], "next_cursor": after})

    def _message(self, found: str) -> dict[str, Any]:
        return {"id": found, "status": self.messages[found]}

    def accept(self, count: int, status: str = "sent") -> None:
        start = len(self.messages)
        self.messages |= {f"{start + number:06}": status for number in range(count)}


def told(watch: Watch) -> list[tuple[str, str]]:
    return [(message["id"], message["status"]) for message in watch.look()]


def test_nothing_is_told_twice_and_a_burst_is_told_whole() -> None:
    server = Server()
    server.accept(3)
    watch = Watch(server)
    assert told(watch) == [("000000", "sent"), ("000001", "sent"), ("000002", "sent")]
    assert told(watch) == []
    server.accept(5 * PAGE)
    assert [found for found, _ in told(watch)] == [f"{number:06}" for number in range(3, 3 + 5 * PAGE)]
    assert not watch.missed


def test_more_than_a_look_reads_is_said_to_be_more() -> None:
    server = Server()
    server.accept(1)
    watch = Watch(server)
    watch.look()
    server.accept(PAGE * PAGES + 1)
    assert len(told(watch)) == PAGE * PAGES
    assert watch.missed


def test_an_old_message_that_is_not_over_is_asked_for_by_its_id() -> None:
    server = Server()
    server.accept(1, "queued")
    watch = Watch(server)
    assert told(watch) == [("000000", "queued")]
    server.accept(PAGE * PAGES)
    watch.look()
    server.messages["000000"] = "sent"
    assert told(watch) == [("000000", "sent")]
    server.asked.clear()
    watch.look()
    assert server.asked == [f"/email?limit={PAGE}"]


def test_many_old_ones_are_asked_for_in_turns() -> None:
    server = Server()
    server.accept(PAGE, "queued")
    watch = Watch(server)
    watch.look()
    server.accept(PAGE * PAGES)
    asked: set[str] = set()
    for _ in range(PAGE // EACH):
        server.asked.clear()
        watch.look()
        asked |= {path for path in server.asked if not path.startswith("/email?")}
    assert len(asked) == PAGE


def test_one_that_is_gone_is_forgotten() -> None:
    server = Server()
    server.accept(1, "queued")
    watch = Watch(server)
    watch.look()
    server.accept(PAGE * PAGES)
    del server.messages["000000"]
    watch.look()
    server.asked.clear()
    watch.look()
    assert "/email/000000" not in server.asked
