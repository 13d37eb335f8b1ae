"""posthouse show: what became of a message, and why."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked

COLOURS = {"sent": "green", "delivered": "green", "failed": "red", "expired": "red", "bounced": "red", "held": "yellow"}


def show(
    message_id: Annotated[str, typer.Argument(metavar="ID", help="The message's id.")],
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Show a message, its attempts and its events."""
    document = checked(Client(url, key).call("GET", f"/email/{quote(message_id, safe='')}"))
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_message(document)


UNBOUND = 100_000
"""Columns of what is no terminal: nothing is cut or wrapped there."""


def screen() -> Console:
    """Standard output, for a person at a terminal or a program behind a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=UNBOUND)


def coloured(status: str) -> Text:
    return Text(status, style=COLOURS.get(status, ""))


def print_message(document: dict[str, Any]) -> None:
    """A message for a person. What came from strangers is printed as text, never as markup or control codes."""
    console = screen()
    head = Table.grid(padding=(0, 2))
    head.add_row("id", document["id"])
    head.add_row("status", coloured(document["status"]))
    for name in ("from", "subject", "provider", "provider_message_id"):
        if document.get(name):
            head.add_row(name.replace("_", " "), plain(document[name]))
    head.add_row("to", plain(", ".join(document["to"])))
    if document["possible_duplicate"]:
        head.add_row("note", Text("possible duplicate: an earlier attempt ended in doubt", style="yellow"))
    console.print(head)
    attempts = Table("", "provider", "outcome", "status", "ms", "detail", box=None, padding=(0, 2))
    for attempt in document["attempts"]:
        cells = (
            str(attempt[name] if attempt[name] is not None else "") for name in ("outcome", "status", "latency_ms")
        )
        attempts.add_row(str(attempt["number"]), plain(attempt["provider"]), *cells, plain(attempt["detail"] or ""))
    if document["attempts"]:
        console.print(attempts)
    for event in document["events"]:
        words = "  ".join(plain(event[name]).plain for name in ("provider", "recipient", "detail") if name in event)
        console.print(Text(f"{event['at']}  {event['type']:<12} {words}"))


def plain(text: str) -> Text:
    return Text("".join(c if c.isprintable() else "�" for c in text))
