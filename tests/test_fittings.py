"""The providers of a configuration: which stay over a reload, and which are let go."""

from pathlib import Path
from typing import Any

import pytest

from posthouse import fittings as module
from posthouse.clock import SystemClock
from posthouse.config.schema import Config
from posthouse.delivery.desk import Carrier, Line
from posthouse.fittings import Fittings
from posthouse.providers.client import Client
from tests.web.house import configuration, one_pool

FIRST, SECOND = ("example.com", "first"), ("example.com", "second")


class Opened:
    """In the place of every provider: whether it was closed."""

    def __init__(self, settings: Any) -> None:
        self.settings, self.closed = settings, False

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def fittings(monkeypatch: pytest.MonkeyPatch) -> Fittings:
    def opened(kind: str, settings: Any, *_: Any) -> Opened:
        if settings.maildir == "broken":
            raise ValueError("it cannot be made")
        return Opened(settings)

    monkeypatch.setattr(module, "open_provider", opened)
    return Fittings(Client(1), SystemClock())


def configured(folder: Path, **maildirs: str) -> Config:
    entries = {name: {"type": "sandbox", "maildir": where} for name, where in maildirs.items()}
    return configuration(one_pool(folder, providers=entries))


def provider(carriers: dict[Line, Carrier], line: Line) -> Opened:
    found = carriers[line].provider
    assert isinstance(found, Opened)
    return found


async def test_a_reload_keeps_what_did_not_change_and_closes_what_did_or_is_gone(
    tmp_path: Path, fittings: Fittings
) -> None:
    before = fittings.fit(configured(tmp_path, first="a", second="b"))
    after = fittings.fit(configured(tmp_path, first="a", second="other"))
    assert after[FIRST] is before[FIRST]
    assert provider(after, SECOND).settings.maildir == "other"
    last = fittings.fit(configured(tmp_path, second="other"))
    assert last == {SECOND: after[SECOND]}
    await fittings.closing()
    opened = [provider(before, FIRST), provider(before, SECOND), provider(last, SECOND)]
    assert [one.closed for one in opened] == [True, True, False]


async def test_where_one_cannot_be_made_all_stay_as_they_were(tmp_path: Path, fittings: Fittings) -> None:
    before = fittings.fit(configured(tmp_path, first="a", second="b"))
    with pytest.raises(ValueError, match="it cannot be made"):
        fittings.fit(configured(tmp_path, second="broken"))
    await fittings.closing()
    assert not provider(before, FIRST).closed
    assert fittings.fit(configured(tmp_path, first="a", second="b")) == before


async def test_at_the_end_all_are_closed(tmp_path: Path, fittings: Fittings) -> None:
    first = fittings.fit(configured(tmp_path, first="a"))
    last = fittings.fit(configured(tmp_path, second="b"))
    await fittings.close()
    assert (provider(first, FIRST).closed, provider(last, SECOND).closed) == (True, True)
