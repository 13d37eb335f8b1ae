"""What is handed out: the wheel and the sdist, each installed in an empty environment and run in an empty folder."""

import asyncio
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest

from posthouse import __version__
from tests.deploy.tools import ROOT, tool
from tests.end_to_end.conftest import Client
from tests.end_to_end.process import started

BUILD: Final = ROOT / "deploy" / "requirements" / "build.txt"
MAIL: Final = b'{"from": "shop@example.com", "to": "ann@example.org", "subject": "Hello", "text": "It works."}'


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both packages, built from this tree."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([tool("hatchling"), "build", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def uv(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def installed(folder: Path, *package: str) -> Path:
    """A virtual environment that holds what requirements/run.txt pins, then the package; its Python."""
    uv("venv", "--quiet", "--python", sys.executable, str(folder))
    python = folder / "bin" / "python"
    into = ("--quiet", "--python", str(python))
    uv("pip", "sync", *into, "--require-hashes", str(ROOT / "requirements" / "run.txt"))
    uv("pip", "install", *into, "--no-deps", *package)
    return python


@pytest.fixture
def wheel_python(dist: Path, tmp_path: Path) -> Path:
    [wheel] = dist.glob("*.whl")
    return installed(tmp_path / "venv", "--no-index", str(wheel))


@pytest.fixture
def sdist_python(dist: Path, tmp_path: Path) -> Path:
    [sdist] = dist.glob("*.tar.gz")
    return installed(tmp_path / "venv", "--no-cache", "--build-constraints", str(BUILD), str(sdist))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (folder := tmp_path / "empty").mkdir()
    return folder


async def delivers(python: Path, folder: Path) -> None:
    """`posthouse serve` of that environment, in that folder, takes a message, sends it, and ends well."""
    async with started(["-m", "posthouse", "serve", "--listen", "127.0.0.1:0"], folder, python=str(python)) as process:
        found = await process.says(r"Posthouse listens on http://\S+:(\d+)")
        client = Client(int(found[1]), "dev")
        record = await asyncio.to_thread(client.post, "application/json", MAIL)
        assert (record["status"], record["provider"]) == ("sent", "sandbox")
        assert len(os.listdir(folder / "sent" / "new")) == 1
        assert await process.stopped() == 0, process.errors


@pytest.mark.timeout(180)
async def test_the_wheel_runs_in_an_empty_environment_and_an_empty_folder(wheel_python: Path, empty: Path) -> None:
    await delivers(wheel_python, empty)


@pytest.mark.timeout(180)
async def test_the_sdist_builds_and_runs_in_an_empty_environment(sdist_python: Path, empty: Path) -> None:
    await delivers(sdist_python, empty)


@pytest.mark.timeout(180)
def test_the_command_is_installed_with_it(wheel_python: Path) -> None:
    said = subprocess.run([wheel_python.with_name("posthouse"), "--help"], capture_output=True, text=True, check=True)
    assert "serve" in said.stdout


def test_the_wheel_holds_the_package_whole_and_nothing_beside_it(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        inside = {name for name in opened.namelist() if ".dist-info/" not in name}
    source = ROOT / "src"
    there = {
        str(path.relative_to(source))
        for path in (source / "posthouse").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == there
    assert f"posthouse-{__version__}-" in wheel.name


def test_the_sdist_holds_the_licence_the_source_and_what_pins_it(dist: Path) -> None:
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        inside = {name.partition("/")[2] for name in opened.getnames()}
    assert {"LICENSE", "NOTICE", "README.md", "pyproject.toml", "requirements/run.txt"} <= inside
    assert "src/posthouse/gateway.py" in inside
    forbidden = (".git/", ".venv", ".tools/", ".hypothesis/", "secrets/")
    assert not [name for name in inside if name.startswith(forbidden)]


def test_two_builds_of_the_wheel_are_the_same(dist: Path, tmp_path: Path) -> None:
    command = [tool("hatchling"), "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "TZ": "Asia/Tokyo"})
    [first], [second] = dist.glob("*.whl"), tmp_path.glob("*.whl")
    assert first.read_bytes() == second.read_bytes()


async def test_the_procfile_starts_a_server_on_the_platforms_port(tmp_path: Path) -> None:
    kind, _, command = (ROOT / "Procfile").read_text().strip().partition(": ")
    assert kind == "web"
    name, *words = command.split()
    assert name == "posthouse"
    assert name in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    env = {"PORT": "0", "POSTHOUSE_DOMAIN": "example.com", "POSTHOUSE_API_KEY": "k", "POSTHOUSE_PROVIDERS": "sandbox"}
    async with started(["-m", "posthouse", *words], tmp_path, env) as process:
        found = await process.says(r"Posthouse listens on http://0\.0\.0\.0:(\d+)")
        record = await asyncio.to_thread(Client(int(found[1]), "k").post, "application/json", MAIL)
        assert record["status"] == "sent"
        assert await process.stopped() == 0
