import json
from pathlib import Path

import pytest

from posthouse.mail.arrival import Arrival
from posthouse.mail.mime import decode
from tests.cli.at_house import Counter, counter

HELLO = ("send", "--to", "ann@example.org", "--subject", "Hello")


async def mail(at: Counter, message_id: str) -> dict[str, object]:
    raw = at.house.mail(message_id) or b""
    found = decode(b"".join(line for line in raw.splitlines(True) if not line.startswith(b"X-Envelope-To")))
    assert isinstance(found, Arrival)
    return found.fields


async def test_a_message_is_handed_in_and_its_id_printed(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run(*HELLO, "--text", "Hi")
        status, message_id = result.stdout.split()
        assert (result.exit_code, status) == (0, "queued")
        assert (await at.house.get(f"/email/{message_id}")).json["from"] == "post@example.com"


async def test_waiting_shows_what_became_of_it(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run(*HELLO, "--text", "Hi", "--wait")
        assert result.exit_code == 0
        lines = [line.split() for line in result.stdout.splitlines()]
        assert ["status", "sent"] in lines
        assert ["1", "sandbox", "accepted", "200"] in [line[:4] for line in lines]


async def test_what_is_not_sent_exits_with_1(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("send", "--to", "x+refuse@example.org", "--subject", "Hello", "--text", "Hi", "--wait")
        assert result.exit_code == 1
        assert "sandbox: refused, as asked" in result.stdout


async def test_everything_a_message_may_have(tmp_path: Path) -> None:
    files = {"Ω.txt": b"one", "data.csv.gz": b"\x1f\x8b", "nothing": b""}
    for name, content in files.items():
        tmp_path.joinpath(name).write_bytes(content)
    attachments = [word for name in files for word in ("--attach", str(tmp_path / name))]
    async with counter(tmp_path) as at:
        words = ("--from", "Ann <ann@example.com>", "--to", "Zoë <zoe@example.org>", "--text", "-", "--html", "<p>Hi")
        more = ("--tag", "a", "--tag", "b c", "--provider", "sandbox")
        result = await at.run(*HELLO, *words, *more, *attachments, "--wait", "--json", stdin="Γειά σου\n")
        assert result.exit_code == 0, result.output
        record = json.loads(result.stdout)
        assert (record["from"], record["to"]) == ("Ann <ann@example.com>", ["ann@example.org", "Zoë <zoe@example.org>"])
        assert record["tags"] == ["a", "b c"]
        fields = await mail(at, record["id"])
        assert (fields["text"], fields["html"]) == ("Γειά σου\n", "<p>Hi")
        assert [(f["filename"], f["content"], f["content_type"]) for f in fields["attachments"]] == [  # type: ignore[attr-defined]
            ("Ω.txt", b"one", "text/plain"),
            ("data.csv.gz", b"\x1f\x8b", "application/gzip"),
            ("nothing", b"", "application/octet-stream"),
        ]


async def test_what_is_wrong_is_told_line_by_line(tmp_path: Path) -> None:
    async with counter(tmp_path, default_from="") as at:
        result = await at.run("send", "--to", "nobody", "--subject", "Hello")
        assert result.exit_code == 1
        assert result.stdout == ""
        first, *problems = result.stderr.splitlines()
        assert first == "3 problems with the message; nothing was stored."
        assert [line.partition(":")[0].strip() for line in problems] == ["from", "to[0]", "text"]
        assert problems[0].endswith("(from-missing)")


async def test_what_is_wrong_is_told_to_programs_as_the_server_says_it(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        for words, status in (
            (("send", "--to", "nobody", "--subject", "Hello", "--text", "Hi"), 422),
            (("show", "nope"), 404),
            (("cancel", "nope"), 404),
            (("resend", "nope"), 404),
            (("explain", "nope"), 404),
            (("list", "--since", "yesterday"), 400),
        ):
            result = await at.run(*words, "--json")
            assert result.exit_code == 1
            assert json.loads(result.stdout)["status"] == status
            assert result.stderr


async def test_a_wrong_key_is_told(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        for key in ("wrong", "ключ", None):
            result = await at.run(*HELLO, "--text", "Hi", key=key)
            assert result.exit_code == 1
            assert result.stderr.startswith("Expected a valid key")
            assert "--key" in result.stderr


async def test_at_a_server_on_this_machine_the_key_is_dev_unless_said(tmp_path: Path) -> None:
    async with counter(tmp_path, keys={"dev": "dev"}) as at:
        assert (await at.run(*HELLO, "--text", "Hi", key=None)).exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--subject", "Hello"), "Missing option '--to'"),
        (("--to", "ann@example.org"), "Missing option '--subject'"),
        (("--to", "a", "--subject", "b", "--attach", "/no/such/file"), "'/no/such/file' does not exist"),
        (("--to", "a", "--subject", "b", "--attach", "/"), "is a directory"),
        (("--to", "a", "--subject", "b", "--colour", "red"), "No such option"),
    ],
)
async def test_wrong_use_exits_with_2(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("send", *words)
        assert result.exit_code == 2
        assert told in result.stderr
