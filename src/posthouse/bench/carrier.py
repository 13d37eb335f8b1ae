"""A provider that answers at once: SendGrid to those who post to its path, a plain JSON API to all others.

Run as a process of its own: `python -m posthouse.bench.carrier '{"port": 9200}'`. `GET /count` says what it took.
"""

import sys
from typing import BinaryIO

import msgspec
import uvloop

from posthouse.bench.door import Door, serve

SENDGRID = b"/v3/mail/send"


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """port: 0 for any free one. ledger: file that gets one JSON line, an `Entry`, per message taken; None: no file."""

    port: int = 0
    ledger: str | None = None


class Count(msgspec.Struct, frozen=True):
    """Messages taken since the start."""

    messages: int


class Entry(msgspec.Struct, frozen=True):
    """One message as it came. id: what the answer called it."""

    id: str
    path: str
    body: bytes


class Book:
    """What a carrier has taken: a count, and a ledger where one is wanted."""

    def __init__(self, ledger: BinaryIO | None = None) -> None:
        self.messages = 0
        self.ledger = ledger

    def enter(self, path: bytes, body: bytes) -> bytes:
        """Take a message; the id it is given."""
        self.messages += 1
        name = b"carrier-%08x" % self.messages
        if self.ledger is not None:
            self.ledger.write(msgspec.json.encode(Entry(name.decode(), path.decode(), body)) + b"\n")
        return name


class Carrier(Door):
    """A connection to the fake provider."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def asked(self, method: bytes) -> None:
        if method == b"POST":
            name = self.book.enter(self.target, self.body)
            if self.target == SENDGRID:
                self.say(b"202 Accepted", headers=b"x-message-id: %b\r\n" % name)
            else:
                self.say(b"200 OK", b'{"id":"%b"}' % name, b"content-type: application/json\r\n")
        elif self.target == b"/count":
            self.say(b"200 OK", msgspec.json.encode(Count(self.book.messages)))
        else:
            self.say(b"200 OK", b"{}", b"content-type: application/json\r\n")


async def carry(setup: Setup) -> None:
    """Be the provider until told to stop."""
    if setup.ledger is None:
        book = Book()
        await serve(lambda: Carrier(book), setup.port)
        return
    # Unbuffered: whoever reads the ledger after the count must find every message in it.
    with open(setup.ledger, "ab", buffering=0) as file:  # noqa: ASYNC230  before the first connection
        book = Book(file)
        await serve(lambda: Carrier(book), setup.port)


if __name__ == "__main__":
    uvloop.run(carry(msgspec.json.decode(sys.argv[1], type=Setup)))
