"""What must hold for the repository itself."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPILE = ["pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]


def pins(text: str) -> list[str]:
    """The lines that pin: without comments, which hold the command and its paths."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("name", "options"), [("run.txt", []), ("dev.txt", ["--group", "dev", "-c", "requirements/run.txt"])]
)
def test_the_pinned_requirements_are_those_that_pyproject_asks_for(
    name: str, options: list[str], tmp_path: Path
) -> None:
    """Compiled again on top of what is pinned, nothing changes: a new dependency, or a dropped one, would show."""
    pinned = ROOT / "requirements" / name
    copy = tmp_path / name
    shutil.copy(pinned, copy)
    command = [sys.executable, "-m", "uv", *COMPILE, "--no-emit-index-url", "pyproject.toml", *options, "-o", str(copy)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert pins(copy.read_text()) == pins(pinned.read_text())


def test_every_pinned_requirement_has_its_hashes() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert len(re.findall(r"^[a-z0-9_.-]+(?:\[[a-z,]+\])?==", text, re.MULTILINE)) > 0
        for line in text.splitlines():
            if re.match(r"[a-z0-9_.-]+==", line):
                assert line.endswith("\\"), f"{path.name}: {line} has no hash"


def test_no_file_names_the_host_of_a_package_registry() -> None:
    hosts = ("py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs.org", "deb." + "debian.org")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file():
            text = path.read_text("utf-8", "ignore")
            assert not [host for host in hosts if host in text], name


def test_the_makefile_tells_what_it_can_make() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    asked = {"run", "debug", "interactive", "test", "coverage", "check", "bench", "soak", "help"}
    assert asked <= {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
