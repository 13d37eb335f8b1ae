"""The Dockerfile without a builder: its form, and that it takes what is pinned. test_image.py builds it."""

import re
import shlex
import subprocess
import tomllib

from tests.deploy.tools import ROOT, tool

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """Each instruction and its rest, comments and line ends taken out."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())]


def test_the_linter_has_nothing_to_say() -> None:
    done = subprocess.run([tool("hadolint"), "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_builder_is_given_what_is_copied_and_nothing_else() -> None:
    copied = {
        word
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for word in shlex.split(rest)[:-1]
    }
    given = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == given
    assert all((ROOT / path).exists() for path in given)


def test_the_wheel_is_built_with_what_pyproject_asks_for() -> None:
    [wanted] = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    folder = ROOT / "deploy" / "requirements"
    assert f"\n{wanted} \\\n" in (folder / "build.txt").read_text()
    assert wanted in (folder / "tools.in").read_text().splitlines()


def test_nothing_is_installed_without_its_hash() -> None:
    for name, rest in instructions():
        for command in rest.split("&&") if name == "RUN" else []:
            if re.search(r"\bpip\b.* install ", command):
                assert "--require-hashes" in command or "--no-deps --no-index dist/" in command, command


def test_it_runs_as_a_numbered_user_and_starts_without_a_shell() -> None:
    last = dict(instructions())
    assert last["USER"] == "10001:10001"
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert last["ENTRYPOINT"].startswith("[")
    assert last["CMD"].startswith("[")
    assert "CMD [" in last["HEALTHCHECK"]
