"""docs/decisions/index.md: what was decided, when, and whether it still holds."""

from pathlib import Path
from typing import Final

from forms import TOP, joined, table

FOLDER: Final = Path(__file__).parents[1] / "decisions"

HEAD: Final = """
# Decisions

Why things are as they are: one page each, with what was measured and what would change our mind.
"""


def page() -> str:
    return joined([TOP + HEAD, table(("decision", "state"), (_row(path) for path in sorted(FOLDER.glob("0*.md"))))])


def _row(path: Path) -> tuple[str, str]:
    """The title is its first line, the state the first line of text after it."""
    title, *rest = (line for line in path.read_text("utf-8").splitlines() if line.strip())
    return f"[{title.removeprefix('# ')}]({path.name})", rest[0]
