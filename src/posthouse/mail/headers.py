"""Reads the headers of the sender's own: which names are free, and which belong to Posthouse or to a provider."""

import re
from typing import Final

from posthouse.mail.limits import Limits
from posthouse.mail.problem import Flaw, Problem
from posthouse.mail.text import as_field, line_flaw

RESERVED: Final = frozenset(
    {
        *("from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version"),
        *("dkim-signature", "domainkey-signature", "authentication-results", "return-path", "delivered-to"),
        *("received", "received-spf", "idempotency-key"),
    }
)
"""Headers that Posthouse makes itself, or that only a mail server may add; in lower case."""

RESERVED_PREFIXES: Final = (
    *("content-", "arc-", "resent-", "x-posthouse-"),
    # Orders to a provider, which would let a message use more of the account than Posthouse grants it. As of 2026-11:
    *("x-smtpapi", "x-sg-"),  # SendGrid
    *("x-mailgun-", "x-mc-", "x-ses-", "x-pm-", "resend-"),  # Mailgun, Mandrill, Amazon SES, Postmark, Resend
    *("x-msys-", "x-mj-", "x-mailjet-", "x-mailin-"),  # SparkPost, Mailjet, Mailjet, Brevo
)

_KIND: Final = Flaw("field-type", 'Expected an object of header names and values, like {"X-Order": "17"}.')
_VALUE_KIND: Final = Flaw("field-type", "Expected a string.")
_NAME: Final = Flaw("header-name", "Expected a name of 1 to 76 printable ASCII characters without spaces and colons.")
_TAKEN: Final = Flaw("header-reserved", "Expected a header that neither Posthouse nor a provider's control uses.")
_REPEATED: Final = Flaw("header-repeated", "Expected each header once, in whatever case.")
_header_name = re.compile(r"[!-9;-~]{1,76}").fullmatch


def is_reserved(name: str) -> bool:
    lower = name.lower()
    return lower in RESERVED or lower.startswith(RESERVED_PREFIXES)


def name_flaw(name: object) -> Flaw | None:
    """Why this cannot be the name of a header of the sender's own."""
    if not isinstance(name, str) or not _header_name(name):
        return _NAME
    return _TAKEN if is_reserved(name) else None


def read_headers(value: object, limits: Limits, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    """Names and values, in the order given. Spaces around a value mean nothing in a header and are left out."""
    if not isinstance(value, dict):
        problems.append(_KIND.at("headers"))
        return ()
    if len(value) > limits.headers:
        problems.append(Flaw("headers-too-many", f"Expected at most {limits.headers} headers.").at("headers"))
        return ()
    seen: set[str] = set()
    headers = []
    for name, text in value.items():
        flaw = name_flaw(name) or _value_flaw(text, limits)
        if flaw is None and name.lower() in seen:
            flaw = _REPEATED
        if flaw is None:
            seen.add(name.lower())
            headers.append((name, text.strip(" ")))
        else:
            problems.append(flaw.at(f"headers.{as_field(str(name))}"))
    return tuple(headers)


def _value_flaw(value: object, limits: Limits) -> Flaw | None:
    if not isinstance(value, str):
        return _VALUE_KIND
    if flaw := line_flaw(value):
        return flaw
    if len(value) > limits.header_bytes or len(value.encode()) > limits.header_bytes:
        return Flaw("header-too-long", f"Expected at most {limits.header_bytes} bytes of UTF-8.")
    return None
