"""A message as its sender meant it: frozen values, every byte as it was given."""

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection


OnUnsure = Literal["failover", "retry_same", "hold"]
"""What follows an attempt that may or may not have been accepted."""


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """One mailbox. Made by `posthouse.mail.address.parse`, which is the only judge of what is one.

    email: local part as given (NFC), `@`, the domain in its ASCII form (IDNA 2008 A-labels, lower case).
    name: display name, any script, no control characters; empty when there is none.
    """

    email: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that travels with a message; inline (shown inside the HTML by `cid:`) when it has a content id.

    content_type: `type/subtype`, with parameters where they were given.
    content_id: without angle brackets.
    """

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"
    content_id: str | None = None

    @property
    def inline(self) -> bool:
        return self.content_id is not None


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be sent: who, what, and the labels the sender wants back.

    At least one of `text` and `html` is there; at least one recipient in `to`, `cc` or `bcc`. Only
    `posthouse.mail.validate` makes one from the outside, so whoever holds a Message holds a good one.
    """

    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def recipients(self) -> tuple[Address, ...]:
        """Everybody the message goes to, in the order to, cc, bcc."""
        return self.to + self.cc + self.bcc

    def only(self, emails: "Collection[str]") -> "Message":
        """The same message for those recipients alone (a retry after some were served)."""
        return msgspec.structs.replace(
            self,
            to=tuple(a for a in self.to if a.email in emails),
            cc=tuple(a for a in self.cc if a.email in emails),
            bcc=tuple(a for a in self.bcc if a.email in emails),
        )


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender asks of the delivery; everything else is the pool's.

    send_at, expires_at: seconds since the epoch, UTC. expires_in_s counts from acceptance.
    """

    class_name: str | None = None
    lane: str | None = None
    provider: str | None = None
    on_unsure: OnUnsure | None = None
    require_tags: tuple[str, ...] = ()
    send_at: float | None = None
    expires_at: float | None = None
    expires_in_s: float | None = None


class Envelope(msgspec.Struct, frozen=True):
    """A message on its way: what one attempt hands to a provider.

    id: ours (UUIDv7); travels along as metadata and in Message-ID, so that evidence finds its way back.
    recipients: those still owed; None means all of them.
    accepted_at: seconds since the epoch; the Date header of the message, the same on every attempt.
    """

    id: str
    message: Message
    accepted_at: float
    recipients: tuple[str, ...] | None = None

    @property
    def owed(self) -> Message:
        """The message, narrowed to the recipients still owed."""
        return self.message if self.recipients is None else self.message.only(self.recipients)

    @property
    def message_id(self) -> str:
        """The Message-ID header with its angle brackets; stable over attempts, so that receivers may deduplicate."""
        return f"<{self.id}@{self.message.sender.domain}>"
