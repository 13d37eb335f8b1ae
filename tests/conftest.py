"""What a run of the tests tells of itself."""

from tests.store import database


def pytest_report_header() -> str:
    return f"database: {database.version()}"
