"""Programs that the tests of `deploy/` check with: of `.venv-deploy` (`make deploy-tools`), or of the machine."""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
OWN: Final = ROOT / ".venv-deploy" / "bin"
FROM_REQUIREMENTS: Final = "deploy/requirements/tools.txt, installed by make deploy-tools"


def tool(name: str, package: str = FROM_REQUIREMENTS) -> str:
    """The path of a program. Where it is not to be had the test is skipped, and says what is missing."""
    found = shutil.which(name, path=f"{OWN}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is missing (from {package})")
    return found


def python_of_tools() -> str:
    """The Python that has the libraries of deploy/requirements/tools.txt."""
    return str(Path(tool("kubernetes-validate")).parent / "python")


def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can do this")
