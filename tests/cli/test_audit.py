from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from posthouse.cli.audit import line
from tests.cli.at_house import Counter, counter
from tests.web.house import ADMIN_KEY, KEY

HERE = "/example.com/sandbox"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Counter]:
    async with counter(tmp_path) as opened:
        yield opened


async def said(at: Counter, *words: str) -> list[str]:
    result = await at.run("audit", *words, key=ADMIN_KEY)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


async def test_where_nothing_was_changed_that_is_said(at: Counter) -> None:
    assert await said(at) == ["nothing was changed yet"]
    assert await said(at, "--what", "switch") == ["nothing was changed that fits"]


async def test_each_change_is_a_line_the_newest_first(at: Counter) -> None:
    await at.house.ask(f"{HERE}/pause", {"reason": "their outage"}, ADMIN_KEY)
    await at.house.ask("/example.com/suppressions", {"address": "ann@example.org", "reason": "asked to"}, KEY)
    await at.house.delete("/example.com/suppressions?address=ann@example.org", ADMIN_KEY)
    found = [one[21:] for one in await said(at)]
    assert found == [
        "admin ops (127.0.0.1)  suppression example.com/ann@example.org  removed",
        "pool web (127.0.0.1)  suppression example.com/ann@example.org  source: operator  “asked to”",
        "admin ops (127.0.0.1)  switch example.com/sandbox  held: no → pause  “their outage”",
    ]
    assert len(await said(at, "--what", "switch")) == 1


async def test_a_page_that_goes_on_says_how(at: Counter) -> None:
    for reason in "abc":
        await at.house.ask(f"{HERE}/pause", {"reason": reason}, ADMIN_KEY)
    first, more = await said(at, "--limit", "1")
    assert first.endswith("“c”")
    following, _ = await said(at, "--limit", "1", "--cursor", more.removeprefix("more: --cursor "))
    assert following.endswith("“b”")


async def test_as_json_it_is_the_servers_answer(at: Counter) -> None:
    result = await at.run("audit", "--json", key=ADMIN_KEY)
    assert msgspec.json.decode(result.stdout) == {"changes": [], "next_cursor": None}


async def test_it_needs_an_administrators_key_and_names_what_is_wrong(at: Counter) -> None:
    assert (await at.run("audit")).exit_code == 1
    result = await at.run("audit", "--what", "nothing", key=ADMIN_KEY)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "what: expected one of switch" in result.stderr


def test_what_is_hidden_stays_hidden_and_what_is_nothing_is_left_out() -> None:
    change: dict[str, Any] = {
        "at": "2026-11-28T17:00:00.000Z",
        "what": "key",
        "pool": "example.com",
        "subject": "web",
        "who": {"kind": "signal", "name": None, "address": None},
        "reason": None,
        "before": None,
        "after": {"key": "********", "mode": "live", "redirect": None, "allow": []},
    }
    assert line(change) == "2026-11-28 17:00:00  signal  key example.com/web  key: ********, mode: live"
