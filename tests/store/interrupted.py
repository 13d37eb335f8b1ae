"""Opens a new file again and again, and dies before the first statement, the second, the third …

`python -m tests.store.interrupted FOLDER` leaves one file for each, `1.db`, `2.db`, …; the last one is whole.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

import apsw

from posthouse.store.sqlite import file


def open_and_die(path: Path, statement: int) -> None:
    """Open the file, and end this process by kill -9 before that statement."""
    seen = count(1)

    class Doomed(apsw.Connection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.exec_trace = self._traced

        def _traced(self, cursor: object, sql: str, bindings: object) -> bool:
            if next(seen) == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            return True

    apsw.Connection = Doomed  # type: ignore[misc]
    file.connect(path)


def main(folder: Path) -> None:
    for statement in count(1):
        child = os.fork()
        if child == 0:
            open_and_die(folder / f"{statement}.db", statement)
            os._exit(0)
        _, ended = os.waitpid(child, 0)
        if ended == 0:
            return
        assert os.WTERMSIG(ended) == signal.SIGKILL


if __name__ == "__main__":
    main(Path(sys.argv[1]))
