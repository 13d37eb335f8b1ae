"""Where the benchmark's servers have their files in tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that users other than root can get to: PostgreSQL and parts of Postfix do not run as root."""
    with TemporaryDirectory(prefix="posthouse-", dir="/var/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)
