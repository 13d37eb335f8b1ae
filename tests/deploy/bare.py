"""A bare Debian in a folder, made by debootstrap; pip and apt inside it reach the world as this machine does."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.deploy.tools import tool

AUTHORITIES: Final = Path("/usr/local/share/ca-certificates")
"""Certificates that this machine trusts beside the usual ones: where it reaches the world through a proxy."""


def bare_debian(folder: Path, suite: str, *packages: str) -> None:
    """The smallest Debian of that release, and these packages."""
    with_them = [f"--include={','.join(packages)}"] if packages else []
    make = [tool("debootstrap", "Debian's debootstrap"), "--variant=minbase", *with_them, suite, str(folder)]
    subprocess.run(make, check=True, capture_output=True)
    if AUTHORITIES.is_dir():
        shutil.copytree(AUTHORITIES, folder / AUTHORITIES.relative_to("/"), dirs_exist_ok=True)
    shutil.copy("/etc/resolv.conf", folder / "etc" / "resolv.conf")


def inside(folder: Path, script: str) -> None:
    """Run lines of the shell there, as root; the first that fails is the last."""
    done = subprocess.run(["chroot", str(folder), "sh", "-ec", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
