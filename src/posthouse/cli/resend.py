"""posthouse resend: the same content once more, as a new message."""

from typing import Annotated, Final

import typer

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.screen import print_json
from posthouse.cli.show import MessageId, at

EXAMPLES: Final = """
  posthouse resend 01a20ace-acae-70a7-8c34-261662c5721b
  posthouse resend 01a20ace-acae-70a7-8c34-261662c5721b --force    even though it may have arrived
"""


def resend(
    message_id: MessageId,
    force: Annotated[
        bool, typer.Option("--force", help="Also one that was delivered, may have been, or is still to be sent.")
    ] = False,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Send the same content once more, as a new message."""
    said = {"force": True} if force else None
    document = checked(Client(url, key).call("POST", at(message_id, "/resend"), said), as_json=as_json)
    if as_json:
        print_json(document)
    else:
        print(f"{document['status']}  {document['id']}  (a copy of {message_id})")
