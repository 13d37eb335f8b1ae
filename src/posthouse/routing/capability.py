"""What a message needs of its carrier, and what a carrier can do, in one set of flags."""

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from posthouse.mail.message import Message


class Can(IntFlag):
    """Features a provider may lack. A message that needs one is never sent without it: it goes elsewhere."""

    CC = 1
    BCC = 2
    REPLY_TO = 4
    MANY_REPLY_TO = 8
    HEADERS = 16
    ATTACHMENTS = 32
    INLINE = 64
    TAGS = 128
    METADATA = 256
    TEXT_ONLY = 512  # a message without an HTML part
    INTERNATIONAL = 1024  # a local part outside ASCII (SMTPUTF8)

    def names(self) -> list[str]:
        """The flags that are set, in lower case, for a person to read."""
        return [flag.name.lower() for flag in type(self) if flag & self and flag.name]


EVERYTHING = Can(2047)


def needs(message: "Message") -> int:
    """The features a carrier must have to carry this message whole: flags of `Can`, as they are stored."""
    found = 0
    if message.cc:
        found |= 1
    if message.bcc:
        found |= 2
    if message.reply_to:
        found |= 4 if len(message.reply_to) == 1 else 12
    if message.headers:
        found |= 16
    for attachment in message.attachments:
        found |= 64 if attachment.inline else 32
    if message.tags:
        found |= 128
    if message.metadata:
        found |= 256
    if message.html is None:
        found |= 512
    for address in (message.sender, *message.reply_to, *message.recipients):
        if not address.email.isascii():
            found |= 1024
    return found
