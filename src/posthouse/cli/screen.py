"""What commands print on: wide and plain behind a pipe, coloured on a terminal unless NO_COLOR is set."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.text import Text

COLOURS: Final = {
    "sent": "green",
    "delivered": "green",
    "accepted": "green",
    "failed": "red",
    "expired": "red",
    "bounced": "red",
    "complained": "red",
    "held": "yellow",
    "suppressed": "yellow",
    "late": "yellow",
}

UNBOUND: Final = 100_000
"""Columns of what is no terminal: nothing is cut or wrapped there."""

Step = Callable[[str], None]


def screen() -> Console:
    """Standard output, for a person at a terminal or a program behind a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=UNBOUND)


def coloured(status: str) -> Text:
    return Text(status, style=COLOURS.get(status.strip(), ""))


def plain(text: str) -> Text:
    """What strangers wrote, as text: never as markup or control codes."""
    return Text("".join(c if c.isprintable() else "�" for c in text))


def counted(count: int, noun: str) -> str:
    """`1 message`, `2,000 messages`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def print_json(document: Any, *, indent: int | None = 2) -> None:
    print(json.dumps(document, indent=indent, ensure_ascii=False), flush=True)


@contextmanager
def progress(total: int) -> Iterator[Step]:
    """Tells each step of a long work: a bar on a terminal, a line elsewhere; both on standard error."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda step: print(step, file=sys.stderr, flush=True)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda step: bar.update(task, advance=1, description=step)
