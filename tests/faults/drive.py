"""A drive whose power can be cut: an ext4 in a file, mounted, that is told to forget what it has not written down."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

SHUTDOWN: Final = 0x8004587D
"""EXT4_IOC_SHUTDOWN, of linux/fs/ext4/ext4.h."""

NO_LOG_FLUSH: Final = 2
"""EXT4_GOING_FLAGS_NOLOGFLUSH: neither what is dirty nor the journal is written any more, as when the power fails."""


class Drive:
    """folder: where it is mounted."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image, self.folder = image, folder

    def mount(self) -> None:
        """Its journal is replayed, where there is something in it."""
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def cut(self) -> None:
        """From now on every write fails, and nothing that was not synced will be there again."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, NO_LOG_FLUSH.to_bytes(4, "little"))
        finally:
            os.close(folder)

    def settle(self) -> None:
        """Let all that was written so far be there for good."""
        _run("sync", "--file-system", str(self.folder))

    def unmount(self) -> None:
        """The loop device goes with it. Nobody may have a file of it open."""
        _run("umount", str(self.folder))

    @contextmanager
    def mounted(self) -> Iterator[None]:
        self.mount()
        try:
            yield
        finally:
            # Whoever still has a file of it open, after a failure, keeps it no longer than he lives.
            _run("umount", "--lazy", str(self.folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextmanager
def drive(mebibytes: int) -> Iterator[Drive]:
    """A new one, mounted; gone when the block is left."""
    with TemporaryDirectory(prefix="posthouse-drive-") as place:
        Path(place).chmod(0o755)
        image, folder = Path(place, "image"), Path(place, "mounted")
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(mebibytes * 2**20)
        _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", str(image))
        made = Drive(image, folder)
        with made.mounted():
            yield made


@cache
def missing() -> str | None:
    """Why no such drive can be had here; None where it can."""
    if os.geteuid():
        return "a power cut needs root, to mount a file system"
    try:
        with drive(16) as tried:
            tried.cut()
    except FileNotFoundError as error:
        return f"a power cut needs {error.filename}"
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        return f"the power of a drive cannot be cut here: {said.decode(errors='replace').strip()[:200]}"
    return None
