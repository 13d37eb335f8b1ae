from pathlib import Path

import pytest

from tests.cli.at_house import counter
from tests.web.house import letter


def two(folder: Path) -> dict[str, object]:
    return {
        "first": {"type": "sandbox", "maildir": str(folder / "sent"), "daily": 5},
        "second": {"type": "sandbox", "maildir": str(folder / "sent"), "tags": ["eu"]},
    }


async def test_a_message_that_is_not_sent_is_explained(tmp_path: Path) -> None:
    async with counter(tmp_path, providers=two(tmp_path)) as at:
        result = await at.run("explain", "--to", "ann@example.org")
        assert result.exit_code == 0, result.output
        first, _, *lines = result.stdout.splitlines()
        assert first == "example.com: goes through first; if that fails, second"
        assert [line.split()[:3] for line in lines] == [["1", "first", "chosen"], ["2", "second", "could"]]
        assert "5 today" in lines[0]
        assert (await at.json("list"))["messages"] == []


async def test_why_a_provider_is_passed_over_is_told(tmp_path: Path) -> None:
    async with counter(tmp_path, providers=two(tmp_path)) as at:
        result = await at.run("explain", "--to", "ann@example.org", "--require-tag", "eu")
        first, _, *lines = result.stdout.splitlines()
        assert (result.exit_code, first) == (0, "example.com: goes through second")
        assert [line.split()[:4] for line in lines][1] == ["-", "first", "lacks", "the"]


async def test_where_nobody_would_carry_it_the_exit_is_1(tmp_path: Path) -> None:
    async with counter(tmp_path, providers=two(tmp_path)) as at:
        result = await at.run("explain", "--to", "ann@example.org", "--require-tag", "us")
        assert result.exit_code == 1
        assert result.stdout.startswith("example.com: nobody would carry it: ")


async def test_a_message_that_was_handed_in_is_explained(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        sent = (await at.house.sent(letter()))["id"]
        result = await at.run("explain", sent)
        assert (result.exit_code, result.stdout.splitlines()[0]) == (
            0,
            "example.com: it is over: sent. If it came now:",
        )
        assert "accepted" in result.stdout[result.stdout.index("so far") :]
        assert (await at.json("explain", sent))["decision"] == "none"
        planned = await at.house.accepted(letter(to="x+defer@example.org"))
        assert (await at.run("explain", planned)).exit_code == 0


@pytest.mark.parametrize("words", [(), ("01a20ae0-e2cc-7ac8-b610-e32461741d70", "--to", "ann@example.org")])
async def test_an_id_or_a_message_is_said_and_not_both(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with counter(tmp_path) as at:
        assert (await at.run("explain", *words)).exit_code == 2


async def test_what_is_wrong_with_the_message_is_told(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("explain", "--to", "nobody")
        assert result.exit_code == 1
        assert "to[0]" in result.stderr
