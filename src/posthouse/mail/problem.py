"""What is wrong with a message, as values: a stable code, the field, and what was expected there."""

from typing import Final

import msgspec

CODES: Final[dict[str, str]] = {
    # the shape of the request
    "field-unknown": "There is no such field.",
    "field-type": "The field holds another kind of value than it should.",
    "field-repeated": "The same field is given twice, perhaps under two of its names.",
    "field-conflict": "Two fields are given that exclude each other, or one that needs another beside it.",
    "fields-too-many": "There are more fields than a message can have.",
    # who
    "from-missing": "Nobody is named as the sender, and the pool has no sender of its own.",
    "recipient-missing": "There is nobody to send to.",
    "recipients-too-many": "There are more recipients than one message may have.",
    "reply-to-too-many": "There are more reply addresses than one message may have.",
    "address-invalid": "It is not an email address.",
    "address-many": "There is more than one mailbox where there must be one.",
    "address-unsafe": "The address holds control, bidirectional, zero-width or encoded-word characters.",
    "address-relay": "The address is a relay trick of old: a route, or `%` or `!` before the `@`.",
    "address-too-long": "The address is longer than mail allows.",
    "address-domain": "The domain is not one that mail on the internet can go to.",
    "name-unsafe": "The display name holds control, bidirectional or zero-width characters.",
    "name-too-long": "The display name is too long.",
    "name-shows-address": "The sender's display name shows an address that is not the sender's.",
    # what
    "subject-too-long": "The subject is too long.",
    "line-unsafe": "A line break or another control character stands where one line of text must.",
    "text-unsafe": "The text holds a NUL or half of a surrogate pair.",
    "body-missing": "There is no text, HTML or Markdown.",
    "markdown-too-long": "The Markdown is too long to be rendered.",
    "headers-too-many": "There are more headers of the sender's own than allowed.",
    "header-name": "It is not a header name.",
    "header-reserved": "The header is made by Posthouse, or steers a provider, and cannot be given.",
    "header-repeated": "The same header is given twice.",
    "header-too-long": "The header's value is too long.",
    "attachments-too-many": "There are more attachments than one message may have.",
    "attachments-too-large": "The attachments together are too large.",
    "attachment-filename": "It is not a plain file name.",
    "attachment-content": "The content is not strict base64.",
    "attachment-type": "It is not a media type an attachment can have.",
    "attachment-content-id": "It is not a content id.",
    "content-id-repeated": "Two attachments have the same content id.",
    # labels and policy
    "tags-too-many": "There are more tags than allowed.",
    "tag-invalid": "It is not a tag.",
    "metadata-too-many": "There are more metadata entries than allowed.",
    "metadata-key": "It is not a metadata key.",
    "metadata-value": "It is not a metadata value.",
    "choice-unknown": "The value is not one of the possible ones.",
    "policy-name": "It is not the name of a class, a provider or a tag.",
    "time-format": "It is not an instant as RFC 3339 writes it.",
    "time-range": "The instant is too far from the present.",
    "duration-format": "It is not a duration.",
    "expiry-before-sending": "The message would expire before it is to be sent.",
    # a message that came as MIME
    "mime-headers-too-large": "The headers are larger than allowed.",
    "mime-headers-too-many": "There are more header fields than allowed.",
    "mime-header-line": "A header line is too long, or is not a header line.",
    "mime-header-repeated": "A header that may occur once occurs twice.",
    "mime-loop": "The message has passed through too many servers.",
    "mime-parts-too-many": "The message has more parts than allowed.",
    "mime-too-deep": "The parts are nested too deeply.",
    "mime-parameters-too-many": "A header has more parameters than allowed.",
    "mime-boundary": "The parts are not separated as their boundary says.",
    "mime-transfer-encoding": "A part's transfer encoding is unknown, or the part is not in it.",
    "mime-sealed": "The message is signed or encrypted as a whole, which rebuilding it would break.",
}
"""Every code there is, and what it means. Codes are part of the public contract: they are added, never renamed."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that must be put right before the message can be taken.

    code: one of `CODES`. field: where, as a JSON path (`to[1]`, `attachments[0].filename`) under the name the caller
    used; empty for the message as a whole. message: what was expected, for a person; it never repeats the value.
    """

    code: str
    field: str
    message: str


class Flaw(msgspec.Struct, frozen=True):
    """A problem before its place is known: what a judge of one value finds."""

    code: str
    message: str

    def at(self, field: str) -> Problem:
        return Problem(self.code, field, self.message)


class Refusal(msgspec.Struct, frozen=True):
    """A message that cannot be taken, with everything that is wrong with it. Never empty."""

    problems: tuple[Problem, ...]
