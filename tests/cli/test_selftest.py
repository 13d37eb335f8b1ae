import json
from pathlib import Path
from typing import Any

import pytest

from posthouse.cli.series import LONGEST_SUBJECT, due, png, series
from tests.cli.at_house import counter

PLAIN: dict[str, Any] = {"sender": None, "cc": None, "bcc": None, "class_name": None, "length": None}


async def test_the_whole_series_is_sent_and_told(tmp_path: Path) -> None:
    classes = {"otp": {"lane": "critical", "expires_in": "5m"}}
    async with counter(tmp_path, classes=classes) as at:
        result = await at.run("selftest", "--to", "ann@example.org")
        assert result.exit_code == 0, result.output
        head, *rows, last = result.stdout.splitlines()
        assert head.split() == ["part", "status", "provider", "attempts", "ms", "detail"]
        count = len(series("ann@example.org", **{**PLAIN, "class_name": "otp"}))
        assert (len(rows), last) == (count, f"{count} of {count} were sent")
        assert any("class otp" in row for row in rows)
        assert "1 text: handed in" in result.stderr
        kept = list((tmp_path / "sent" / "new").iterdir())
        assert len(kept) == count  # the one that is handed in twice is one


async def test_what_is_not_sent_is_told_with_its_reason_and_exits_1(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        result = await at.run("selftest", "--to", "x+refuse@example.org", "--count", "2", "--json")
        found = json.loads(result.stdout)
        assert (result.exit_code, found["ok"], found["sent"]) == (1, False, 0)
        assert [row["status"] for row in found["messages"]] == ["failed", "failed"]
        assert {row["detail"] for row in found["messages"]} == {"sandbox: refused, as asked"}
        assert all(row["attempts"] == 1 and row["latency_ms"] is not None for row in found["messages"])


async def test_what_is_not_over_in_time_is_late(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        words = ("selftest", "--to", "x+defer@example.org", "--count", "1", "--within", "1", "--json")
        result = await at.run(*words)
        (row,) = json.loads(result.stdout)["messages"]
        assert (result.exit_code, row["status"]) == (1, "late")
        assert row["detail"] == "still queued after 1 s: sandbox: deferred, as asked"


async def test_what_is_not_taken_is_refused_with_every_problem(tmp_path: Path) -> None:
    async with counter(tmp_path, default_from="") as at:
        result = await at.run("selftest", "--to", "nobody", "--count", "1", "--json")
        (row,) = json.loads(result.stdout)["messages"]
        assert (result.exit_code, row["status"], row["id"]) == (1, "refused", None)
        assert "from: " in row["detail"]
        assert "to[0]: " in row["detail"]


async def test_a_wrong_key_or_no_server_ends_it_at_once(tmp_path: Path) -> None:
    async with counter(tmp_path) as at:
        assert "Expected a valid key" in (await at.run("selftest", "--to", "a@example.org", key="wrong")).stderr
        result = await at.run("selftest", "--to", "a@example.org", POSTHOUSE_URL="http://127.0.0.1:1")
        assert (result.exit_code, "posthouse serve" in result.stderr) == (1, True)


def test_no_part_is_tried_twice_and_every_part_is_another() -> None:
    names = [trial.name for trial in series("ann@example.org", **PLAIN)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("length", [1, 5, 60])
def test_a_series_is_as_long_as_asked(length: int) -> None:
    trials = series("ann@example.org", **{**PLAIN, "length": length})
    assert len(trials) == length
    assert trials[0].name == "text"


def test_copies_go_to_whom_was_said_else_to_the_one_address_alone() -> None:
    by_name = {trial.name: trial.fields for trial in series("ann@example.org", **PLAIN)}
    assert (by_name["cc"]["to"], by_name["cc"]["cc"]) == ([], ["ann@example.org"])
    said = {**PLAIN, "cc": "c@example.org", "bcc": "b@example.org", "sender": "post@example.com"}
    by_name = {trial.name: trial.fields for trial in series("ann@example.org", **said)}
    assert (by_name["cc"]["to"], by_name["cc"]["cc"]) == (["ann@example.org"], ["c@example.org"])
    assert by_name["bcc"]["bcc"] == ["b@example.org"]
    assert {fields["from"] for fields in by_name.values()} == {"post@example.com"}


def test_the_longest_subject_is_as_long_as_a_subject_may_be() -> None:
    subjects = [trial.fields["subject"] for trial in series("ann@example.org", **PLAIN)]
    assert LONGEST_SUBJECT - 8 < max(map(len, subjects)) <= LONGEST_SUBJECT


def test_the_scheduled_one_lies_ahead_of_the_moment_it_is_handed_in() -> None:
    assert due({"send_at": 3.0}, 1_800_000_000.0) == {"send_at": "2027-01-15T08:00:03.000Z"}
    assert due({"text": "x"}, 1_800_000_000.0) == {"text": "x"}


def test_the_picture_is_a_png() -> None:
    assert png((1, 2, 3)).startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10")
