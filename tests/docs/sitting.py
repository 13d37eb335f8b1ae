"""A sitting: one page read from top to bottom by somebody with two terminals, in an empty folder.

    python -m tests.docs.sitting docs/guides/failover.md

It happens in a network of its own, which is made when this is started as a program: port 8080 is free there, and no
other host can be reached. What is typed is what the page says, letter by letter.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Final

from tests.docs.likeness import like, within
from tests.docs.page import Run, Serve, Skip, Step, Stop, Wait, Write, steps

PATIENCE_S: Final = 60.0
READY: Final = r"Posthouse listens on "
RELOADED: Final = r"configuration reloaded|configuration is broken"
END: Final = "--- end of the command ---"

BIN: Final = Path(sys.executable).parent
UP, RUNNING = 0x1, 0x40


class Trouble(Exception):
    """The page promises what does not happen; the text says where."""


class Server:
    """What runs in the other terminal."""

    def __init__(self, command: str, folder: Path, env: dict[str, str]) -> None:
        words = ["bash", "-c", re.sub(r"\bposthouse serve\b", "exec posthouse serve", command, count=1)]
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self._said = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()
        with self._said:
            self._lines.append("")  # it says no more
            self._said.notify_all()

    @property
    def said(self) -> str:
        return "".join(self._lines)

    def says(self, pattern: str, after: int = 0) -> None:
        """Wait for a line in which the pattern is found."""

        def found() -> bool:
            return any(re.search(pattern, line) for line in self._lines[after:]) or self._lines[-1:] == [""]

        with self._said:
            self._said.wait_for(found, PATIENCE_S)
        if not any(re.search(pattern, line) for line in self._lines[after:]):
            raise Trouble(f"the server did not say {pattern!r}, but\n{self.said}")

    def lines(self) -> int:
        with self._said:
            return len(self._lines)

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE_S)


class Sitting:
    """The folder, the shell, and the server in the other terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Server | None = None
        self._before = 0
        env = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        env |= {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "COLUMNS": "120"}
        self._shell = subprocess.Popen(
            ["bash", "--norc", "-s"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def take(self, step: Step) -> None:
        """Do what the page says there."""
        if self._server is not None and not isinstance(step, Wait):
            self._before = self._server.lines()
        match step:
            case Run():
                self._run(step)
            case Serve():
                self._serve(step)
            case Write():
                self._write(step)
            case Wait():
                self._wait(step)
            case Stop():
                self._stop()
                self._server = None
            case Skip():
                pass

    def _wait(self, step: Wait) -> None:
        if self._server is None:
            raise Trouble(f"line {step.line}: no server is running")
        self._server.says(re.escape(step.words), after=self._before)

    def leave(self) -> None:
        try:
            self._stop()
        finally:
            if self._server is not None:
                self._server.kill()
            os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait(PATIENCE_S)

    def _run(self, step: Run) -> None:
        said, status = self._type(f"set {'-' if step.whole else '+'}e\n{step.text}")
        if status != "0":
            raise Trouble(f"line {step.line}: {step.text}\nended with {status}:\n{said}{self._log()}")
        if step.shown is not None and not like(step.shown, said):
            raise Trouble(
                f"line {step.line}: {step.text}\nthe page shows\n{step.shown}\nand it said\n{said}{self._log()}"
            )

    def _type(self, text: str) -> tuple[str, str]:
        """What the shell says to it, and the status it ends with."""
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
            file.write(f"{text}\n")
            file.flush()
            assert self._shell.stdin is not None
            assert self._shell.stdout is not None
            self._shell.stdin.write(f". {file.name} </dev/null; printf '\\n%s %s\\n' '{END}' $?\n")
            self._shell.stdin.flush()
            said: list[str] = []
            for line in self._shell.stdout:
                if line.startswith(END):
                    return "".join(said), line.removeprefix(END).strip()
                said.append(line)
        raise Trouble(f"the shell is gone after\n{text}\n{''.join(said)}")

    def _serve(self, step: Serve) -> None:
        self._stop()
        env = dict(
            entry.partition("=")[::2] for entry in self._type("env -0")[0].strip("\n").split("\0") if "=" in entry
        )
        self._server = Server(step.text, self._folder, env)
        self._server.says(READY)
        if step.shown is not None:
            last = [line for line in step.shown.splitlines() if line.strip()][-1]
            self._server.says(re.escape(last.strip()[:20]))
            if not within(step.shown, self._server.said):
                raise Trouble(f"line {step.line}: the page shows\n{step.shown}\nand it said\n{self._server.said}")

    def _stop(self) -> None:
        if self._server is not None:
            status = self._server.stop()
            if status != 0:
                raise Trouble(f"the server ended with {status}:\n{self._server.said}")

    def _write(self, step: Write) -> None:
        """Write the file; a server that reads it has then taken it over."""
        file = self._folder / step.name
        if file.exists() and file.read_text() == step.text:
            return
        known = file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(step.text)
        if self._server is not None and known and step.name == "posthouse.yaml":
            self._server.says(RELOADED, after=self._before)

    def _log(self) -> str:
        return f"\nThe server said:\n{self._server.said}" if self._server else ""


def read(page: Path) -> None:
    """Read the page, and do as it says. Trouble where that does not go as it says."""
    folder = Path(tempfile.mkdtemp(prefix="sitting-"))
    sitting = Sitting(folder)
    try:
        for step in steps(page.read_text("utf-8")):
            sitting.take(step)
    finally:
        sitting.leave()
        shutil.rmtree(folder)


def alone(program: list[str]) -> list[str]:
    """The words that run a program in a network of its own."""
    return ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), *program]


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", UP | RUNNING))


def main() -> int:
    if len(sys.argv) == 2:
        return subprocess.run(
            alone([sys.executable, "-m", "tests.docs.sitting", sys.argv[1], "here"]), check=False
        ).returncode
    loopback_up()
    try:
        read(Path(sys.argv[1]))
    except Trouble as trouble:
        sys.stdout.write(f"{sys.argv[1]}: {trouble}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
