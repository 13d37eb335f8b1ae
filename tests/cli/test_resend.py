from pathlib import Path

from tests.cli.at_house import counter
from tests.web.house import letter


async def test_the_same_content_goes_out_as_a_new_message(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        first = (await at.house.sent(letter(subject="Once")))["id"]
        result = await at.run("resend", first)
        assert result.exit_code == 0, result.output
        status, second, *words = result.stdout.split()
        assert (status, second != first, words) == ("queued", True, ["(a", "copy", "of", f"{first})"])
        record = await at.house.until(second, lambda record: record["status"] == "sent")
        assert (record["subject"], record["resent_from"]) == ("Once", first)


async def test_what_may_still_be_sent_is_repeated_only_by_force(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        planned = await at.house.accepted(letter(send_at="2099-01-01T00:00:00Z"))
        refused = await at.run("resend", planned)
        assert refused.exit_code == 1
        assert refused.stderr.endswith("Here it is said with --force.\n")
        assert (await at.json("resend", planned, "--force"))["resent_from"] == planned


async def test_what_is_not_there_exits_with_1(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("resend", "01a20ae0-e2cc-7ac8-b610-e32461741d70")
        assert (result.exit_code, result.stdout) == (1, "")
