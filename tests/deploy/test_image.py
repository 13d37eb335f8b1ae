"""The image, built by the Dockerfile's own steps and run as it says: no registry and no container engine is needed.

debootstrap makes the base that the Dockerfile names, buildah (which needs no daemon) runs each step in a chroot. The
result is run in name spaces of its own: a root that cannot be written, a volume for /data, only the loopback interface,
and the user that the image names. Takes minutes and root: `make packages`.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.deploy.bare import bare_debian
from tests.deploy.tools import ROOT, as_root, tool

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

BASE: Final = re.search(r"^ARG DEBIAN=(debian:(\w+)-slim)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
VARIABLES: Final = {
    "POSTHOUSE_DOMAIN": "example.com",
    "POSTHOUSE_API_KEY": "a-key-that-sends",
    "POSTHOUSE_PROVIDERS": "sandbox",
    "POSTHOUSE_URL": "http://127.0.0.1:8080",
}


class Builder:
    """buildah with a place of its own, and a copy of what the Dockerfile takes: both builds see the same files."""

    def __init__(self, folder: Path) -> None:
        self._source = folder / "source"
        kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        for name in ("Dockerfile", ".dockerignore", *kept):
            (target := self._source / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target)
            else:
                shutil.copy(ROOT / name, target)
        self._words = [tool("buildah", "Debian's buildah"), "--root", str(folder / "store")]
        self._words += ["--runroot", str(folder / "run"), "--storage-driver", "vfs"]

    def do(self, *words: str) -> str:
        env = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        done = subprocess.run(
            [*self._words, *words], cwd=self._source, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout.strip()

    def build(self, tag: str, *words: str) -> None:
        self.do("bud", "--pull-never", "--format", "docker", "--network", "host", "--tag", tag, *words, ".")


class Image(msgspec.Struct, frozen=True):
    """root: its file system. says: what it is configured to do. volume: where /data lies."""

    root: Path
    says: dict[str, Any]
    volume: Path

    def entering(self, command: Sequence[str]) -> list[str]:
        """Words that run the command inside, as the image's user, with the image's environment and our variables."""
        user = self.says["User"]
        given = [*self.says["Env"], *(f"{name}={value}" for name, value in VARIABLES.items())]
        return [
            "chroot",
            f"--userspec={user}",
            str(self.root),
            "env",
            "-i",
            "-C",
            self.says["WorkingDir"],
            *given,
            *command,
        ]

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[str]"]:
        """Its entry point, its root read-only. It is the process itself: signals reach it as they would there."""
        root = shlex.quote(str(self.root))
        prepare = f"""set -e
            ip link set lo up
            mount --bind {root} {root}
            mount -o remount,bind,ro {root}
            mount --bind {shlex.quote(str(self.volume))} {root}/data
            mount -t tmpfs tmpfs {root}/tmp
            exec "$@" """
        words = self.entering([*self.says["Entrypoint"], *self.says["Cmd"]])
        with subprocess.Popen(
            ["unshare", "--mount", "--net", "--ipc", "sh", "-c", prepare, "sh", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def beside(self, process: "subprocess.Popen[str]", *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the same container."""
        words = ["nsenter", "--target", str(process.pid), "--mount", "--net", *self.entering(command)]
        return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """A builder that has the base which the Dockerfile asks for."""
    as_root()
    builder = Builder(folder := tmp_path_factory.mktemp("buildah"))
    assert BASE is not None
    base = folder / "base"
    bare_debian(base, BASE[2])
    container = builder.do("from", "scratch")
    builder.do("add", "--quiet", container, str(base), "/")
    builder.do("commit", "--quiet", "--rm", container, BASE[1])
    yield builder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def image(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Image:
    builder.build("posthouse", "--build-arg", "VERSION=1.2.3")
    container = builder.do("from", "--pull-never", "localhost/posthouse")
    says = json.loads(builder.do("inspect", "--type", "image", "localhost/posthouse"))["Docker"]["config"]
    volume = tmp_path_factory.mktemp("volume")
    os.chown(volume, 10001, 10001)
    return Image(Path(builder.do("mount", container)), says, volume)


def test_the_image_says_what_it_is_and_runs_as_nobody(image: Image) -> None:
    assert image.says["User"] == "10001:10001"
    assert image.says["StopSignal"] == "SIGTERM"
    assert "/data" in image.says["Volumes"]
    assert image.says["Labels"]["org.opencontainers.image.version"] == "1.2.3"


def test_what_is_shipped_holds_no_pip_no_compiler_and_nothing_of_the_build(image: Image) -> None:
    assert not list((image.root / "opt/posthouse").rglob("pip"))
    assert not [
        name for name in ("gcc", "cc", "pip", "pip3", "curl", "git") if (image.root / "usr/bin" / name).exists()
    ]
    assert not (image.root / "build").exists()


def test_it_delivers_on_a_root_that_cannot_be_written_is_healthy_and_ends_at_sigterm(image: Image) -> None:
    with image.running() as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Posthouse listens on" in line:
                break
        else:
            raise AssertionError(said)
        _, *check = image.says["Healthcheck"]["Test"]
        assert image.beside(process, *check).returncode == 0
        words = ("--from", "shop@example.com", "--to", "ann@example.org", "--subject", "Hello", "--text", "It works.")
        sent = image.beside(process, "posthouse", "send", *words, "--wait", "--json")
        assert sent.returncode == 0, sent.stdout + sent.stderr
        record = json.loads(sent.stdout)
        assert (record["status"], record["provider"]) == ("sent", "sandbox")
        assert image.beside(process, "touch", "/opt/posthouse/mark").returncode != 0
        assert image.beside(process, "touch", "/etc/mark").returncode != 0
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert re.search(r"^Uid:\s+10001\s+10001", status, re.MULTILINE)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, said + process.stdout.read()
    assert (image.volume / "posthouse.db").exists()
    assert len(list((image.volume / "sent" / "new").iterdir())) == 1


def test_without_a_configuration_it_says_what_is_missing_and_opens_no_door(image: Image) -> None:
    words = [*image.says["Entrypoint"], *image.says["Cmd"]]
    bare = ["chroot", f"--userspec={image.says['User']}", str(image.root), "env", "-i", *image.says["Env"], *words]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'posthouse init' writes a configuration" in done.stderr


def test_a_second_build_ships_the_same_bytes(builder: Builder, image: Image) -> None:
    """Of all that is ours and all that is pinned; Debian's packages are those of the day."""
    builder.build("again", "--no-cache")
    container = builder.do("from", "--pull-never", "localhost/again")
    again = Path(builder.do("mount", container))
    assert digests(image.root / "opt/posthouse") == digests(again / "opt/posthouse")


def digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = f"-> {path.readlink()}"
        elif path.is_file():
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
