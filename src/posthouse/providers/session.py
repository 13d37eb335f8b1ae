"""One conversation with an SMTP server: entering, handing a message over, leaving.

The library speaks one command at a time here, never its own `sendmail`: what a reply or a loss means depends on how
far the conversation came, and only `Visit.stage` knows that.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Literal

import msgspec
from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPHeloError

from posthouse.mail.message import Envelope
from posthouse.mail.mime import encode
from posthouse.providers.base import readable
from posthouse.providers.replies import Reply, at_data, at_mail, at_rcpt, at_the_door, nobody_served, temporary
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure
from posthouse.secret import Secret

PIECE: Final = 64 * 1024
"""Bytes of content written at a time."""


class Parcel(msgspec.Struct, frozen=True):
    """A message as it goes over the wire.

    data: dot-stuffed, final dot included. size: in bytes, before that. international: an address of envelope or
    header is outside ASCII, which only SMTPUTF8 carries.
    """

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    size: int
    international: bool


_path: Final = re.compile(r"[^\x00-\x20<>\x7f]+@[^\x00-\x20<>\x7f]+").fullmatch
_line_end: Final = re.compile(rb"\r\n|\r|\n")


def pack(envelope: Envelope) -> Parcel:
    """Write the message out. ValueError where an address would say more to the server than an address."""
    message = envelope.owed
    recipients = tuple(dict.fromkeys(address.email for address in message.recipients))
    for email in (message.sender.email, *recipients):
        if not _path(email):
            raise ValueError("an address holds a space, an angle bracket or a control character")
    extra = [("X-Posthouse-Id", envelope.id)]
    extra += [("X-Posthouse-Tag", tag) for tag in message.tags]
    extra += [(f"X-Posthouse-Metadata-{name}", value) for name, value in message.metadata]
    content = encode(envelope, extra)
    international = not (content.isascii() and all(email.isascii() for email in recipients))
    return Parcel(message.sender.email, recipients, stuffed(content), len(content), international)


def stuffed(content: bytes) -> bytes:
    """Ready to follow DATA: lines end with CRLF and nothing else, leading dots are doubled, the final dot is added."""
    if not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r"):
        content = _line_end.sub(b"\r\n", content)  # a bare one ends the line for some servers and not for others
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..") + b".\r\n"


class Closing(ConnectionError):
    """421: the server lets go, and took nothing of what it has not answered."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


class Visit:
    """How far one errand came. in_mail: a transaction was begun and not ended, so RSET comes before the next."""

    __slots__ = ("in_mail", "stage")

    def __init__(self) -> None:
        self.stage: Literal["room", "connect", "envelope", "data", "dot"] = "room"
        self.in_mail = False

    @property
    def doubtful(self) -> bool:
        """Whether the message may have been taken."""
        return self.stage == "dot"


Errand = Callable[[SMTP, Visit], Awaitable[Outcome]]
"""What is to be done on a connection that is signed in."""


async def command(client: SMTP, *words: bytes) -> Reply:
    """One command, one reply. Raises Closing on 421, ConnectionError where the connection is lost."""
    reply = Reply(*await client.execute_command(*words, timeout=None))
    if reply.code == 421:
        raise Closing(reply)
    return reply


async def enter(client: SMTP, host: str, starttls: bool, sign_in: tuple[str, Secret] | None) -> Outcome | None:
    """From the greeting to where MAIL may be said; None when there."""
    await hello(client)
    if starttls:
        if not client.supports_extension("starttls"):
            return Deferred(detail="STARTTLS is not offered: nothing is sent in clear")
        await client.starttls(server_hostname=host)
        await hello(client)
    if sign_in is None:
        return None
    username, password = sign_in
    if not client.supports_extension("auth"):
        return Unauthorised(detail="AUTH is not offered")
    try:
        await client.login(username, password.reveal())
    except SMTPAuthenticationError as error:
        return at_the_door(Reply(error.code, error.message), "AUTH")
    except SMTPException as error:
        if isinstance(error, OSError):  # lost, not refused
            raise
        return Unauthorised(detail=f"AUTH: {readable(str(error))}")
    return None


async def hello(client: SMTP) -> None:
    """EHLO, and HELO for those that do not know it."""
    try:
        await client.ehlo()
    except SMTPHeloError as error:
        if not client.is_connected or error.code // 100 != 5:
            raise
        await client.helo()


async def deliver(client: SMTP, visit: Visit, parcel: Parcel) -> Outcome:
    """One message: MAIL, RCPT for each, DATA, the content."""
    options = options_for(client, parcel)
    if isinstance(options, Refused):
        return options
    reply = await command(client, b"MAIL", b"FROM:<%b>" % parcel.sender.encode(), *options)
    if reply.kind != 2:
        return at_mail(reply)
    visit.in_mail = True
    refused = []
    for email in parcel.recipients:
        reply = await command(client, b"RCPT", b"TO:<%b>" % email.encode())
        if reply.kind != 2:
            refused.append((reply, at_rcpt(reply, email)))
    if len(refused) == len(parcel.recipients):
        return nobody_served(refused)
    unserved = tuple(recipient for _, recipient in refused)
    reply = await command(client, b"DATA")
    if reply.code != 354:
        return at_data(reply, unserved) if reply.kind > 3 else Deferred(reply.code, f"DATA: {reply.text}")
    reply = await write(client, visit, parcel.data)
    visit.in_mail = False
    return at_data(reply, unserved)


def options_for(client: SMTP, parcel: Parcel) -> list[bytes] | Refused:
    """What MAIL says beside the sender, or why this server cannot carry the message."""
    offered = client.esmtp_extensions
    limit = offered.get("size", "").strip()
    if limit.isdecimal() and 0 < int(limit) < parcel.size:
        return Refused("size", detail=f"the server takes {limit} bytes, the message has {parcel.size}")
    if parcel.international and "smtputf8" not in offered:
        return Refused("content", detail="an address needs SMTPUTF8, which the server does not offer")
    options = [b"SIZE=%d" % parcel.size] if "size" in offered else []
    if parcel.international:
        options += [b"BODY=8BITMIME", b"SMTPUTF8"]  # whoever offers the second offers the first (RFC 6531, 3.1)
    return options


async def write(client: SMTP, visit: Visit, data: bytes) -> Reply:
    """The content and the answer to its final dot, which is in the last piece: until that is written, nothing can
    have been taken."""
    protocol = client.protocol
    if protocol is None:
        raise ConnectionError("connection lost")
    visit.stage = "data"
    last = max(len(data) - 1, 0) // PIECE * PIECE
    for start in range(0, last, PIECE):
        protocol.write(data[start : start + PIECE])
        await protocol._drain_helper()  # asyncio's own name for it; the library offers no other
    protocol.write(data[last:])
    visit.stage = "dot"
    return Reply(*await protocol.read_response(timeout=None))


async def ask(client: SMTP, visit: Visit) -> Outcome:
    """Whether the server would take mail: it is there, it knows us, it answers."""
    reply = await command(client, b"NOOP")
    return Accepted(reply.code, reply.text or None) if reply.kind == 2 else at_the_door(reply, "NOOP")


def lost(stage: str, error: Exception) -> Outcome:
    """What it means that an errand did not come to its end."""
    if isinstance(error, Closing) and stage != "dot":
        return temporary(error.reply, stage)
    why = readable(str(error)) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
    if stage == "room":
        return Throttled(detail="no free connection: all are in use", retry_after_s=1.0)
    if stage == "dot":
        return Unsure(detail=f"no answer to the final dot: {why}")
    return Deferred(detail=f"{stage}: {why}")


async def goodbye(client: SMTP) -> None:
    """QUIT, without waiting long for an answer."""
    with suppress(OSError, SMTPException):
        await client.quit(timeout=1.0)
    client.close()
