"""posthouse audit: who changed what."""

import json
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.screen import plain, print_json, screen

EXAMPLES: Final = """
  posthouse audit
  posthouse audit --pool example.com --what switch --since 2026-11-01T00:00:00Z
  posthouse audit --json | jq -r '.changes[] | [.at, .what, .who.name] | @tsv'
"""


def audit(
    pool: Annotated[str | None, typer.Option(metavar="DOMAIN", help="Only what concerns this pool.")] = None,
    what: Annotated[
        str | None, typer.Option(metavar="KIND", help="switch, suppression, configuration, key, restore or release.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Changed then or later.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=100, help="How many at the most.")] = 20,
    cursor: Annotated[str | None, typer.Option(metavar="CURSOR", help="The next_cursor of the page before.")] = None,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """List who changed what, the newest first. Needs an administrator's key."""
    asked = {"pool": pool, "what": what, "since": since, "limit": str(limit), "cursor": cursor}
    query = urlencode({name: value for name, value in asked.items() if value})
    document = checked(Client(url, key).call("GET", f"/admin/audit?{query}"), as_json=as_json)
    if as_json:
        print_json(document)
        return
    if not document["changes"]:
        print("nothing was changed" + (" that fits" if pool or what or since or cursor else " yet"))
        return
    console = screen()
    for change in document["changes"]:
        console.print(plain(line(change)), soft_wrap=True)
    if document["next_cursor"] is not None:
        console.print(plain(f"more: --cursor {document['next_cursor']}"), soft_wrap=True)


def line(change: dict[str, Any]) -> str:
    """One change on one line: when, who, what, and what it was before."""
    who = change["who"]
    by = " ".join(part for part in (who["kind"], who["name"]) if part)
    place = "/".join(part for part in (change["pool"], change["subject"]) if part)
    parts = [
        change["at"][:19].replace("T", " "),
        f"{by} ({who['address']})" if who["address"] else by,
        f"{change['what']} {place}".strip(),
        told(change["before"], change["after"]),
    ]
    return "  ".join(parts) + (f"  “{change['reason']}”" if change["reason"] else "")


def told(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    """What is different, in few words."""
    if before is None:
        return (
            ""
            if after is None
            else ", ".join(f"{name}: {_plain(value)}" for name, value in after.items() if value not in (None, []))
        )
    if after is None:
        return "removed"
    fresh = [name for name in after if before.get(name) != after[name]]
    return ", ".join(f"{name}: {_plain(before.get(name))} → {_plain(after[name])}" for name in fresh)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
