"""The list of licences, and the bill of materials: complete, and as new as what is pinned."""

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.tools import ROOT, tool

TAKEN = ("Apache-2.0", "MIT", "BSD", "ISC", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib", "CC0", "0BSD", "any-OSI")
"""What may stand in an image that is Apache-2.0 itself."""


@pytest.fixture
def licences() -> ModuleType:
    spec = spec_from_file_location("licences", ROOT / "deploy" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_is_installed(licences: ModuleType) -> None:
    assert licences.PAGE.read_text() == licences.page(), f"run: {sys.executable} deploy/licences.py"


def test_every_licence_is_told_and_may_be_handed_on(licences: ModuleType) -> None:
    rows = [line.split(" | ") for line in licences.page().splitlines() if line.startswith("| ")][1:]
    assert rows
    for name, _, licence in rows:
        assert any(word in licence for word in TAKEN), f"{name}: {licence}"


def test_the_bill_of_materials_names_all_that_is_pinned(licences: ModuleType, tmp_path: Path) -> None:
    bill = tmp_path / "sbom.json"
    words = ["requirements", "--pyproject", "pyproject.toml", "--output-reproducible", "-o", str(bill)]
    subprocess.run([tool("cyclonedx-py"), *words, "requirements/run.txt"], cwd=ROOT, check=True, capture_output=True)
    document = json.loads(bill.read_text())
    told = sorted((component["name"], component["version"]) for component in document["components"])
    assert told == licences.pinned((ROOT / "requirements" / "run.txt").read_text())
