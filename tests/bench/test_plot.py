"""The comparison as a picture."""

import sys

import pytest

from posthouse.bench.plot import NoPlots, picture
from tests.bench.test_report import BOTH


def test_the_same_report_is_the_same_picture() -> None:
    made = picture(BOTH, "png")
    assert made.startswith(b"\x89PNG")
    assert picture(BOTH, "png") == made


def test_a_picture_names_who_was_measured_and_their_medians() -> None:
    text = picture(BOTH, "svg").decode()
    for found in ("posthouse sqlite", "bare sqlite", "4,500", "9,000", "2026-11-28"):
        assert found in text
    assert "postfix" not in text


def test_without_matplotlib_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NoPlots, match=r"posthouse\[sim\]"):
        picture(BOTH, "png")
