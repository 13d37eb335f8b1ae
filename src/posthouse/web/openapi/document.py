"""The whole document."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from posthouse import __version__
from posthouse.web.openapi import message
from posthouse.web.openapi.codes import CODES
from posthouse.web.openapi.examples import errors
from posthouse.web.openapi.kinds import KINDS, never
from posthouse.web.openapi.operation import HEADERS, LINKS, SUBJECTS, operation
from posthouse.web.openapi.shapes import SHAPES
from posthouse.web.route import Route

VERSION: Final = "3.1.1"

_EARLY: Final = "\n".join(f"- {kind.status} `{kind.name}`: {kind.words}" for kind in KINDS if kind.of is never)

DESCRIPTION: Final = f"""\
One API in front of every email provider. A message that is answered with 202 is on disk.

A key goes in `Authorization: Bearer KEY` or `X-API-KEY: KEY`. A pool's key sends from its pool and sees nothing else:
what belongs to another pool is answered as what does not exist. Where a pool is open, sending through it needs no key.

Errors are `application/problem+json`; `type` is stable, and `problems` names everything that is wrong at once. Ids are
UUIDv7, times RFC 3339 in UTC. Each path answers with a slash at its end too, and HEAD wherever it answers GET. Three
answers come before it is known which call it is:

{_EARLY}
"""

SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-KEY", "description": "The same key."},
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    _, schemas = msgspec.json.schema_components(SHAPES.values(), ref_template="#/components/schemas/{name}")
    schemas["Flaw"]["properties"]["code"]["oneOf"] = [
        {"const": code, "description": words} for code, words in CODES.items()
    ]
    schemas |= message.SCHEMAS
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route, schemas)
    return {
        "openapi": VERSION,
        "info": {
            "title": "Posthouse",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in SUBJECTS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": HEADERS,
            "examples": errors(),
            "links": LINKS,
            "securitySchemes": SECURITY,
        },
    }
