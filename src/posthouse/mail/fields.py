"""The names of a message's fields, and the other names the same fields go by."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from posthouse.mail.problem import Flaw, Problem
from posthouse.mail.text import as_field

ALIASES: Final[dict[str, str]] = {
    "from_email": "from",
    "fromaddress": "from",
    "recipients": "to",
    "toaddress": "to",
    "to_recipients": "to",
    "to_cc": "cc",
    "to_bcc": "bcc",
    "plaintextbody": "text",
    "raw_text_body": "text",
    "body": "html",
    "html_body": "html",
    "content": "markdown",
}
"""Another name → the field's own."""

FIELDS: Final[dict[str, str]] = {
    name: name
    for name in (
        *("from", "from_name", "to", "to_name", "cc", "bcc", "reply_to"),
        *("subject", "text", "html", "markdown", "headers", "attachments", "tags", "metadata"),
        *("send_at", "expires_at", "expires_in", "class", "lane", "provider", "on_unsure", "require_tags"),
    )
} | ALIASES
"""Every name a field may be given under → the field's own."""

OWN: Final = frozenset(FIELDS.values())

EMPTY_COUNTS: Final = frozenset({"subject", "text", "html", "markdown"})
"""Fields whose empty string means something; in any other field it means what null means: not given."""

_UNKNOWN: Final = Flaw("field-unknown", "Expected no field of this name.")
_REPEATED: Final = Flaw("field-repeated", "Expected the field once, under one of its names.")
_TOO_MANY: Final = Flaw("fields-too-many", "Expected only the fields a message has.")
_WORTH_NAMING: Final = 20


class Given(msgspec.Struct, frozen=True):
    """The fields of one request under their own names, without those that are empty.

    labels: where the caller used another name, so that a problem speaks of the field as they know it.
    """

    values: Mapping[str, Any]
    labels: Mapping[str, str]

    def label(self, name: str) -> str:
        return self.labels.get(name, name)


def gather(fields: Mapping[str, object], problems: list[Problem]) -> Given:
    """Sorts out the names; what has none, or is there twice, is reported."""
    if OWN.issuperset(fields) and all(fields.values()):
        return Given(fields, {})  # nearly all of them
    values: dict[str, Any] = {}
    labels: dict[str, str] = {}
    unknown = False
    for key, value in fields.items():
        name = FIELDS.get(key)
        if name is None:
            unknown = True
        elif value is None or (value == "" and name not in EMPTY_COUNTS):
            continue
        elif name in values:
            problems.append(_REPEATED.at(key))
        else:
            values[name] = value
            if name != key:
                labels[name] = key
    if unknown:
        report_unknown(fields, FIELDS, "", problems)
    return Given(values, labels)


def report_unknown(given: Iterable[str], known: Collection[str], prefix: str, problems: list[Problem]) -> None:
    """Reports the names that are not known, the first twenty one by one."""
    unknown = [key for key in given if key not in known]
    problems.extend(_UNKNOWN.at(prefix + as_field(key)) for key in unknown[:_WORTH_NAMING])
    if len(unknown) > _WORTH_NAMING:
        problems.append(_TOO_MANY.at(prefix.rstrip(".")))
