"""What calls are told in the query and in headers."""

from typing import Final

from posthouse.web.route import Parameter

ONCE: Final = Parameter("Idempotency-Key", "header", "The same key with the same body is the same message, for 24 h.")
WAIT: Final = Parameter("Prefer", "header", "`wait=10` waits up to so many seconds (60 at most) for the final state.")

KNOWN: Final = Parameter("If-None-Match", "header", "The `ETag` of the document that is there already.")

FILTERS: Final = (
    Parameter("status", "query", "Only messages in this state."),
    Parameter("to", "query", "Only messages to this recipient."),
    Parameter("tag", "query", "Only messages with this tag."),
    Parameter("provider", "query", "Only messages that this provider took, or was asked last."),
    Parameter("since", "query", "Accepted then or later, as RFC 3339 writes it."),
    Parameter("until", "query", "Accepted then or earlier."),
    Parameter("limit", "query", "Messages on a page, from 1 to 100; 50 unless said."),
    Parameter("cursor", "query", "The next_cursor of the page before."),
)

SUPPRESSED: Final = (
    Parameter("address", "query", "Only this address."),
    Parameter("limit", "query", "Addresses on a page, from 1 to 100; 50 unless said."),
    Parameter("cursor", "query", "The next_cursor of the page before."),
)

CHANGES: Final = (
    Parameter("pool", "query", "Only changes that concern this pool."),
    Parameter("what", "query", "Only changes of this kind."),
    Parameter("since", "query", "Made then or later, as RFC 3339 writes it."),
    Parameter("limit", "query", "Changes on a page, from 1 to 100; 50 unless said."),
    Parameter("cursor", "query", "The next_cursor of the page before."),
)
