"""What schemathesis is told of this API: which of its complaints are about what no schema can say."""

from typing import Any, Final

import schemathesis

BEYOND: Final = frozenset(
    {
        # A field under two of its names, or beside one that excludes it; null where something must be.
        *("field-repeated", "field-conflict", "field-missing", "content-id-repeated", "header-repeated"),
        *("from-missing", "recipient-missing", "body-missing"),
        # What is an address, a name, a file name.
        *("address-invalid", "address-many", "address-unsafe", "address-relay", "address-too-long", "address-domain"),
        *("name-unsafe", "name-shows-address", "header-reserved", "header-too-long", "recipients-too-many"),
        *("attachment-filename", "attachment-content", "attachment-type"),
        # Numbers as text, instants, what the pool knows, a cursor that nobody was given, a whole configuration.
        *("number-range", "duration-format", "time-range", "expiry-before-sending", "expired-already"),
        *("class-unknown", "provider-unknown", "metadata-reserved", "parameter-invalid", "configuration"),
        "from-domain-not-allowed",
    }
)
"""Codes of problems that a request may have although it fits its schema."""

IN_FORMS: Final = BEYOND | {
    *("field-type", "choice-unknown", "line-unsafe", "text-unsafe", "time-format", "policy-name", "header-name"),
    *("tag-invalid", "tags-too-many", "metadata-key", "metadata-value", "subject-too-long", "reason-too-long"),
    *("attachment-content-id", "headers-too-many", "metadata-too-many", "markdown-too-long", "name-too-long"),
}
"""The same for a form: all that stands there is text."""

KINDS: Final = frozenset({"idempotency-mismatch", "parameters"})
"""Kinds of errors without a list of problems: the same Idempotency-Key for another message; a cursor or an instant."""

KINDS_IN_FORMS: Final = KINDS | {"form", "media-type"}
"""A field that stands there whole and entry by entry; a form without a field, which has no media type."""


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure counts. One does not: what fits its schema was refused for something no schema can say."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    form = "form" in (case.media_type or "")
    told = response.json()
    problems = told.get("problems")
    if problems is None:
        return told["type"].rpartition(":")[2] not in (KINDS_IN_FORMS if form else KINDS)
    return not {problem["code"] for problem in problems} <= (IN_FORMS if form else BEYOND)
