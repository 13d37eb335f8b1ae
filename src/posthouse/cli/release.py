"""posthouse release: what becomes of messages that are in doubt since the store was restored."""

import sys
from typing import Annotated, Any, Final, Literal

import typer

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.screen import counted, print_json

EXAMPLES: Final = """
  posthouse release                                   how many there are
  posthouse list --status held                        which
  posthouse release send --all                        each is sent, and marked as a possible duplicate
  posthouse release cancel 01a20ace-acae-70a7-8c34-261662c5721b
  posthouse release hold --pool example.com --reason 'the provider has sent them'
"""

MOST: Final = 1000
"""Ids in one call."""


def release(
    verdict: Annotated[
        Literal["send", "hold", "cancel"] | None,
        typer.Argument(help="send them, leave them held, or cancel them; nothing said shows what there is."),
    ] = None,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these messages.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are in doubt.")] = False,
    pool: Annotated[str | None, typer.Option(metavar="DOMAIN", help="Only messages of this pool.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the audit.")] = None,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Say what becomes of messages that may have been sent since the copy was made. Needs an administrator's key.

    A verdict that was given stands. Messages that were accepted after the restore are not concerned: they are sent at
    once.
    """
    client = Client(url, key)
    if verdict is None:
        document = checked(client.call("GET", "/admin/release"), as_json=as_json)
        print_json(document) if as_json else print_doubts(document)
        return
    if every == bool(ids or pool):
        print("expected --all, or ids, or --pool: which messages is this for?", file=sys.stderr)
        raise typer.Exit(2)
    asked = {"unfinished": verdict, "pool": pool, "reason": reason}
    body = {name: value for name, value in asked.items() if value is not None}
    portions = [ids[n : n + MOST] for n in range(0, len(ids), MOST)] if ids else [None]
    told = [
        checked(
            client.call("POST", "/admin/release", body if some is None else {**body, "ids": some}, 600.0),
            as_json=as_json,
        )
        for some in portions
    ]
    released, left = sum(one["released"] for one in told), told[-1]["in_doubt"]
    if as_json:
        print_json({"verdict": verdict, "released": released, "in_doubt": left})
    else:
        print(f"{verdict}: {counted(released, 'message')}; {left:,} still in doubt")


def print_doubts(document: dict[str, Any]) -> None:
    """What waits for a verdict, for a person."""
    if document["restored_at"] is None:
        print("this store was never restored from a copy: nothing is in doubt")
        return
    of = "a copy" if document["copied_at"] is None else f"a copy of {document['copied_at']}"
    print(f"restored at {document['restored_at']} from {of}")
    if not document["in_doubt"]:
        print("nothing is in doubt any more")
        return
    print(
        f"{counted(document['in_doubt'], 'message')} may have been sent since, held until you say what becomes of them:"
    )
    for name, count in sorted(document["pools"].items()):
        print(f"  {name}  {count:,}")
    print("which: posthouse list --status held    the verdict: posthouse release send|hold|cancel --all")
