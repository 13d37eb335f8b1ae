"""The document as a judge: whether an answer is one that it describes."""

import json
from typing import Any

import jsonschema_rs

from posthouse.web.openapi.call import made
from tests.web.http import Reply

DOCUMENT: dict[str, Any] = json.loads(made()[0])

_validators: dict[str, jsonschema_rs.Draft202012Validator] = {}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of all that the document describes."""
    return [
        (method.upper(), path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def resolved(told: dict[str, Any]) -> dict[str, Any]:
    """What stands at a reference, where it is one."""
    found: Any = DOCUMENT
    if "$ref" not in told:
        return told
    for name in told["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def fits(schema: dict[str, Any], value: Any) -> None:
    """The value is one of the schema; otherwise the test fails with the first thing that is not."""
    key = json.dumps(schema)
    if key not in _validators:
        _validators[key] = jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    _validators[key].validate(value)


def holds(method: str, path: str, reply: Reply) -> None:
    """The answer is described: its status, its media type, its body and its headers."""
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(reply.status) in responses, f"{method} {path} gave {reply.status}, which nobody is told of: {reply}"
    told = responses[str(reply.status)]
    for name, reference in told["headers"].items():
        header, value = resolved(reference), reply.field(name.lower())
        assert value is not None or not header["required"], f"{name} is not there: {reply}"
        if value is not None:
            fits(header["schema"], int(value) if header["schema"].get("type") == "integer" else value)
    media = reply.field("content-type")
    if "content" not in told:
        assert (media, reply.body) == (None, b"")
        return
    assert media in told["content"], f"{method} {path} gave {media}"
    fits(told["content"][media]["schema"], reply.json)
