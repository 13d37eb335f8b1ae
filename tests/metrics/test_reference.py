"""The page says what the collector says."""

import subprocess
import sys
from pathlib import Path

from posthouse.metrics.described import CIRCUIT, METRICS
from posthouse.metrics.reference import page
from posthouse.routing.breaker import Breaker

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "run: python -m posthouse.metrics.reference > docs/reference/metrics.md"


def test_it_is_made_by_the_command_that_it_names() -> None:
    command = [sys.executable, "-m", "posthouse.metrics.reference"]
    assert subprocess.run(command, capture_output=True, check=True, text=True).stdout == page()


def test_every_metric_has_a_row_and_no_row_breaks_the_table() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `posthouse")]
    assert [row.split("`")[1] for row in rows] == [metric.name for metric in METRICS]
    assert {row.count("|") for row in rows} == {6}


def test_every_state_of_a_circuit_has_a_number() -> None:
    circuits = [Breaker(), Breaker(opened_at=0.0, probe_at=5.0), Breaker(opened_at=0.0)]
    assert [CIRCUIT[circuit.state(1.0)] for circuit in circuits] == [0, 2, 1]
