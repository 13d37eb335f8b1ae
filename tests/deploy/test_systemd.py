"""The systemd unit: one that systemd takes, that may do little, and that gives Posthouse the time to drain."""

import configparser
import json
import subprocess
import sys
from pathlib import Path

from posthouse.gateway import DRAIN_S
from posthouse.web.server import GOODBYE_S
from tests.deploy.tools import ROOT, tool

UNIT = ROOT / "deploy" / "systemd" / "posthouse.service"
EXPOSED_AT_MOST = 1.5


def installed(folder: Path) -> Path:
    """The unit as it is, with this Python in the place of the one it is installed with."""
    copy = folder / "posthouse.service"
    command = f"{sys.executable} -m posthouse"
    copy.write_text(UNIT.read_text().replace("/opt/posthouse/bin/posthouse", command))
    return copy


def setting(name: str) -> str:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(UNIT.read_text())
    return parser["Service"][name]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    command = [tool("systemd-analyze", "Debian's systemd"), "verify", str(installed(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "posthouse" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr


def test_systemd_finds_little_that_the_service_could_harm(tmp_path: Path) -> None:
    command = [tool("systemd-analyze", "Debian's systemd"), "security", "--offline=yes", "--json=short"]
    limit = f"--threshold={int(EXPOSED_AT_MOST * 10)}"
    done = subprocess.run([*command, limit, str(installed(tmp_path))], capture_output=True, text=True, check=False)
    worst = sorted((float(row["exposure"] or 0), row["name"]) for row in json.loads(done.stdout or "[]"))[-5:]
    assert done.returncode == 0, worst


def test_it_waits_longer_than_posthouse_takes_to_drain() -> None:
    assert float(setting("TimeoutStopSec")) > DRAIN_S + GOODBYE_S
    assert setting("KillSignal") == "SIGTERM"


def test_a_reload_asks_the_main_process_to_read_its_configuration() -> None:
    assert setting("ExecReload") == "/bin/kill -HUP $MAINPID"


def test_the_user_that_it_runs_as_is_the_one_that_is_made() -> None:
    made = (ROOT / "deploy" / "systemd" / "posthouse.sysusers").read_text()
    assert f"\nu {setting('User')} " in made
