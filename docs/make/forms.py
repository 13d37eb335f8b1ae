"""The few forms of Markdown that the generated pages are made of."""

from collections.abc import Iterable
from typing import Final

TOP: Final = "<!-- Made by `make reference`; do not edit. -->\n"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def code(text: object) -> str:
    """As code, or nothing where there is nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def joined(parts: Iterable[str]) -> str:
    """Parts with a blank line between them, those that are empty left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
