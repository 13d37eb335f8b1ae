"""posthouse show: what became of a message, and why."""

from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from rich.table import Table
from rich.text import Text

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.screen import coloured, plain, print_json, screen

EXAMPLES: Final = """
  posthouse show 01a20ace-acae-70a7-8c34-261662c5721b
  posthouse show 01a20ace-acae-70a7-8c34-261662c5721b --json
"""

MessageId = Annotated[str, typer.Argument(metavar="ID", help="The message's id.")]


def show(message_id: MessageId, as_json: AsJson = False, url: Url = URL, key: ApiKey = None) -> None:
    """Show a message, its attempts and its events."""
    document = checked(Client(url, key).call("GET", at(message_id)), as_json=as_json)
    if as_json:
        print_json(document)
    else:
        print_message(document)


def at(message_id: str, verb: str = "") -> str:
    """The path of a message, or of something that is done with it."""
    return f"/email/{quote(message_id, safe='')}{verb}"


def print_message(document: dict[str, Any]) -> None:
    """A message for a person. What came from strangers is printed as text, never as markup or control codes."""
    console = screen()
    head = Table.grid(padding=(0, 2))
    head.add_row("id", document["id"])
    head.add_row("status", coloured(document["status"]))
    for name in ("from", "subject", "provider", "provider_message_id", "resent_from"):
        if document.get(name):
            head.add_row(name.replace("_", " "), plain(document[name]))
    head.add_row("to", plain(", ".join(document["to"])))
    if document["possible_duplicate"]:
        head.add_row("note", Text("possible duplicate: an earlier attempt ended in doubt", style="yellow"))
    console.print(head)
    if document["attempts"]:
        console.print(attempts(document["attempts"]))
    for event in document["events"]:
        words = "  ".join(plain(event[name]).plain for name in ("provider", "recipient", "detail") if name in event)
        console.print(Text(f"{event['at']}  {event['type']:<12} {words}"))


def attempts(made: list[dict[str, Any]]) -> Table:
    """A message's attempts, one line each."""
    table = Table("", "provider", "outcome", "status", "ms", "detail", box=None, padding=(0, 2))
    for attempt in made:
        cells = (
            str(attempt[name] if attempt[name] is not None else "") for name in ("outcome", "status", "latency_ms")
        )
        table.add_row(str(attempt["number"]), plain(attempt["provider"]), *cells, plain(attempt["detail"] or ""))
    return table
