from pathlib import Path

import pytest
from rich.console import Console

from posthouse.cli.list import WIDE, _widths
from tests.cli.at_house import counter
from tests.providers.server import answer, answering
from tests.web.house import letter


async def test_the_newest_come_first_each_on_one_line_with_its_whole_id(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        ids = [(await at.house.sent(letter(subject="x" * 300)))["id"] for _ in range(3)]
        await at.house.sent(letter(to=["Zoë <zoe@example.org>", "bob@example.org"], tags=["many"]))
        head, *lines = (await at.run("list")).stdout.splitlines()
        assert head.split() == ["id", "status", "to", "subject", "provider", "accepted"]
        assert [line.split()[0] for line in lines][1:] == ids[::-1]
        assert lines[0].split()[1:6] == ["sent", "Zoë", "<zoe@example.org>", "and", "1"]
        assert "x" * 300 in lines[1]


async def test_a_list_is_filtered(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        sent = (await at.house.sent(letter(tags=["a"])))["id"]
        failed = (await at.house.sent(letter(to="x+refuse@example.org", tags=["a"])))["id"]
        for words, expected in (
            (("--status", "failed"), [failed]),
            (("--to", "bob@example.org"), [sent]),
            (("--tag", "a"), [failed, sent]),
            (("--provider", "sandbox"), [failed, sent]),
            (("--limit", "1"), [failed]),
            (("--tag", "b"), []),
        ):
            assert [message["id"] for message in (await at.json("list", *words))["messages"]] == expected


async def test_where_there_is_nothing_it_says_so(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        assert (await at.run("list")).stdout == "no messages yet: 'posthouse send' makes one\n"
        assert (await at.run("list", "--tag", "a")).stdout == "no messages that fit\n"


async def test_a_status_there_is_not_is_wrong_use(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("list", "--status", "lost")
        assert result.exit_code == 2
        assert "expected one of scheduled, queued" in " ".join(result.stderr.split())


@pytest.mark.parametrize("limit", ["0", "101", "x"])
async def test_a_limit_that_is_none_exits_with_2(tmp_path: Path, limit: str) -> None:
    async with counter(tmp_path) as at:
        assert (await at.run("list", "--limit", limit)).exit_code == 2


@pytest.mark.parametrize("columns", [80, 100, WIDE, 200])
def test_on_a_terminal_everything_fits_on_a_line(columns: int) -> None:
    widths = _widths(columns)
    assert sum(widths.values()) + 2 * len(widths) <= columns
    assert ("provider" in widths) is (columns >= WIDE)
    assert Console(width=columns).width == columns


# A server that is not there.


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("send", "--to", "a@example.org", "--subject", "b")])
async def test_without_a_server_it_says_where_it_looked(tmp_path: Path, command: tuple[str, ...]) -> None:
    async with counter(tmp_path) as at:
        result = await at.run(*command, POSTHOUSE_URL="http://127.0.0.1:1/")
        assert result.exit_code == 1
        assert result.stderr == (
            "no answer from http://127.0.0.1:1: Connection refused. Is 'posthouse serve' running there? "
            "Another server is named with --url, or in the variable POSTHOUSE_URL.\n"
        )


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost:8080", "ftp://127.0.0.1", "", "http://", "http://[::1"])
async def test_a_url_that_is_none_exits_with_2(tmp_path: Path, url: str) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("list", "--url", url)
        assert result.exit_code == 2
        assert "expected a URL such as http://127.0.0.1:8080" in result.stderr


async def test_a_proxy_is_not_asked_for_a_server_on_this_machine(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        assert (await at.run("list", http_proxy="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1")).exit_code == 0


async def test_an_answer_that_is_no_posthouses_is_told(tmp_path: Path) -> None:
    for said in (b"SSH-2.0-OpenSSH\r\n", answer(200, body=b"<html>"), answer(502, body=b"<html>")):
        async with counter(tmp_path) as at, answering(said) as server:
            result = await at.run("list", POSTHOUSE_URL=server.url)
            assert result.exit_code == 1
            assert result.stderr.startswith(("no answer from", "the server answered 502"))
