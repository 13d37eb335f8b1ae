"""The site, built once for the tests of a module, in a folder of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ZENSICAL: Final = ROOT / ".venv-docs" / "bin" / "zensical"


def built(folder: Path) -> Path:
    """The site's folder. Where its builder is not to be had the test is skipped."""
    if not ZENSICAL.exists():
        pytest.skip("zensical is missing (from docs/requirements.txt, installed by make docs-tools)")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    done = subprocess.run([ZENSICAL, "build", "--strict"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


def sources() -> Iterator[str]:
    """Every page as it is written, by its path inside docs/."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        yield path.relative_to(ROOT / "docs").as_posix()
