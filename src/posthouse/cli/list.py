"""posthouse list: the newest messages."""

import json
from typing import Annotated
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.table import Table

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.show import coloured, plain


def list_messages(
    status: Annotated[str | None, typer.Option(help="Only these: queued, sent, failed …")] = None,
    to: Annotated[str | None, typer.Option(help="Only to this address.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only through this provider.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at the most.")] = 20,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """List messages, the newest first."""
    asked = {"status": status, "to": to, "tag": tag, "provider": provider, "limit": str(limit)}
    query = urlencode({name: value for name, value in asked.items() if value})
    document = checked(Client(url, key).call("GET", f"/email?{query}"))
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if not document["messages"]:
        print(
            "no messages" + (" that fit" if len(query) > len(f"limit={limit}") else " yet: 'posthouse send' makes one")
        )
        return
    table = Table("id", "status", "to", "subject", "provider", "accepted", box=None, padding=(0, 2))
    for message in document["messages"]:
        recipients = message["to"]
        more = f" and {len(recipients) - 1} more" if len(recipients) > 1 else ""
        table.add_row(
            message["id"],
            coloured(message["status"]),
            plain(recipients[0] + more if recipients else ""),
            plain(message["subject"]),
            plain(message["provider"] or ""),
            message["created_at"][:19].replace("T", " "),
        )
    Console(highlight=False).print(table)
