"""How much of everything one message may hold."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """The limits of one message; the defaults are the documented ones.

    Lengths are in characters unless the name says bytes. `header_bytes` counts a custom header's value in
    UTF-8; `attachment_bytes` all attachments together, decoded. `markdown` is short because rendering it costs up to
    20 µs a character when somebody means harm (measured 2026-11, markdown-it-py 4.3).
    """

    subject: int = 998
    display_name: int = 256
    recipients: int = 1_000
    reply_to: int = 10
    markdown: int = 64_000
    headers: int = 50
    header_bytes: int = 998
    attachments: int = 50
    attachment_bytes: int = 30 * 1024 * 1024
    filename: int = 255
    tags: int = 20
    tag: int = 128
    metadata: int = 50
    metadata_key: int = 50
    metadata_value: int = 500
