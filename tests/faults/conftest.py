"""The ground a test stands on, and the figures of a run beside its verdict."""

from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import pytest

from tests.faults import soak
from tests.faults.ground import Ground, Postgres, Sqlite
from tests.faults.report import Line, table

FIGURES = "figures of a fault"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[Line], None]:
    """Say what was counted, before it is judged."""
    return lambda line: record_property(FIGURES, msgspec.to_builtins(line))


@pytest.fixture(params=["SQLite", "PostgreSQL"])
async def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    """Each kind of store, empty."""
    return Sqlite(tmp_path) if request.param == "SQLite" else await Postgres.create(tmp_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whatever fails here says how it is repeated."""
    report = yield
    if report.failed and "faults" in item.path.parts:
        report.sections.append(("repeat", f"POSTHOUSE_SEED={soak.SEED}"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for verdict in ("passed", "failed") for one in terminalreporter.stats.get(verdict, ())]
    told = [value for one in reports for name, value in one.user_properties if name == FIGURES]
    if told:
        terminalreporter.section(f"faults, SEED={soak.SEED}" if soak.SOAK else "faults")
        for line in table(msgspec.convert(told, list[Line])):
            terminalreporter.write_line(line)
