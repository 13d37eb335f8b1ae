"""posthouse explain: where a message goes, or would go, and why each provider was passed over or chosen."""

from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from posthouse.cli import letter as given
from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.letter import letter
from posthouse.cli.screen import plain, print_json, screen
from posthouse.cli.show import at, attempts

EXAMPLES: Final = """
  posthouse explain 01a20ace-acae-70a7-8c34-261662c5721b          a message that was handed in
  posthouse explain --to ann@example.org --subject Hello --text Hi   one that is not sent
  posthouse explain --to ann@example.org --subject Code --text 123456 --class otp --json
"""

CIRCUITS: Final = {"open": "red", "half-open": "yellow"}


def explain(
    message_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The message's id; or say a message with the options below.")
    ] = None,
    to: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Recipient; say it again for more.")] = None,
    subject: Annotated[str, typer.Option(metavar="TEXT", help="Subject.")] = "",
    text: given.PlainText = None,
    html: given.Html = None,
    markdown: given.Markdown = None,
    sender: given.From = None,
    cc: given.Cc = None,
    bcc: given.Bcc = None,
    reply_to: given.ReplyTo = None,
    header: given.Header = None,
    attach: given.Attach = None,
    tag: given.Tag = None,
    metadata: given.Metadata = None,
    class_: given.Class = None,
    lane: given.Lane = None,
    provider: given.Through = None,
    on_unsure: given.OnUnsure = None,
    require_tag: given.RequireTag = None,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Explain where a message goes, or where one would go. Nothing is sent. Exit code 1 where nobody would carry it."""
    message = letter(
        to=to,
        subject=subject,
        text=text,
        html=html,
        markdown=markdown,
        cc=cc,
        bcc=bcc,
        reply_to=reply_to,
        tags=tag,
        lane=lane,
        provider=provider,
        on_unsure=on_unsure,
        require_tags=require_tag,
        header=header,
        attach=attach,
        metadata=metadata,
        **{"from": sender, "class": class_},
    )
    if (message_id is None) is not bool(message):
        raise typer.BadParameter("expected an id, or --to and the rest of a message (one of them)", param_hint="ID")
    client = Client(url, key)
    if message_id is not None:
        document = checked(client.call("GET", at(message_id, "/explain")), as_json=as_json)
    else:
        # Routing looks at what a message is like, not at its words: some stand in where none are said.
        bodied = any(part in message for part in ("text", "html", "markdown"))
        asked = message if bodied else {**message, "text": "…"}
        document = checked(client.call("POST", "/route/explain", asked), as_json=as_json)
    if as_json:
        print_json(document)
    else:
        _print(document)
    if document["decision"] == "fail":
        raise typer.Exit(1)


def _print(document: dict[str, Any]) -> None:
    console = screen()
    console.print(_sentence(document))
    table = Table("", "provider", "verdict", "circuit", "score", "on their way", "left", box=None, padding=(0, 2))
    for candidate in document["candidates"]:
        circuit = candidate["circuit"]
        table.add_row(
            str(candidate["place"] or "-"),
            plain(candidate["name"]),
            _verdict(candidate),
            Text(circuit, style=CIRCUITS.get(circuit, "")),
            f"{candidate['score']:g}",
            f"{candidate['in_flight']} of {candidate['concurrency']}",
            _left(candidate),
        )
    console.print(table)
    if document.get("attempts"):
        console.print(Text("so far"))
        console.print(attempts(document["attempts"]))


def _sentence(document: dict[str, Any]) -> Text:
    """The decision in one line."""
    reason = plain(document["reason"] or "").plain
    if document["decision"] == "send":
        then = f"; if that fails, {document['if_failed']}" if document["if_failed"] else ""
        return Text(f"{document['pool']}: goes through {document['provider']}{then}", style="green")
    if document["decision"] == "wait":
        return Text(f"{document['pool']}: waits until {document['until']}: {reason}", style="yellow")
    if document["decision"] == "fail":
        return Text(f"{document['pool']}: nobody would carry it: {reason}", style="red")
    return Text(f"{document['pool']}: {reason}. If it came now:")


def _verdict(candidate: dict[str, Any]) -> Text:
    against = [rule["why"] or rule["name"] for rule in candidate["filters"] if not rule["ok"]]
    if candidate["chosen"]:
        return Text("chosen", style="green")
    if candidate["place"] is not None and not against:
        return Text(plain(candidate["doubt"]).plain if candidate.get("doubt") else "could carry it")
    until = f" (until {candidate['ready_at']})" if candidate["ready_at"] else ""
    return Text(plain("; ".join(against)).plain + until, style="yellow")


def _left(candidate: dict[str, Any]) -> str:
    """What its quotas leave."""
    spans = (("today", candidate["today_left"]), ("this month", candidate["month_left"]))
    return ", ".join(f"{count} {span}" for span, count in spans if count is not None)
