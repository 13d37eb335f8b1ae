"""Who is asking: the key of a request, and what it opens."""

from posthouse.intake.caller import Caller, Callers
from posthouse.web.answer import Refused, problem

CHALLENGE = (b"www-authenticate", b'Bearer realm="posthouse"')


def presented(headers: dict[bytes, bytes]) -> bytes | None:
    """The key in `Authorization: Bearer KEY` or `X-API-KEY: KEY`; None where there is none."""
    authorization = headers.get(b"authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(b" ")
        return key.strip() if scheme.lower() == b"bearer" else b""
    return headers.get(b"x-api-key")


def authenticate(headers: dict[bytes, bytes], callers: Callers, now: float) -> Caller:
    """The holder of the presented key. Refused with 401, in the same words whatever was wrong with it."""
    key = presented(headers)
    caller = callers.recognise(key, now) if key is not None else None
    if caller is None:
        raise Refused(
            problem(401, "key", "Expected a valid key in 'Authorization: Bearer KEY' or 'X-API-KEY: KEY'.", CHALLENGE)
        )
    return caller
