"""What is sent along with a call, by the name that a route gives it: schemas, media types, examples."""

from typing import Any, Final, get_args

import msgspec

from posthouse.routing.switch import Mode
from posthouse.web import release, suppressions, switches
from posthouse.web.auth import IN_BODY
from posthouse.web.batch import MOST
from posthouse.web.openapi.message import Schema, form, message, parts
from posthouse.web.words import REASON_MAX

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
FILES: Final = "multipart/form-data"
YAML: Final = "application/yaml"

LETTER: Final = {
    "from": "Shop <shop@example.com>",
    "to": "ann@example.org",
    "subject": "Your receipt",
    "text": "Thank you!",
}

KEY: Final[dict[str, Schema]] = {
    name: {"type": ["string", "null"], "description": "The key, where no header brings it.", "writeOnly": True}
    for name in IN_BODY
}

TRUTH: Final[Schema] = {
    "type": ["boolean", "string", "null"],
    "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|0|1)$",
    "description": "Or `yes`, `no`, `on`, `off`, `1`, `0` as text.",
}

REASON: Final[Schema] = {
    "anyOf": [{"$ref": "#/components/schemas/Line"}, {"type": "null"}],
    "maxLength": REASON_MAX,
    "description": "Why, for whoever reads it later.",
}


class Example(msgspec.Struct, frozen=True):
    """A call as somebody would make it. name: what it shows. media: of the value."""

    name: str
    value: Any
    media: str = JSON


class Body(msgspec.Struct, frozen=True):
    """What a call brings. media: media type → schema. needed: whether it must bring anything."""

    media: dict[str, Schema]
    examples: tuple[Example, ...] = ()
    needed: bool = True


def body(name: str, *, key_in_body: bool = False) -> Body:
    """What a route names in `body`. key_in_body: whether a key may stand beside the rest. KeyError: not known here."""
    more = KEY if key_in_body else {}
    match name:
        case "message":
            media = {JSON: message(more), FORM: form(more), FILES: parts(more)}
            return Body(media, _MESSAGES)
        case "batch":
            return Body({JSON: _batch()}, _BATCHES)
        case "configuration":
            return Body({YAML: {"type": "string"}, JSON: {"type": "object"}}, _CONFIGURATIONS)
        case _:
            said, needed = _WORDS[name]
            examples = _SAID.get(name, ())
            schema = {"type": "object", "properties": {**said, **more}, "additionalProperties": False}
            if needed:
                schema["anyOf"] = [{"required": [one]} for one in needed]
            return Body({JSON: schema, FORM: _as_text(schema)}, examples, bool(needed))


def _batch() -> Schema:
    messages = {
        "type": "array",
        "items": {"description": "A message, as POST /email takes it. What is wrong is told in its place."},
        "minItems": 1,
        "maxItems": MOST,
    }
    return {
        "type": "object",
        "properties": {"messages": messages},
        "required": ["messages"],
        "additionalProperties": False,
    }


def _number(more_than: float, most: float, words: str) -> Schema:
    return {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": more_than, "maximum": most},
            {"type": "string", "maxLength": 20, "description": "The number as text."},
            {"type": "null"},
        ],
        "description": words,
    }


def _as_text(schema: Schema) -> Schema:
    """The same as a form: every field is text, and each stands there once."""
    fields = {
        name: {"type": "string", "description": field.get("description", "")}
        for name, field in schema["properties"].items()
    }
    return {**schema, "properties": fields}


_ADDRESSES: Final[dict[str, Schema]] = {
    name: {
        "anyOf": [
            {"type": "string", "format": "mailbox"},
            {"type": "array", "items": {"type": "string", "format": "mailbox"}, "maxItems": suppressions.MOST},
            {"type": "null"},
        ],
        "description": "An address, or several.",
    }
    for name in ("address", "addresses")
}

_WORDS: Final[dict[str, tuple[dict[str, Schema], tuple[str, ...]]]] = {
    "key": ({}, ()),
    "resend": ({"force": TRUTH}, ()),
    "suppression": ({**_ADDRESSES, "reason": REASON}, tuple(_ADDRESSES)),
    "addresses": (_ADDRESSES, ()),
    "fail": (
        {
            "fail": TRUTH,
            "mode": {"enum": [*get_args(Mode), None], "description": "How it fails; `error` unless said."},
            "rate": _number(0, 1, "The share of attempts that fail; all of them unless said."),
            "for_s": _number(0, switches.LONGEST_S, "Seconds until it is over; until it is ended, unless said."),
        },
        (),
    ),
    "pause": ({"reason": REASON, "drain": TRUTH}, ()),
    "resume": ({"reason": REASON}, ()),
    "release": (
        {
            "unfinished": {
                "enum": [*release.VERDICTS],
                "description": "`send`: send them, marked as possible duplicates. `hold`: they stay `held`. `cancel`.",
            },
            "ids": {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "maxItems": release.MOST},
                    {"type": "null"},
                ],
                "description": "Only these messages.",
            },
            "pool": {"type": ["string", "null"], "description": "Only messages of this pool."},
            "reason": REASON,
        },
        ("unfinished",),
    ),
}
"""Name → fields, and those of which one must be there."""

_MESSAGES: Final = (
    Example("short", LETTER),
    Example(
        "whole",
        {
            "from": {"email": "shop@example.com", "name": "Shop"},
            "to": ["Ann <ann@example.org>", {"email": "bob@example.org"}],
            "cc": "eve@example.org",
            "reply_to": "answers@example.com",
            "subject": "Your receipt",
            "markdown": "# Thank you!\n\nYour receipt is *attached*.",
            "headers": {"X-Order": "17"},
            "attachments": [
                {"filename": "receipt.txt", "content": "VGhhbmsgeW91IQ==", "content_type": "text/plain"},
            ],
            "tags": ["receipt"],
            "metadata": {"order": "17"},
            "expires_in": "2h",
            "lane": "critical",
            "on_unsure": "hold",
        },
    ),
    Example("form", {**LETTER, "metadata[order]": "17"}, FORM),
    Example("files", {**LETTER, "tags": "receipt"}, FILES),
)

_BATCHES: Final = (
    Example("two", {"messages": [LETTER, {**LETTER, "to": "bob@example.org"}]}),
    Example("one of them wrong", {"messages": [LETTER, {**LETTER, "to": "nobody"}]}),
)

_CONFIGURATIONS: Final = (
    Example(
        "yaml",
        'pools:\n  example.com:\n    keys: {web: "${WEB_KEY}"}\n    providers: {sandbox: {maildir: sent}}\n',
        YAML,
    ),
)

_SAID: Final[dict[str, tuple[Example, ...]]] = {
    "resend": (Example("in spite of it", {"force": True}),),
    "suppression": (Example("several", {"addresses": ["ann@example.org", "bob@example.org"], "reason": "asked to"}),),
    "addresses": (Example("one", {"address": "ann@example.org"}),),
    "fail": (
        Example("toggle", {}),
        Example("for a minute", {"fail": True, "mode": "throttle", "rate": 0.5, "for_s": 60}),
    ),
    "pause": (Example("drain", {"reason": "maintenance until noon", "drain": True}),),
    "release": (
        Example("all", {"unfinished": "send", "reason": "nothing went out since"}),
        Example("some", {"unfinished": "cancel", "ids": ["01a20ace-acae-70a7-8c34-261662c5721b"]}),
    ),
    "resume": (Example("with a reason", {"reason": "maintenance is over"}),),
}
