"""Every kind of error: its stable name, its status, what it means, and which calls can be answered with it.

A test finds each `problem(status, name, …)` of the source here, and the other way round.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from posthouse.web.route import Route

Of = Callable[[Route], bool]


class Kind(msgspec.Struct, frozen=True):
    """A kind of error. name: the last part of its `type`. of: the routes it can be an answer of."""

    status: int
    name: str
    words: str
    of: Of


def every(route: Route) -> bool:
    return True


def never(route: Route) -> bool:
    """What is answered before it is known which call it is."""
    return False


def _keyed(route: Route) -> bool:
    return route.access != "anyone"


def _asks(*names: str) -> Of:
    """Routes with one of these parameters."""
    return lambda route: any(parameter.name in names for parameter in route.parameters)


def _brings(*bodies: str) -> Of:
    """Routes with one of these bodies."""
    return lambda route: route.body in bodies


def _bodied(route: Route) -> bool:
    return route.body is not None


def _read(route: Route) -> bool:
    """Routes whose body is fields: a configuration is read as it stands."""
    return route.body is not None and route.body != "configuration"


def _at(*paths: str) -> Of:
    return lambda route: route.path in paths


def _holds(place: str) -> Of:
    return lambda route: f"{{{place}}}" in route.path


def _sends(route: Route) -> bool:
    """Calls after which there is something more on disk to be sent."""
    return route.body in ("message", "batch", "resend") and not route.path.startswith("/route/")


KINDS: Final[tuple[Kind, ...]] = (
    Kind(400, "http", "It is not HTTP/1.1.", never),
    Kind(400, "header-repeated", "A header that decides something is given twice.", every),
    Kind(400, "content-length", "`Content-Length` is no number.", _bodied),
    Kind(400, "idempotency-key", "`Idempotency-Key` is not 1 to 255 printable characters.", _asks("Idempotency-Key")),
    Kind(400, "json", "The body is not strict JSON: one object, no key twice, no NaN.", _read),
    Kind(400, "form", "The body is not the form that it says it is.", _read),
    Kind(400, "multipart", "The body is not the form with parts that it says it is.", _read),
    Kind(400, "parameters", "A parameter of the query is wrong.", _asks("limit", "address")),
    Kind(401, "key", "There is no valid key. The same words whatever is wrong with it.", _keyed),
    Kind(403, "admin-only", "The key is valid, and no administrator's.", lambda route: route.access == "admin"),
    Kind(403, "not-allowed", "The sender or a recipient is not allowed to this key.", _brings("message", "resend")),
    Kind(
        *(403, "other-site", "A browser calls for a page of another site, without a key."),
        lambda route: route.access == "sender",
    ),
    Kind(404, "unknown-path", "There is nothing at this path.", lambda route: "{" in route.path),
    Kind(404, "unknown-message", "There is no such message, or it is another pool's.", _holds("id")),
    Kind(404, "unknown-pool", "There is no such domain, or it is another pool's.", _holds("domain")),
    Kind(404, "unknown-provider", "The pool has no such provider.", _holds("provider")),
    Kind(405, "method", "The path has no such method; `Allow` names those it has.", every),
    Kind(408, "body-too-slow", "The body came too slowly.", _bodied),
    Kind(408, "head-too-slow", "The headers came too slowly.", never),
    Kind(
        409,
        "too-late",
        "It cannot be cancelled any more.",
        lambda route: route.method == "DELETE" and "{id}" in route.path,
    ),
    Kind(409, "held", "It may have been sent; say `force` to send it all the same.", _brings("resend")),
    Kind(409, "delivered", "It was delivered; say `force` to send it all the same.", _brings("resend")),
    Kind(409, "unfinished", "It is still to be sent; say `force` to send it twice.", _brings("resend")),
    Kind(409, "content-gone", "Its content is kept no longer, or its pool is gone.", _brings("resend")),
    Kind(413, "body-too-large", "The body is too large.", _bodied),
    Kind(415, "media-type", "The body is neither JSON nor a form.", _read),
    Kind(415, "charset", "The body is in another character set than UTF-8.", _read),
    Kind(415, "content-encoding", "The body is compressed.", _read),
    Kind(422, "message", "The message is wrong; `problems` names everything.", _brings("message", "resend")),
    Kind(422, "batch", "It is no list of messages.", _brings("batch")),
    Kind(
        *(422, "fields", "A field is wrong; `problems` names everything."),
        lambda route: _read(route) and route.body not in ("message", "batch"),
    ),
    Kind(
        422,
        "configuration",
        "The configuration has problems; nothing was changed.",
        lambda route: "/admin/" in route.path and route.method != "GET",
    ),
    Kind(
        *(422, "idempotency-mismatch", "The Idempotency-Key was used for another request."),
        lambda route: _sends(route) and route.body != "batch",
    ),
    Kind(429, "key-limit", "A limit of the key is reached; `limit` says which.", _sends),
    Kind(429, "too-many-wrong-keys", "Too many wrong keys from this address in this minute.", never),
    Kind(431, "head-too-large", "The headers are too large.", never),
    Kind(500, "internal", "A fault of Posthouse; its log tells more under the request id.", every),
    Kind(503, "busy", "Too many requests at once.", lambda route: route.path not in ("/healthz", "/healthcheck")),
    Kind(503, "stopping", "The server is stopping.", _sends),
    Kind(503, "store-down", "The store cannot be reached; nothing is promised.", _keyed),
    Kind(503, "busy-with-large-messages", "No memory for another large message now.", _brings("message", "batch")),
    Kind(503, "no-provider", "With `Prefer: wait`: nobody can carry it now; `reasons` says why.", _asks("Prefer")),
    Kind(503, "config-unwritable", "The configuration could not be written.", _brings("configuration")),
)


def kinds(route: Route, status: int) -> list[Kind]:
    """The kinds of error with that status that the route can answer with."""
    return [kind for kind in KINDS if kind.status == status and kind.of(route)]
