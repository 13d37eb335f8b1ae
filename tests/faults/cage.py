"""A cage of memory: processes in it have so much together, and the kernel kills what wants more."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

CGROUPS: Final = Path("/sys/fs/cgroup")
_numbers = count()


class Cage:
    """A control group, of version 1 or 2."""

    def __init__(self, folder: Path, events: str) -> None:
        self._folder, self._events = folder, events

    @property
    def inside(self) -> Sequence[str]:
        """The command that runs another one in it."""
        return ("sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self._folder / "cgroup.procs"))

    @property
    def killed(self) -> int:
        """How many processes the kernel has killed in it."""
        found = re.search(r"^oom_kill (\d+)$", (self._folder / self._events).read_text(), re.MULTILINE)
        return int(found[1]) if found is not None else 0


@contextmanager
def cage(limit: int) -> Iterator[Cage | None]:
    """A cage of so many bytes; None where none can be made. It must be empty again when the block is left."""
    version_1 = (CGROUPS / "memory").is_dir()
    root = CGROUPS / "memory" if version_1 else CGROUPS
    folder = root / f"posthouse-faults-{os.getpid()}-{next(_numbers)}"
    try:
        folder.mkdir()
    except OSError:
        yield None
        return
    try:
        (folder / ("memory.limit_in_bytes" if version_1 else "memory.max")).write_text(str(limit))
        with suppress(FileNotFoundError):  # where the kernel does not account for swap
            swap = folder / ("memory.memsw.limit_in_bytes" if version_1 else "memory.swap.max")
            swap.write_text(str(limit if version_1 else 0))
        made = Cage(folder, "memory.oom_control" if version_1 else "memory.events")
    except OSError:  # the root does not hand this controller down
        folder.rmdir()
        yield None
        return
    try:
        yield made
    finally:
        folder.rmdir()
