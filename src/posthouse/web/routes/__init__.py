"""Every call of the API, in one table: the server asks it, the documents and the pages are made from it.

To add a call: write a function `async def verb(door: Door, request: Request) -> Answer` in the file of its noun, and a
`Route` in the file of its subject here. The route says who may call; the function is called only by those, and finds
them in `request.caller`. A function whose path names a domain asks `pool_named`, which keeps other pools unknown. What
stands in the body is read by `given` (a message, a list) or `few` (some words, read with `read_words`). Whatever is
wrong is raised as `Refused`. Each answer the function can give stands in `answers`; those that all calls share (400,
401, 405, 500, 503) need not. What a good answer shows is described in `openapi/shapes`, what is sent in
`openapi/bodies.py`, a new kind of error in `openapi/kinds.py`: the tests name whatever is missing there.
"""

from typing import Final

from posthouse.web.route import Route
from posthouse.web.routes.administration import ADMINISTRATION
from posthouse.web.routes.messages import MESSAGES
from posthouse.web.routes.pools import POOLS
from posthouse.web.routes.public import PUBLIC

ROUTES: Final[tuple[Route, ...]] = (*MESSAGES, *POOLS, *ADMINISTRATION, *PUBLIC)
"""The documents and the pages keep this order."""
