"""posthouse cancel: take a message back that was not sent yet."""

from typing import Final

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Url, checked
from posthouse.cli.screen import print_json
from posthouse.cli.show import MessageId, at

EXAMPLES: Final = """
  posthouse cancel 01a20ace-acae-70a7-8c34-261662c5721b
"""


def cancel(message_id: MessageId, as_json: AsJson = False, url: Url = URL, key: ApiKey = None) -> None:
    """Take a message back that was not sent yet. Exit code 1 where it is too late."""
    document = checked(Client(url, key).call("DELETE", at(message_id)), as_json=as_json)
    if as_json:
        print_json(document)
    else:
        print(f"{document['status']}  {document['id']}")
