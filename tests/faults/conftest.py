"""Figures of a run, beside its verdict: shown in the summary, whether it passed or not."""

from collections.abc import Callable
from functools import partial

import pytest

FIGURES = "figures"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say what was counted."""
    return partial(record_property, FIGURES)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in [one for verdict in ("passed", "failed") for one in terminalreporter.stats.get(verdict, ())]:
        for name, value in report.user_properties:
            if name == FIGURES:
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}\n    {value}")
