"""The document as a page of Markdown: `docs/reference/http.md`."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from posthouse.web.openapi import bodies
from posthouse.web.openapi.bodies import FILES, JSON
from posthouse.web.openapi.examples import EXAMPLES
from posthouse.web.openapi.operation import PROBLEM

Document = dict[str, Any]

TOP: Final = "<!-- Made by `make reference` from the table of routes: change that. -->"

EVERYWHERE: Final = ("401", "405", "500")
"""Statuses that are told once for all calls."""

LINE: Final = 100
"""Characters up to which JSON stands on one line."""


def page(document: Document) -> str:
    """The reference page of the document."""
    info = document["info"]
    parts = [
        f"{TOP}\n# The HTTP API of {info['title']}",
        info["description"].strip(),
        "The same as a document for programs: `GET /openapi.json`.",
        *_fields(document),
    ]
    for tag in document["tags"]:
        parts += [f"## {tag['name'].capitalize()}", tag["description"]]
        for path, method, operation in operations(document):
            if tag["name"] in operation["tags"]:
                parts += _operation(document, path, method, operation)
    parts += _errors(document)
    parts += _shapes(document)
    return "\n\n".join(parts) + "\n"


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """(path, method in upper case, operation) of all calls."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def _fields(document: Document) -> Iterator[str]:
    """The fields of a message, each with its other names."""
    properties = document["components"]["schemas"]["NewMessage"]["properties"]
    other: dict[str, list[str]] = {}
    for name, schema in properties.items():
        own = re.fullmatch(r"The same as `(\w+)`\.", schema["description"])
        if own is not None:
            other.setdefault(own[1], []).append(f"`{name}`")
    yield "## A message"
    yield _table(
        ("field", "also", "what", "kind"),
        (
            (f"`{name}`", ", ".join(other.get(name, ())), schema["description"], _kind(schema))
            for name, schema in properties.items()
            if not schema["description"].startswith("The same as")
        ),
    )
    yield (
        'A mailbox is `"Ann <ann@example.com>"` or `{"email": …, "name": …}`. null means the same as leaving a field '
        "out, and so does an empty text, but in the subject and the bodies. In a form a list is written several times, "
        "and an entry as `metadata[order]=17`; each file of a form with files is an attachment."
    )
    yield _table(
        ("part of an attachment", "what"),
        (
            (f"`{name}`", _words(schema))
            for name, schema in document["components"]["schemas"]["Attachment"]["properties"].items()
        ),
    )


def _operation(document: Document, path: str, method: str, operation: Document) -> Iterator[str]:
    yield f"### {method} {path}"
    yield f"{operation['summary']} {operation['description']}"
    if operation.get("parameters"):
        yield _table(
            ("parameter", "in", "what", "kind", "example"),
            (
                (f"`{one['name']}`", one["in"], one["description"], _kind(one["schema"]), f"`{one['example']}`")
                for one in operation["parameters"]
            ),
        )
    content = operation.get("requestBody", {}).get("content", {})
    if content:
        needed = "" if operation["requestBody"]["required"] else " It may be left out."
        yield f"Body: {', '.join(f'`{media}`' for media in content)}.{needed}"
        schema = document["components"]["schemas"][content[next(iter(content))]["schema"]["$ref"].rpartition("/")[2]]
        if "properties" in schema and "subject" not in schema["properties"]:
            rows = ((f"`{name}`", _words(one), _kind(one)) for name, one in schema["properties"].items())
            yield _table(("field", "what", "kind"), rows)
        elif "pool_api_key" in schema.get("properties", ()):
            yield "A message; and the key may stand in it, as `pool_api_key`, `admin_api_key` or `root_api_key`."
    yield from _example(path, method, operation, content)
    rows = ((status, *_answer(answer)) for status, answer in operation["responses"].items() if status not in EVERYWHERE)
    yield _table(("status", "when", "what"), rows)


def _example(path: str, method: str, operation: Document, content: Document) -> Iterator[str]:
    """A call with curl, for each example of a body; one where there is no body."""
    places = {one["name"]: one["example"] for one in operation.get("parameters", ()) if one["in"] == "path"}
    start = ["curl"] + ([] if method in ("GET", "POST") else [f"-X {method}"])
    start.append(f"http://127.0.0.1:8080{path.format(**places)}")
    if operation["security"]:
        start.append("-H 'Authorization: Bearer KEY'")
    examples = [(media, one["value"]) for media, told in content.items() for one in told.get("examples", {}).values()]
    if path != "/email" and FILES in content:
        del examples[1:]  # a message is shown in every way once
    calls = [[*start, *_sent(media, value)] for media, value in examples]
    if not calls:
        calls = [[*start, *(["-X POST"] if method == "POST" else [])]]
    yield "```sh\n" + "\n\n".join(_call(call) for call in calls) + "\n```"


def _call(words: list[str]) -> str:
    line = " ".join(words)
    return line if len(line) <= LINE and "\n" not in line else " \\\n  ".join([" ".join(words[:2]), *words[2:]])


def _sent(media: str, value: Any) -> list[str]:
    match media:
        case bodies.FILES:
            fields = [f"-F '{name}={text}'" for name, text in value.items()]
            return [*fields, "-F attachments=@receipt.pdf"]
        case bodies.FORM:
            return [f"-d '{urlencode({name: text})}'" for name, text in value.items()]
        case bodies.JSON:
            return [f"-H 'Content-Type: {media}'", f"-d '{_json(value)}'"]
        case _:
            return ["--data-binary @posthouse.yaml"]


def _answer(answer: Document) -> tuple[str, str]:
    """What it means, and what comes with it."""
    content, found = answer.get("content", {}), []
    if JSON in content:
        found.append(_kind(content[JSON]["schema"]))
    if PROBLEM in content:
        found += [f"`{kind}`" for kind in content[PROBLEM]["examples"]]
    headers = [f"`{name}`" for name in answer["headers"] if name != "X-Request-Id"]
    return answer["description"], ", ".join(found) + (f"; with {', '.join(headers)}" if headers else "")


def _errors(document: Document) -> Iterator[str]:
    yield "## Errors"
    yield (
        "`type` is `urn:posthouse:problem:` and one of these names. Every call may be answered with 405 and 500, and "
        "with 401 where it needs a key."
    )
    yield _table(
        ("name", "status", "when"),
        (
            (f"`{name}`", example["value"]["status"], example["summary"])
            for name, example in document["components"]["examples"].items()
        ),
    )
    yield "Each entry of `problems` has one of these codes."
    codes = document["components"]["schemas"]["Flaw"]["properties"]["code"]["oneOf"]
    yield _table(("code", "when"), ((f"`{one['const']}`", one["description"]) for one in codes))


def _shapes(document: Document) -> Iterator[str]:
    """What comes back, object by object."""
    yield "## What comes back"
    for name, schema in document["components"]["schemas"].items():
        if "title" not in schema or not schema.get("properties") or name == "OpenAPI":
            continue
        yield f"### {name}"
        if "description" in schema:
            yield schema["description"].replace("\n\n", " ")
        if name in EXAMPLES:
            yield f"```json\n{_json(EXAMPLES[name])}\n```"
        rows = (
            (f"`{field}`" + ("" if field in schema["required"] else " (may be missing)"), _words(one), _kind(one))
            for field, one in schema["properties"].items()
        )
        yield _table(("field", "what", "kind"), rows)


def _words(schema: Document) -> str:
    """What is said of it, here or inside of it."""
    if "description" in schema:
        return str(schema["description"])
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return next((words for one in inner if (words := _words(one))), "")


def _kind(schema: Document) -> str:
    """Its type in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _KNOWN[name] if name in _KNOWN else f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"] if one not in ("", None))
    for several in ("anyOf", "oneOf"):
        if several in schema and "type" not in schema:
            kinds = [_kind(one) for one in schema[several] if one not in _NOTHING]
            return " or ".join(dict.fromkeys(kinds))
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(one for one in kind if one != "null")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    return str(schema.get("format", kind))


_NOTHING: Final = ({"$ref": "#/components/schemas/NotGiven"}, {"const": ""}, {"type": "null"})
_KNOWN: Final = {
    "Address": "mailbox",
    "Mailbox": "mailbox",
    "Line": "string",
    "Name": "name",
    "Attachment": "[attachment](#a-message)",
    "Configuration": "[configuration](configuration.md)",
    "OpenAPI": "OpenAPI 3.1",
}
"""Schemas that have no heading of their own under "What comes back"."""


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("\n", " ").replace("|", "\\|")


def _json(value: Any) -> str:
    """JSON on one line; where that is too long, a member a line."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) <= LINE or not isinstance(value, dict):
        return short
    lines = ",\n".join(f'  "{name}": {json.dumps(one, ensure_ascii=False)}' for name, one in value.items())
    return f"{{\n{lines}\n}}"
