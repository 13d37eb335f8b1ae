"""Every code that a problem can have, and what it means."""

from typing import Final

from posthouse.intake import policy
from posthouse.mail import problem

OWN: Final[dict[str, str]] = {
    "field-missing": "A field is not there that must be.",
    "number-range": "It is no number, or one outside of what is possible.",
    "reason-too-long": "The reason is too long.",
    "addresses-too-many": "There are more addresses than one call may have.",
    "ids-too-many": "There are more ids than one call may have.",
    "messages-too-many": "There are more messages than one call may have.",
    "idempotency-mismatch": "The Idempotency-Key was used for another message.",
    "parameter-unknown": "There is no such parameter, or it is there twice.",
    "parameter-invalid": "The parameter is not what it must be.",
    "parameters-too-long": "The parameters together are too long.",
    "configuration": "A setting is wrong; `field` is its path.",
}
"""Those that only the HTTP door gives."""

CODES: Final[dict[str, str]] = {
    **{code: words for code, words in problem.CODES.items() if not code.startswith("mime-")},
    **policy.CODES,
    **OWN,
}
"""Those that HTTP can give: what is wrong with MIME is told over SMTP."""
