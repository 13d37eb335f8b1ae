"""The report for people: on a terminal, in a pipe, on a page."""

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from posthouse.bench.report import Report
from posthouse.bench.table import BEGIN, END, lines, number, remarks, section, table, written
from tests.bench.test_report import BOTH, WHY

DOCS = Path(__file__).parents[2] / "docs"


def test_on_a_terminal_of_80_columns_no_figure_is_broken() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table(BOTH))
    text = out.getvalue()
    for found in ("4500", "±2%", "0.51", "±10%", "posthouse", "sqlite", "postfix"):
        assert any(found in line.split() for line in text.splitlines()), found


def test_in_a_pipe_each_figure_of_each_server_is_a_line() -> None:
    text = list(lines(BOTH))
    assert text[0] == "2 cores, Linux 6, Python 3.11.7, SQLite 3.54.1, store on ext4"
    assert "bare sqlite\taccepted/s\t8000/9000/10000" in text
    assert "posthouse sqlite\taccepted/s\t4400/4500/4590\tratio 0.45/0.51/0.55" in text
    assert "posthouse sqlite\tcold start ms\t510/540/550\tratio 2.55/2.84/3.06" in text


def test_goals_and_those_who_are_missing_are_told() -> None:
    told = list(remarks(BOTH))
    assert told[0] == f"postfix: not measured: {WHY}"
    assert "posthouse sqlite, delivered/s: at least 0.5 x bare sqlite: 0.51, met" in told
    assert "posthouse sqlite, half load p99 ms: at most 25: 26, missed" in told


def test_the_page_keeps_its_words_around_the_figures() -> None:
    page = written(f"# Speed\n\n{BEGIN}\nbefore\n{END}\n\nWords.\n", BOTH)
    assert page.startswith(f"# Speed\n\n{BEGIN}\n\n`posthouse bench`, 2026-11-28: 2 cores")
    assert page.endswith(f"\n{END}\n\nWords.\n")
    assert "| accepted/s | **9,000** (8,000–10,000) | **4,500** (4,400–4,590) |" in page
    assert "| delivered, over its ceiling |  | **0.51** (0.45–0.55) |" in page
    assert f"postfix was not measured: {WHY}." in page
    assert "before" not in page
    assert written(page, BOTH) == page


def test_a_page_without_a_place_for_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="measured: end"):
        written("# Speed\n", BOTH)


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12346"), (100, "100"), (99.94, "99.9"), (0.5123, "0.512")])
def test_a_number_has_three_digits_or_is_whole(value: float, text: str) -> None:
    assert number(value) == text


def test_the_figures_in_the_docs_are_those_of_the_file_beside_them() -> None:
    report = msgspec.json.decode((DOCS / "performance.json").read_bytes(), type=Report)
    assert section(report) in (DOCS / "performance.md").read_text()
