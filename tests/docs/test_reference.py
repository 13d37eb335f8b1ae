"""The generated pages say what the code says."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from posthouse.config.describe import rows
from posthouse.mail import event, problem
from posthouse.providers.catalogue import SPECS
from tests.docs.site import ROOT

REFERENCE = ROOT / "docs" / "reference"
MAKE = [sys.executable, str(ROOT / "docs" / "make")]


def cells(path: Path) -> list[list[str]]:
    """The rows of all tables of a page."""
    return [line.strip("| ").split(" | ") for line in path.read_text().splitlines() if line.startswith("|")]


def test_every_generated_page_is_fresh() -> None:
    done = subprocess.run([*MAKE, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_setting_of_the_file_has_its_row() -> None:
    section, told = "", set()
    for line in (REFERENCE / "configuration.md").read_text().splitlines():
        if line.startswith("## "):
            section = "" if "`" not in line else line.split("`")[1] + "."
        elif line.startswith("| `"):
            told.add(section + line.split("`")[1])
    assert {row.path for row in rows({})} <= told


def test_what_has_no_effect_yet_is_said_where_it_is_described() -> None:
    text = (REFERENCE / "configuration.md").read_text()
    assert (
        "**Not in force: the SMTP door is not built yet; nothing listens there.**"
        in text.partition("## `smtp`")[2][:200]
    )


@pytest.mark.parametrize("name", SPECS)
def test_each_provider_has_its_settings_and_its_quirks(name: str) -> None:
    section = (REFERENCE / "providers.md").read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    for row in rows({name: SPECS[name]}):
        if row.path.startswith(f"pools.DOMAIN.providers.{name}."):
            assert f"| `{row.path.rpartition('.')[2]}` |" in section
    assert f"**{SPECS[name].title}.**" in section


def test_every_word_of_the_vocabulary_is_explained() -> None:
    told = {row[0] for row in cells(REFERENCE / "events.md")} | {row[0] for row in cells(REFERENCE / "problems.md")}
    assert {f"`{word}`" for word in (*event.MEANING, *event.STATUSES, *problem.CODES)} <= told


def test_no_row_breaks_its_table() -> None:
    for path in REFERENCE.glob("*.md"):
        lines = path.read_text().splitlines()
        for above, line in pairwise(lines):
            if above.startswith("|") and line.startswith("|"):
                assert above.replace("\\|", "").count("|") == line.replace("\\|", "").count("|"), f"{path.name}: {line}"
