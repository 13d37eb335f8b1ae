"""A configuration file is replaced whole or not at all."""

import os
from pathlib import Path
from tempfile import mkstemp


def write(path: Path, text: str, *, replace: bool) -> None:
    """Put a file in place at once and for good: written aside, synced, renamed, the directory synced.

    The file's mode is 0600: it holds keys. Without `replace` a file that is there stays as it is: FileExistsError.
    Raises OSError where it cannot be written; then nothing has changed.
    """
    target = path.resolve()  # a link keeps pointing to the file
    handle, aside = mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(aside).replace(target)
        else:
            os.link(aside, target)  # unlike a rename it fails where somebody else was faster
    finally:
        Path(aside).unlink(missing_ok=True)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
