"""A message as it is said on the command line: the options that `send` and `explain` share, and what they make."""

import base64
import mimetypes
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

From = Annotated[str | None, typer.Option("--from", metavar="ADDRESS", help="Sender; the pool's own unless said.")]
Cc = Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Copy; say it again for more.")]
Bcc = Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Hidden copy; say it again for more.")]
ReplyTo = Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Where answers go.")]
PlainText = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="Plain text; - reads standard input.")]
Html = Annotated[str | None, typer.Option(metavar="TEXT", help="HTML; - reads standard input.")]
Markdown = Annotated[str | None, typer.Option(metavar="TEXT", help="Markdown; - reads standard input.")]
Header = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Header; say it again for more.")]
Attach = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, help="File to attach; say it again for more."),
]
Tag = Annotated[list[str] | None, typer.Option(metavar="TAG", help="Tag; say it again for more.")]
Metadata = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Your own data; say it again for more.")]
SendAt = Annotated[str | None, typer.Option(metavar="TIME", help="Not before then: 2027-01-31T08:00:00Z.")]
ExpiresIn = Annotated[str | None, typer.Option(metavar="5m", help="Not after so long.")]
Class = Annotated[str | None, typer.Option("--class", metavar="NAME", help="Named policy of the pool.")]
Lane = Annotated[str | None, typer.Option(metavar="LANE", help="critical, normal or bulk.")]
Through = Annotated[str | None, typer.Option("--provider", metavar="NAME", help="Through this provider only.")]
OnUnsure = Annotated[
    str | None, typer.Option(metavar="POLICY", help="After an attempt in doubt: failover, retry_same or hold.")
]
RequireTag = Annotated[list[str] | None, typer.Option(metavar="TAG", help="Only providers with this tag.")]


def letter(
    *,
    attach: Iterable[Path] | None = None,
    header: Iterable[str] | None = None,
    metadata: Iterable[str] | None = None,
    **said: Any,
) -> dict[str, Any]:
    """The message for the API. said: its fields by their names there; what was not said is left out."""
    message = {name: value for name, value in said.items() if value}
    for part in ("text", "html", "markdown"):
        if message.get(part) == "-":
            message[part] = sys.stdin.read()
    for option, pairs in (("headers", header), ("metadata", metadata)):
        if pairs:
            message[option] = dict(_pair(pair, option.removesuffix("s")) for pair in pairs)
    if attach:
        message["attachments"] = [_attachment(path) for path in attach]
    return message


def _pair(text: str, option: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise typer.BadParameter("expected NAME=VALUE", param_hint=f"--{option}")
    return name, value


def _attachment(path: Path) -> dict[str, str]:
    kind, packed = mimetypes.guess_type(path.name)
    attachment = {"filename": path.name, "content": base64.b64encode(path.read_bytes()).decode()}
    # Of a packed file (a.csv.gz) the kind is that of what is inside: it is left to the server.
    return attachment if kind is None or packed is not None else {**attachment, "content_type": kind}
