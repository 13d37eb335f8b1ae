from pathlib import Path

import pytest

from tests.cli.at_house import counter
from tests.web.house import letter


async def test_what_is_not_sent_yet_is_taken_back(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        planned = await at.house.accepted(letter(send_at="2099-01-01T00:00:00Z"))
        result = await at.run("cancel", planned)
        assert (result.exit_code, result.stdout) == (0, f"cancelled  {planned}\n")
        assert (await at.house.get(f"/email/{planned}")).json["status"] == "cancelled"


async def test_as_json_it_is_the_servers_answer(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        planned = await at.house.accepted(letter(send_at="2099-01-01T00:00:00Z"))
        assert await at.json("cancel", planned) == {"id": planned, "status": "cancelled"}


async def test_too_late_exits_with_1_and_says_so(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        sent = (await at.house.sent(letter()))["id"]
        result = await at.run("cancel", sent)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("It is too late to cancel")


@pytest.mark.parametrize("message_id", ["01a20ae0-e2cc-7ac8-b610-e32461741d70", "nothing", "../x"])
async def test_what_is_not_there_exits_with_1(tmp_path: Path, message_id: str) -> None:
    async with counter(tmp_path) as at:
        assert (await at.run("cancel", message_id)).exit_code == 1
