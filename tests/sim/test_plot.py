"""The picture of a run; skipped where the extra `sim` is not installed."""

import sys
from typing import Literal

import pytest

from posthouse.sim.model import MadeUp
from posthouse.sim.plot import NoPlots, picture
from tests.sim.runs import short, spell

ILL = {"one": MadeUp(spells=(spell(2, 8, fails=1),)), "two": MadeUp()}
STARTS: dict[Literal["png", "svg"], bytes] = {"png": b"\x89PNG\r\n", "svg": b"<?xml"}


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_picture_is_drawn_and_the_same_run_gives_the_same_bytes(form: Literal["png", "svg"]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib (the extra sim) is not installed")
    log = short(ILL)
    drawn = picture(log, "A short outage", 20, form)
    assert drawn.startswith(STARTS[form])
    assert drawn == picture(log, "A short outage", 20, form)


def test_it_shows_who_is_who_and_what_is_what() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib (the extra sim) is not installed")
    text = picture(short(ILL), "A short outage", 20, "svg").decode()
    for word in ("A short outage", "one", "two", "failed", "attempts/s", "score", "one: circuit"):
        assert word in text


def test_without_matplotlib_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NoPlots, match="pip install 'posthouse\\[sim\\]'"):
        picture(short(ILL, 5), "", 20, "png")
