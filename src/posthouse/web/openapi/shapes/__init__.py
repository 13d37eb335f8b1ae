"""What comes back, as types. The handlers build plain dicts; a test holds every answer they give to its type here.

None of these is ever made: the document is. A field that may be missing is `Absent`, one that may be null says None.
"""

from typing import Final

from msgspec import Struct

from posthouse.web.openapi.shapes.administration import Alive, Changes, Configuration, Doubts, Ready, Released, Reloaded
from posthouse.web.openapi.shapes.explanations import Explained, Foreseen
from posthouse.web.openapi.shapes.messages import Cancelled, Message, Page, Receipt, Resent, Results, Wrong
from posthouse.web.openapi.shapes.pools import Additions, Pool, Pools, Provider, Removals, Suppressions
from posthouse.web.openapi.shapes.problem import Flaw, Problem


class OpenAPI(Struct):
    """This document."""

    openapi: str


SHAPES: Final[dict[str, type[Struct]]] = {
    shape.__name__: shape
    for shape in (
        *(Receipt, Resent, Cancelled, Message, Page, Results, Wrong, Pools, Pool, Provider, Foreseen, Explained),
        *(Suppressions, Additions, Removals, Configuration, Reloaded, Alive, Ready, OpenAPI, Problem, Flaw),
        *(Changes, Doubts, Released),
    )
}
"""Those that a route may name in `shows`, and those that others refer to."""
