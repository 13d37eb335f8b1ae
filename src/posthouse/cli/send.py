"""posthouse send: hand a message in over the API."""

from typing import Annotated, Final

import typer

from posthouse.cli import letter as given
from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.letter import letter
from posthouse.cli.screen import print_json
from posthouse.cli.show import print_message

WAIT_S = 60

EXAMPLES: Final = """
  posthouse send --to ann@example.org --subject Hello --text 'It works.' --wait
  posthouse send --to ann@example.org --subject Report --markdown - --attach report.pdf < report.md
  posthouse send --to ann@example.org --subject Code --text 123456 --class otp --idempotency-key login-42
"""


def send(
    to: Annotated[list[str], typer.Option(metavar="ADDRESS", help="Recipient; say it again for more.")],
    subject: Annotated[str, typer.Option(metavar="TEXT", help="Subject.")],
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
    send_at: given.SendAt = None,
    expires_in: given.ExpiresIn = None,
    class_: given.Class = None,
    lane: given.Lane = None,
    provider: given.Through = None,
    on_unsure: given.OnUnsure = None,
    require_tag: given.RequireTag = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The same key and message again is the same message, for 24 h.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is sent, or will not be.")] = False,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Send a message. With --wait, exit code 0 says that a provider accepted it."""
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
        send_at=send_at,
        expires_in=expires_in,
        lane=lane,
        provider=provider,
        on_unsure=on_unsure,
        require_tags=require_tag,
        header=header,
        attach=attach,
        metadata=metadata,
        **{"from": sender, "class": class_},
    )
    headers = {"Prefer": f"wait={WAIT_S}"} if wait else {}
    if idempotency_key is not None:
        headers["Idempotency_Key"] = idempotency_key
    reply = Client(url, key).call("POST", "/email", message, timeout_s=WAIT_S + 10, **headers)
    document = checked(reply, as_json=as_json)
    if as_json:
        print_json(document)
    elif "attempts" in document:
        print_message(document)
    else:
        print(f"{document['status']}  {document['id']}")
    if wait and document["status"] not in ("sent", "delivered"):
        raise typer.Exit(1)
