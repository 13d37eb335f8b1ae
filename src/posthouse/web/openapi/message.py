"""A message as a call brings it: every field under every name, as a JSON Schema for JSON and for forms.

The schema never refuses what the server takes. It lets pass what only the server can judge: whether a domain may get
mail, whether a field stands there under two of its names, what belongs together.
"""

from collections.abc import Iterable
from typing import Any, Final, get_args

from posthouse.mail.fields import ALIASES, FIELDS
from posthouse.mail.limits import Limits
from posthouse.mail.message import OnUnsure
from posthouse.mail.policy import LANES, NAME
from posthouse.web.form import LISTS, MAPS

LIMITS: Final = Limits()

Schema = dict[str, Any]

_CONTROL: Final = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_NAME: Final = f"^{NAME.pattern}$"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_nothing(schema: Schema) -> Schema:
    """The same, or what means that the field is not given."""
    return {"anyOf": [schema, _ref("NotGiven")]}


def _one_or_many(item: Schema, most: int) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item, "maxItems": most}, _ref("NotGiven")]}


SCHEMAS: Final[dict[str, Schema]] = {
    "NotGiven": {"enum": [None, ""], "description": "The same as leaving the field out."},
    "Address": {
        "type": "string",
        "format": "mailbox",
        "maxLength": 2000,
        "description": "One mailbox: an address, or a name and an address in angle brackets.",
        "examples": ["ann@example.com", "Ann <ann@example.com>"],
    },
    "Mailbox": {
        "anyOf": [
            _ref("Address"),
            {
                "type": "object",
                "properties": {
                    "email": {"type": "string", "format": "mailbox", "maxLength": 1016},
                    "name": {"type": ["string", "null"], "maxLength": LIMITS.display_name},
                },
                "required": ["email"],
                "additionalProperties": False,
            },
        ]
    },
    "Line": {
        "type": "string",
        "pattern": f"^[^{_CONTROL}]*$",
        "description": "One line of text, without line breaks, tabs or other control characters.",
    },
    "Text": {"type": "string", "pattern": r"^[^\u0000]*$", "description": "Any text without NUL."},
    "Name": {"type": "string", "pattern": _NAME},
    "Attachment": {
        "type": "object",
        "properties": {
            "filename": {
                "type": "string",
                "minLength": 1,
                "maxLength": LIMITS.filename,
                "description": "A plain file name, without folders.",
            },
            "content": {
                "type": "string",
                "contentEncoding": "base64",
                "pattern": "^[A-Za-z0-9+/]*={0,2}$",
                "description": "The file in base64, without line breaks.",
            },
            "content_type": _or_nothing(
                {
                    "type": "string",
                    "maxLength": 255,
                    "description": "Its media type; by the ending of the name unless said.",
                }
            ),
            "content_id": _or_nothing(
                {
                    "type": "string",
                    "pattern": "^[A-Za-z0-9.!#$&*+=^_~@-]{1,128}$",
                    "description": "Shows it inside the HTML, as `cid:` and this.",
                }
            ),
        },
        "required": ["filename", "content"],
        "additionalProperties": False,
    },
}
"""What the fields of a message are made of."""

_PROSE: Final = {"type": ["string", "null"], "pattern": r"^[^\u0000]*$"}
_INSTANT: Final = {"type": "string", "format": "date-time"}

FIELD: Final[dict[str, tuple[str, Schema]]] = {
    "from": ("The sender; the pool's own unless said.", _or_nothing(_ref("Mailbox"))),
    "from_name": ("The sender's display name, where `from` has none.", _or_nothing(_ref("Line"))),
    "to": ("Recipients. At least one in to, cc and bcc.", _one_or_many(_ref("Mailbox"), LIMITS.recipients)),
    "to_name": ("The display name of the only recipient in `to`.", _or_nothing(_ref("Line"))),
    "cc": ("Recipients of a copy.", _one_or_many(_ref("Mailbox"), LIMITS.recipients)),
    "bcc": ("Recipients whom the others do not see.", _one_or_many(_ref("Mailbox"), LIMITS.recipients)),
    "reply_to": ("Where answers go.", _one_or_many(_ref("Mailbox"), LIMITS.reply_to)),
    "subject": (
        "One line.",
        {"type": ["string", "null"], "pattern": f"^[^{_CONTROL}]*$", "maxLength": LIMITS.subject},
    ),
    "text": ("The plain text; made from the HTML or the Markdown unless said.", _PROSE),
    "html": ("The HTML.", _PROSE),
    "markdown": ("Becomes the HTML, and the text unless that is said.", {**_PROSE, "maxLength": LIMITS.markdown}),
    "headers": (
        "Headers of the sender's own, by name.",
        _or_nothing(
            {
                "type": "object",
                "propertyNames": {"pattern": "^[!-9;-~]{1,76}$"},
                "additionalProperties": {**_ref("Line"), "maxLength": LIMITS.header_bytes},
                "maxProperties": LIMITS.headers,
            }
        ),
    ),
    "attachments": (
        "Files, as base64.",
        _or_nothing({"type": "array", "items": _ref("Attachment"), "maxItems": LIMITS.attachments}),
    ),
    "tags": (
        "Words to find it by.",
        _one_or_many({**_ref("Line"), "minLength": 1, "maxLength": LIMITS.tag}, LIMITS.tags),
    ),
    "metadata": (
        "Your own names and values; they come back with every event.",
        _or_nothing(
            {
                "type": "object",
                "propertyNames": {"pattern": f"^[A-Za-z0-9_.-]{{1,{LIMITS.metadata_key}}}$"},
                "additionalProperties": {**_ref("Line"), "maxLength": LIMITS.metadata_value},
                "maxProperties": LIMITS.metadata,
            }
        ),
    ),
    "send_at": ("Not before this instant.", _or_nothing(_INSTANT)),
    "expires_at": ("Worthless from this instant on.", _or_nothing(_INSTANT)),
    "expires_in": (
        "Worthless so long after it is accepted, or after `send_at`: `90s`, `5m`, `2h`, `1d`.",
        _or_nothing({"type": "string", "pattern": "^[0-9]{1,9}[smhd]$"}),
    ),
    "class": ("A named policy of the pool.", _or_nothing(_ref("Name"))),
    "lane": ("How urgent it is; `normal` unless said.", _or_nothing({"enum": list(LANES)})),
    "provider": ("Through this provider of the pool alone.", _or_nothing(_ref("Name"))),
    "on_unsure": ("What follows an attempt in doubt.", _or_nothing({"enum": list(get_args(OnUnsure))})),
    "require_tags": ("Only through providers with all of these tags.", _one_or_many(_ref("Name"), 20)),
}
"""Field → what it is for, and its schema in JSON."""


def message(more: dict[str, Schema]) -> Schema:
    """A message as JSON. more: fields beside its own."""
    fields = {own: {**schema, "description": words} for own, (words, schema) in FIELD.items()}
    return {**_object(fields, more), "description": "A message to be sent."}


def form(more: dict[str, Schema]) -> Schema:
    """A message as a form: everything is text, and what there may be several of is written several times."""
    fields = {own: _in_form(own, words) for own, (words, _) in FIELD.items() if own != "attachments"}
    entries = {r"^(headers|metadata)\[.+\]$": {"type": "string", "description": "`metadata[order]=17`: one entry."}}
    return {**_object(fields, more), "patternProperties": entries, "description": "A message to be sent, as a form."}


def parts(more: dict[str, Schema]) -> Schema:
    """A message as a form with files."""
    file = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    files = {
        "attachments": {"type": "array", "items": file, "description": "Files, under this or any other name."},
        "inline": {"type": "array", "items": file, "description": "Files shown in the HTML, as `cid:` and their name."},
    }
    return {**form({**more, **files}), "description": "A message to be sent, as a form with files."}


def aliases(own: str) -> list[str]:
    """The other names of a field."""
    return [alias for alias, name in ALIASES.items() if name == own]


def _object(fields: dict[str, Schema], more: dict[str, Schema]) -> Schema:
    properties = {name: fields[own] | _as_alias(name, own) for name, own in FIELDS.items() if own in fields}
    return {
        "type": "object",
        "properties": {**properties, **more},
        "additionalProperties": False,
        "allOf": [
            {"anyOf": _one_of(("to", "cc", "bcc")), "description": "At least one recipient."},
            {"anyOf": _one_of(("text", "html", "markdown")), "description": "At least one of text, html, markdown."},
        ],
    }


def _one_of(fields: Iterable[str]) -> list[Schema]:
    return [{"required": [name]} for own in fields for name in (own, *aliases(own))]


def _as_alias(name: str, own: str) -> Schema:
    return {} if name == own else {"description": f"The same as `{own}`."}


def _in_form(own: str, words: str) -> Schema:
    """A field of a form. An alias may be written several times where its own name may."""
    text: Schema = {"type": "string"}
    if own in LISTS:
        return {"anyOf": [text, {"type": "array", "items": text}], "description": words}
    if own in MAPS:
        return {**text, "description": f"{words} As a JSON object, or entry by entry: `{own}[NAME]`."}
    if own in ("lane", "on_unsure"):
        choices = LANES if own == "lane" else get_args(OnUnsure)
        return {"enum": [*choices, ""], "description": words}
    return {**text, "description": words}
