from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from posthouse.store.values import Restoring, Who
from tests.cli.at_house import Counter, counter
from tests.web.house import ADMIN_KEY, letter

LATER = "2036-01-01T00:00:00Z"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Counter]:
    async with counter(tmp_path) as opened:
        yield opened


async def in_doubt(at: Counter, count: int) -> list[str]:
    """So many messages that were unfinished in a copy; their ids."""
    ids = [await at.house.accepted(letter(send_at=LATER)) for _ in range(count)]
    await at.house.gateway._store.restored([Restoring(at.house.gateway._clock.now(), Who("command"), 1_790_000_000.0)])
    return ids


async def said(at: Counter, *words: str) -> str:
    result = await at.run("release", *words, key=ADMIN_KEY)
    assert result.exit_code == 0, result.output
    return result.stdout


async def test_a_store_that_is_no_copy_says_so(at: Counter) -> None:
    assert await said(at) == "this store was never restored from a copy: nothing is in doubt\n"


async def test_what_is_in_doubt_is_counted_and_released(at: Counter) -> None:
    first, second, third = await in_doubt(at, 3)
    shown = await said(at)
    assert "from a copy of 2026-09-21T14:13:20.000Z\n3 messages may have been sent since" in shown
    assert "\n  example.com  3\n" in shown
    assert await said(at, "cancel", first) == "cancel: 1 message; 2 still in doubt\n"
    assert await said(at, "hold", "--pool", "example.net") == "hold: 0 messages; 2 still in doubt\n"
    assert await said(at, "send", "--all", "--reason", "nothing went out") == "send: 2 messages; 0 still in doubt\n"
    assert "nothing is in doubt any more" in await said(at)
    states = [(await at.house.get(f"/email/{one}")).json["status"] for one in (first, second, third)]
    assert states == ["cancelled", "scheduled", "scheduled"]


@pytest.mark.parametrize("words", [("send",), ("send", "--all", "--pool", "example.com"), ("hold", "an-id", "--all")])
async def test_which_messages_must_be_said(at: Counter, words: tuple[str, ...]) -> None:
    await in_doubt(at, 1)
    result = await at.run("release", *words, key=ADMIN_KEY)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--all, or ids, or --pool" in result.stderr
    assert (await at.house.gateway._store.doubts()).count == 1


async def test_it_needs_an_administrators_key(at: Counter) -> None:
    result = await at.run("release")
    assert result.exit_code == 1
    assert "administrator" in result.stderr


async def test_more_ids_than_a_call_takes_are_given_in_several(at: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.cli.release.MOST", 2)
    ids = await in_doubt(at, 5)
    assert await said(at, "cancel", *ids) == "cancel: 5 messages; 0 still in doubt\n"
