"""The machine that was measured."""

import os
import platform
from pathlib import Path

import apsw
import msgspec


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured. filesystem: of the directory the stores were in; a `tmpfs` makes fsync free.

    others: versions of what else took part, by name.
    """

    cores: int
    python: str
    sqlite: str
    system: str
    filesystem: str
    others: dict[str, str] = {}

    def __str__(self) -> str:
        cores = f"{self.cores} core{'s' * (self.cores != 1)}"
        others = "".join(f", {name} {version}" for name, version in self.others.items())
        return f"{cores}, {self.system}, Python {self.python}, SQLite {self.sqlite}{others}, store on {self.filesystem}"


def machine(directory: Path, **others: str) -> Machine:
    """This one."""
    return Machine(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        python=platform.python_version(),
        sqlite=apsw.sqlite_lib_version(),
        system=f"{platform.system()} {platform.release()}",
        filesystem=filesystem(directory),
        others=others,
    )


def filesystem(directory: Path) -> str:
    """The kind of file system a directory is on, by the longest mount point above it (proc_pid_mounts(5))."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return "an unknown file system"
    place = directory.resolve()
    above = [(len(mount[1]), mount[2]) for mount in mounts if place.is_relative_to(mount[1])]
    return max(above)[1] if above else "an unknown file system"
