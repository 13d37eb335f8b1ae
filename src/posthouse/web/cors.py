"""Pages of other origins: which of them may call from a browser. None, unless the operator names them."""

from collections.abc import Iterable
from typing import Final

from posthouse.web.answer import Answer, Header
from posthouse.web.request import Headers

ASKED: Final = b"Authorization, X-API-Key, Content-Type, Idempotency-Key, Prefer, X-Request-Id"
SHOWN: Final = b"Location, Retry-After, Idempotency-Replayed, X-Request-Id"
REMEMBERED_S: Final = 600

ANSWERS_DIFFER: Final = (b"vary", b"Origin")


class Cors:
    """origins: as a browser sends them; `*` is all of them. Credentials are never allowed: keys are no cookies."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def allowed(self, headers: Headers) -> bytes | None:
        """The origin of a request as the answer must name it; None where it comes from none that is allowed."""
        origin = headers.get(b"origin")
        if origin is None:
            return None
        if b"*" in self._origins:
            return b"*"
        return origin if origin.lower() in self._origins else None

    def headers(self, headers: Headers) -> tuple[Header, ...]:
        """What the answer to a request tells the browser."""
        origin = self.allowed(headers)
        if origin is None:
            return (ANSWERS_DIFFER,)
        named = (b"access-control-allow-origin", origin)
        return (named, (b"access-control-expose-headers", SHOWN), ANSWERS_DIFFER)

    def preflight(self, headers: Headers, methods: bytes) -> Answer | None:
        """The answer to a browser that asks before it calls; None where it is no such question, or not allowed."""
        if b"access-control-request-method" not in headers or self.allowed(headers) is None:
            return None
        told = (
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", ASKED),
            (b"access-control-max-age", b"%d" % REMEMBERED_S),
        )
        return Answer(204, b"", told)


NO_ORIGINS: Final = Cors()
