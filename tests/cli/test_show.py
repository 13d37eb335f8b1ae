import sys
from pathlib import Path

import pytest
from rich.console import Console

from posthouse.cli.screen import UNBOUND, plain, screen
from tests.cli.at_house import counter
from tests.web.house import letter

HOSTILE = "\x1b[31mred\x07 [bold]markup[/bold] \u202eright to left"


async def test_a_message_is_shown_with_its_attempts_and_events(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        sent = (await at.house.sent(letter(to=["bob@example.org", "x+refuse@example.org"])))["id"]
        result = await at.run("show", sent)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert [line.split(maxsplit=1)[0] for line in lines[:4]] == ["id", "status", "from", "subject"]
        assert lines[0].split() == ["id", sent]
        assert "to                   bob@example.org, x+refuse@example.org" in [line.rstrip() for line in lines]
        events = [line.split(maxsplit=1)[1] for line in lines[-3:]]
        assert [event.split() for event in events] == [
            ["accepted"],
            ["sent", "sandbox"],
            ["bounced", "sandbox", "x+refuse@example.org", "sandbox:", "refused,", "as", "asked"],
        ]


async def test_as_json_it_is_the_servers_answer(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        sent = await at.house.sent(letter(subject="Γειά"))
        assert await at.json("show", sent["id"]) == sent
        assert "Γειά" in (await at.run("show", sent["id"], "--json")).stdout


async def test_a_possible_duplicate_is_said_to_be_one(tmp_path: Path) -> None:
    spare = {
        "sandbox": {"maildir": str(tmp_path / "sent")},
        "spare": {"type": "sandbox", "maildir": str(tmp_path / "2")},
    }
    async with counter(tmp_path, providers=spare, failover=2, retry={"give_up_after": "1s"}) as at:
        unsure = await at.house.accepted(letter(to="x+unsure@example.org"))
        await at.house.until(unsure, lambda record: record["possible_duplicate"])
        assert "note" in (await at.run("show", unsure)).stdout


@pytest.mark.parametrize("message_id", ["01a20ae0-e2cc-7ac8-b610-e32461741d70", "nothing", "a b", "../x?y#z", "ä", "%"])
async def test_what_is_not_there_is_told_and_exits_with_1(tmp_path: Path, message_id: str) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("show", message_id)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("There is no")


async def test_what_strangers_wrote_moves_no_terminal(tmp_path: Path) -> None:
    assert plain(HOSTILE).plain == "�[31mred� [bold]markup[/bold] �right to left"
    async with counter(tmp_path) as at:
        sender = {"email": "ann@example.com", "name": "[b]Ann"}
        sent = await at.house.sent(letter(subject="\u202e[red]x[/red]", **{"from": sender}))
        shown = (await at.run("show", sent["id"])).stdout
        assert "�[red]x[/red]" in shown
        assert '"[b]Ann" <ann@example.com>' in shown


def test_only_a_terminal_has_an_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    assert screen().width == UNBOUND
    terminal = Console(force_terminal=True, width=80, highlight=False)
    monkeypatch.setattr(sys.modules["posthouse.cli.screen"], "Console", lambda **_: terminal)
    assert screen().width == 80
