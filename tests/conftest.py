"""What a run of the tests tells of itself, and what it must not be disturbed by."""

import signal

from hypothesis import settings

from tests.store import database

# How long an example takes says more of what else the machine does: what must be fast has a test that says so.
settings.register_profile("posthouse", deadline=None)
settings.load_profile("posthouse")

# A shell without job control starts what runs beside it with SIGINT ignored, and so would be whatever a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"database: {database.version()}"
