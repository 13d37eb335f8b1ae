"""posthouse list: the newest messages."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer
from rich.table import Table
from rich.text import Text

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.screen import coloured, plain, print_json, screen
from posthouse.mail.event import STATUSES

EXAMPLES: Final = """
  posthouse list --status failed
  posthouse list --to ann@example.org --since 2026-11-01T00:00:00Z --limit 100
  posthouse list --json | jq -r '.messages[].id'
"""

WIDE = 120
"""Columns of a terminal on which everything is told."""


def list_messages(
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="Only these: queued, sent, failed …")] = None,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Only to this address.")] = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only with this tag.")] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Only through this provider.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Accepted then or later.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Accepted then or earlier.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="How many at the most.")] = 20,
    cursor: Annotated[str | None, typer.Option(metavar="CURSOR", help="The next_cursor of the page before.")] = None,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """List messages, the newest first."""
    if status is not None and status not in STATUSES:
        raise typer.BadParameter(f"{status}: expected one of {', '.join(STATUSES)}", param_hint="--status")
    asked = {"status": status, "to": to, "tag": tag, "provider": provider, "since": since, "until": until}
    asked |= {"limit": str(limit), "cursor": cursor}
    query = urlencode({name: value for name, value in asked.items() if value})
    document = checked(Client(url, key).call("GET", f"/email?{query}"), as_json=as_json)
    if as_json:
        print_json(document)
        return
    if not document["messages"]:
        print(
            "no messages" + (" that fit" if len(query) > len(f"limit={limit}") else " yet: 'posthouse send' makes one")
        )
        return
    console = screen()
    if not console.is_terminal:
        print("id  status  to  subject  provider  accepted")
        for message in document["messages"]:
            print("  ".join(cell.plain for cell in _cells(message)))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, width in _widths(console.width).items():
        table.add_column(name, no_wrap=True, min_width=min(width, len(name)), max_width=width)
    for message in document["messages"]:
        table.add_row(*_cells(message)[: len(table.columns)])
    console.print(table)


def _widths(columns: int) -> dict[str, int]:
    """What is told on so many columns, and how wide it may be. The id is there to be copied: it is never cut."""
    fixed = {"id": 36, "status": 10}
    more = {"provider": 16, "accepted": 19} if columns >= WIDE else {}
    left = columns - sum(width + 2 for width in (*fixed.values(), *more.values()))
    share = max(8, left // 2 - 2)
    return {**fixed, "to": share, "subject": share, **more}


def _cells(message: dict[str, Any]) -> tuple[Text, ...]:
    recipients = message["to"]
    more = f" and {len(recipients) - 1} more" if len(recipients) > 1 else ""
    return (
        Text(message["id"]),
        coloured(message["status"]),
        plain(recipients[0] + more if recipients else ""),
        plain(message["subject"]),
        plain(message["provider"] or ""),
        Text(message["created_at"][:19].replace("T", " ")),
    )
