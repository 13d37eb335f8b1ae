"""One route as an OpenAPI operation: what it is asked, and everything it may answer."""

import re
from http import HTTPStatus
from typing import Any, Final

from posthouse.web.openapi.bodies import body
from posthouse.web.openapi.examples import EXAMPLES
from posthouse.web.openapi.kinds import KINDS, kinds
from posthouse.web.openapi.message import Schema
from posthouse.web.openapi.parameters import placed, shown
from posthouse.web.route import Access, Route

PROBLEM: Final = "application/problem+json"

ERRORS: Final = sorted({kind.status for kind in KINDS})

SHARED: Final = frozenset({400, 401, 405, 500, 503})
"""Statuses that a route need not name in `answers`: every call, or every call with a key, may be answered with them."""

WHO: Final[dict[Access, str]] = {
    "anyone": "No key is needed.",
    "sender": "A key of a pool or of an administrator; none where the pool is open.",
    "reader": "A key of a pool, which sees that pool, or of an administrator, which sees all.",
    "admin": "A key of an administrator.",
}

SUBJECTS: Final[dict[str, str]] = {
    "messages": "Hand messages in, look at them, take them back.",
    "pools": "The sending domains and their providers.",
    "providers": "The operator's hand on one provider.",
    "suppressions": "Addresses that are not sent to.",
    "server": "The process itself, and its configuration.",
}


def operation(route: Route, schemas: dict[str, Schema]) -> dict[str, Any]:
    """The operation; schemas it brings along are added to `schemas`."""
    told: dict[str, Any] = {
        "operationId": identifier(route),
        "tags": [subject(route)],
        "summary": route.summary,
        "description": WHO[route.access],
    }
    parameters = [placed(name) for name in re.findall(r"\{(\w+)\}", route.path)]
    parameters += [shown(parameter) for parameter in route.parameters]
    if parameters:
        told["parameters"] = parameters
    if route.body is not None:
        told["requestBody"] = _brought(route, route.body, schemas)
    told["responses"] = {str(status): _answer(route, status) for status in statuses(route)}
    if route.access == "anyone":
        return {**told, "security": []}
    roles = ["admin"] if route.access == "admin" else []
    return {**told, "security": [{"bearer": roles}, {"key": roles}]}


def statuses(route: Route) -> list[int]:
    """Everything the route may answer."""
    return sorted({*route.answers, *(status for status in ERRORS if kinds(route, status))})


def subject(route: Route) -> str:
    """What a call is about, one of `SUBJECTS`."""
    if route.body == "message" or route.path.startswith("/email"):
        return "messages"
    if route.path.endswith("/suppressions"):
        return "suppressions"
    if "{provider}" in route.path:
        return "providers"
    return "pools" if route.path in ("/", "/{domain}") else "server"


def identifier(route: Route) -> str:
    """`postEmailIdResend`."""
    words = re.findall(r"\w+", route.path) or ["pools"]
    return route.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def _brought(route: Route, name: str, schemas: dict[str, Schema]) -> dict[str, Any]:
    brought = body(name, key_in_body=route.key_in_body)
    content: dict[str, Any] = {}
    for media, schema in brought.media.items():
        # The document is shorter, and a client made from it is better, when equal bodies have one name.
        title = _title(name, media, key_in_body=route.key_in_body)
        schemas.setdefault(title, schema)
        content[media] = {"schema": {"$ref": f"#/components/schemas/{title}"}}
        examples = {one.name: {"value": one.value} for one in brought.examples if one.media == media}
        if examples:
            content[media]["examples"] = {name.replace(" ", "-"): example for name, example in examples.items()}
    return {"required": brought.needed, "content": content}


_KINDS_OF_BODY: Final = {
    "application/json": "",
    "application/x-www-form-urlencoded": "Form",
    "multipart/form-data": "Files",
    "application/yaml": "Yaml",
}


def _title(name: str, media: str, *, key_in_body: bool) -> str:
    keyed = "WithKey" if key_in_body and name != "key" else ""
    return f"New{name.capitalize()}{keyed}{_KINDS_OF_BODY[media]}"


def _answer(route: Route, status: int) -> dict[str, Any]:
    found = kinds(route, status)
    words = route.answers.get(status)
    if words is None:
        words = found[0].words if len(found) == 1 else HTTPStatus(status).phrase + "."
    told: dict[str, Any] = {"description": words, "headers": _headers(route, status)}
    content: dict[str, Any] = {}
    shape = route.shows.get(status)
    if shape is not None:
        content["application/json"] = {"schema": _ref("schemas", shape), "example": EXAMPLES[shape]}
    if found:
        only = {"type": {"enum": [f"urn:posthouse:problem:{kind.name}" for kind in found]}, "status": {"const": status}}
        content[PROBLEM] = {
            "schema": {"allOf": [_ref("schemas", "Problem"), {"properties": only}]},
            "examples": {kind.name: _ref("examples", kind.name) for kind in found},
        }
    if content:
        told["content"] = content
    if shape in ("Receipt", "Resent"):
        told["links"] = {name: _ref("links", name) for name in LINKS}
    return told


def _headers(route: Route, status: int) -> dict[str, Any]:
    names = ["X-Request-Id"]
    once = any(parameter.name == "Idempotency-Key" for parameter in route.parameters)
    if status < 300 and once:
        names += ["Idempotency-Replayed"] if route.body == "batch" else ["Location", "Idempotency-Replayed"]
    names += {401: ["WWW-Authenticate"], 405: ["Allow"], 429: ["Retry-After"], 503: ["Retry-After-Maybe"]}.get(
        status, []
    )
    if route.shows.get(200) == "OpenAPI" and status < 400:
        names.append("ETag")
    return {name.removesuffix("-Maybe"): _ref("headers", name) for name in names}


def _ref(part: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{part}/{name}"}


def _header(words: str, schema: Schema, *, always: bool) -> dict[str, Any]:
    return {"description": words, "schema": schema, "required": always}


_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_SECONDS: Final[Schema] = {"type": "integer", "minimum": 1}

HEADERS: Final = {
    "X-Request-Id": _header("The caller's own where it is a short plain word; otherwise made.", _TEXT, always=True),
    "Location": _header("Where the message is shown.", {"type": "string", "pattern": "^/email/"}, always=True),
    "Idempotency-Replayed": _header("An earlier call with the same key was first.", {"const": "true"}, always=False),
    "Retry-After": _header("Seconds until it is worth to come again.", _SECONDS, always=True),
    "Retry-After-Maybe": _header(
        "Seconds until it is worth to come again, where that is known.", _SECONDS, always=False
    ),
    "WWW-Authenticate": _header("What is expected.", _TEXT, always=True),
    "Allow": _header("The methods of the path.", _TEXT, always=True),
    "ETag": _header("The version of the document, for `If-None-Match`.", _TEXT, always=True),
}

LINKS: Final = {
    name: {"operationId": target, "parameters": {"id": "$response.body#/id"}}
    for name, target in {
        "show": "getEmailId",
        "cancel": "deleteEmailId",
        "explain": "getEmailIdExplain",
        "resend": "postEmailIdResend",
    }.items()
}
"""What can be done with a message that was accepted."""
