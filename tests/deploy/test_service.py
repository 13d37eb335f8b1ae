"""The systemd unit under a real systemd: installed by the lines of docs/deploy/systemd.md in a bare Debian that boots.

Takes minutes and root: `make packages`.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.bare import bare_debian, inside
from tests.deploy.tools import ROOT, as_root, tool

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

PACKAGES: Final = ("ca-certificates", "dbus", "python3", "python3-venv", "systemd", "systemd-sysv")
POSTHOUSE: Final = "/opt/posthouse/bin/posthouse"

VISIT: Final = f"""#!/bin/sh
# What an operator does once the machine is up; then it is switched off.
exec > /visit.log 2>&1
key=$(sed -n 's/^ *web: \\([^ ]*\\).*/\\1/p' /etc/posthouse/posthouse.yaml | head -1)
POSTHOUSE_API_KEY=$key {POSTHOUSE} send --from shop@example.com --to ann@example.org --subject Hi --text Hello --wait
echo "sent: $?"
grep -E '^(Uid|Seccomp|NoNewPrivs|CapEff):' "/proc/$(systemctl show posthouse -p MainPID --value)/status"
id -u posthouse
sed -i 's/  # max_body_mb.*/  max_body_mb: 20/' /etc/posthouse/posthouse.yaml
systemctl reload posthouse
journalctl -u posthouse -o cat --follow --lines=all | grep -q 'configuration reloaded' && echo reloaded
systemctl stop posthouse
systemctl show posthouse -p Result -p ExecMainStatus
systemctl poweroff
"""
"""The lines are awaited, not slept for: `serve` says that it listens, the log that it has reloaded."""

UNIT: Final = """[Unit]
After=posthouse.service
[Service]
ExecStartPre=/bin/sh -c "journalctl -u posthouse -o cat --follow --lines=all | grep -q 'Posthouse listens'"
ExecStart=/visit.sh
[Install]
WantedBy=multi-user.target
"""


def told() -> str:
    """The commands of the page, without the last, which starts the service: the boot does that."""
    page = (ROOT / "docs" / "deploy" / "systemd.md").read_text()
    found = re.search(r"```console[^\n]*\n(.*?)```", page, re.DOTALL)
    assert found is not None
    lines = [line.removeprefix("# ") for line in found[1].splitlines()]
    assert lines[-1] == "systemctl enable --now posthouse"
    return "\n".join([*lines[:-1], "systemctl enable posthouse"])


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds a Debian with Posthouse installed."""
    as_root()
    tool("systemd-nspawn", "Debian's systemd-container")
    folder = tmp_path / "machine"
    bare_debian(folder, "bookworm", *PACKAGES)
    source = folder / "src"
    for name in ("requirements", "deploy"):
        shutil.copytree(ROOT / name, source / name)
    build = [tool("hatchling"), "build", "-t", "wheel", "-d", str(source / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    inside(folder, f"update-ca-certificates; cd /src; export PIP_CERT=/etc/ssl/certs/ca-certificates.crt\n{told()}")
    (folder / "visit.sh").write_text(VISIT)
    (folder / "visit.sh").chmod(0o755)
    (folder / "etc/systemd/system/visit.service").write_text(UNIT)
    inside(folder, "systemctl enable visit")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_service_delivers_reloads_and_stops_under_systemd_with_no_right_it_need_not_have(machine: Path) -> None:
    boot = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot"]
    done = subprocess.run([*boot, "-D", str(machine)], capture_output=True, text=True, timeout=120, check=False)
    log = machine / "visit.log"
    assert log.exists(), done.stdout[-4000:]
    said = log.read_text()
    assert "sent: 0" in said, said
    assert re.search(r"^CapEff:\t0+$", said, re.MULTILINE), said
    assert "NoNewPrivs:\t1" in said
    assert "Seccomp:\t2" in said
    uid = re.search(r"^Uid:\t(\d+)\t", said, re.MULTILINE)
    assert uid is not None
    assert f"\n{uid[1]}\n" in said
    assert uid[1] != "0"
    assert "reloaded" in said
    assert "Result=success" in said
    assert "ExecMainStatus=0" in said
    assert (machine / "var/lib/posthouse/posthouse.db").exists()
