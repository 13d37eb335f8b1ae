"""posthouse send: hand a message in over the API."""

import base64
import json
import mimetypes
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.show import print_message

WAIT_S = 60


def send(
    to: Annotated[list[str], typer.Option(metavar="ADDRESS", help="Recipient; say it again for more.")],
    subject: Annotated[str, typer.Option(metavar="TEXT", help="Subject.")],
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Plain text; '-' reads standard input.")] = None,
    html: Annotated[str | None, typer.Option(metavar="TEXT", help="HTML.")] = None,
    sender: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="Sender; the pool's own unless said.")
    ] = None,
    attach: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="File to attach; say it again for more."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Tag; say it again for more.")] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Through this provider only.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is sent, or will not be.")] = False,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Send a message. With --wait, exit code 0 says that a provider accepted it."""
    message: dict[str, Any] = {"to": to, "subject": subject}
    optional = {"from": sender, "text": sys.stdin.read() if text == "-" else text, "html": html}
    message |= {name: value for name, value in {**optional, "provider": provider, "tags": tag}.items() if value}
    if attach:
        message["attachments"] = [_attachment(path) for path in attach]
    headers = {"Prefer": f"wait={WAIT_S}"} if wait else {}
    document = checked(Client(url, key).call("POST", "/email", message, timeout_s=WAIT_S + 10, **headers))
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
    elif "attempts" in document:
        print_message(document)
    else:
        print(f"{document['status']}  {document['id']}")
    if wait and document["status"] not in ("sent", "delivered"):
        raise typer.Exit(1)


def _attachment(path: Path) -> dict[str, str]:
    kind, packed = mimetypes.guess_type(path.name)
    attachment = {"filename": path.name, "content": base64.b64encode(path.read_bytes()).decode()}
    # Of a packed file (a.csv.gz) the kind is that of what is inside: it is left to the server.
    return attachment if kind is None or packed is not None else {**attachment, "content_type": kind}
