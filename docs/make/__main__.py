"""Writes the generated pages of docs/ afresh: `python docs/make`; `--check` names those that are out of date instead.

Each page is made from the code that does the work, so that it can say nothing else. `make reference` runs this.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import commands
import configuration
import decisions
import providers
import vocabulary

from posthouse.metrics import reference as metrics
from posthouse.web.openapi import page as http
from posthouse.web.openapi.call import made

DOCS: Final = Path(__file__).parents[1]

PAGES: Final[dict[str, Callable[[], str]]] = {
    "reference/configuration.md": configuration.page,
    "reference/cli.md": commands.page,
    "reference/http.md": lambda: http.page(json.loads(made()[0])),
    "reference/metrics.md": metrics.page,
    "reference/events.md": vocabulary.events,
    "reference/problems.md": vocabulary.problems,
    "reference/providers.md": providers.page,
    "decisions/index.md": decisions.page,
}


def main() -> int:
    stale = [name for name, page in PAGES.items() if _text(name) != page()]
    if "--check" in sys.argv:
        sys.stdout.write("".join(f"docs/{name} is out of date: run 'make reference'\n" for name in stale))
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(PAGES[name](), "utf-8")
        sys.stdout.write(f"docs/{name}\n")
    return 0


def _text(name: str) -> str | None:
    path = DOCS / name
    return path.read_text("utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
