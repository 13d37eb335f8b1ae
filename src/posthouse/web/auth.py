"""Who is asking: the key of a request, and what it opens."""

from collections.abc import Mapping
from typing import Any, Final

from posthouse.intake.caller import Caller
from posthouse.mail.problem import Problem
from posthouse.web.answer import Answer, Refused, problem
from posthouse.web.door import Door
from posthouse.web.fields import small
from posthouse.web.request import Headers
from posthouse.web.route import Access, Route

CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="posthouse"')

STRANGER: Final = Caller("anybody", None)
"""Whoever calls without a key."""

IN_BODY: Final = ("pool_api_key", "admin_api_key", "root_api_key")
"""The names under which a key may stand in a body, where a route says that it may."""

WRONG: Final = problem(
    401, "key", "Expected a valid key in 'Authorization: Bearer KEY' or 'X-API-KEY: KEY'.", CHALLENGE
)
"""The same words whatever was wrong with the key."""

_NO_ADMIN: Final = problem(403, "admin-only", "Expected the key of an administrator.")


def presented(headers: Headers) -> bytes | None:
    """The key in `Authorization: Bearer KEY` or `X-API-KEY: KEY`; None where there is none.

    Another kind of Authorization is for somebody on the way, such as a proxy: the key is in the other header then.
    """
    authorization = headers.get(b"authorization")
    if authorization is None:
        return headers.get(b"x-api-key")
    scheme, _, key = authorization.partition(b" ")
    return key.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")


def admit(door: Door, access: Access, headers: Headers, key: bytes | None) -> Caller:
    """Who calls with that key, where they may. Refused with 401 for a wrong key, or for none where one is needed; with
    403 for one that opens too little."""
    if access == "anyone":
        return STRANGER
    if key is None and access == "sender" and any(pool.open for pool in door.intake.pools.values()):
        refuse_other_sites(door, headers)
        return STRANGER
    caller = door.callers.recognise(key, door.clock.now()) if key is not None else None
    if caller is None:
        raise Refused(WRONG)
    if access == "admin" and not caller.admin:
        raise Refused(_NO_ADMIN)
    return caller


async def key_in_body(door: Door, route: Route, headers: Headers, receive: Any) -> tuple[bytes | None, dict[str, Any]]:
    """The key that stands in the body, where no header brings one, and the fields of the body.

    Only a small body is read for somebody who may turn out to be nobody.
    """
    try:
        fields = await small(door, headers, receive)
    except Refused:
        admit(door, route.access, headers, None)  # a stranger is not told what is wrong with a body
        raise
    key = next((fields[name] for name in IN_BODY if name in fields), None)
    return key.encode("utf-8", "replace") if isinstance(key, str) else None, fields


def keyless(fields: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The fields without a key that stands among them; one that is no text is reported."""
    problems += [
        Problem("field-type", name, "Expected a string.")
        for name in IN_BODY
        if not isinstance(fields.get(name), str | None)
    ]
    return {name: value for name, value in fields.items() if name not in IN_BODY}


def refuse_other_sites(door: Door, headers: Headers) -> None:
    """Refused with 403 where a browser calls for a page of another site, and no key shows that its owner means it."""
    site = headers.get(b"sec-fetch-site")
    if site is None:
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        foreign = origin is not None and origin.partition(b"://")[2] != host
    else:
        foreign = site not in (b"same-origin", b"none")
    if foreign and door.cors.allowed(headers) is None:
        raise Refused(problem(403, "other-site", "Expected a key with a call that comes from another site's page."))


def wrong_key(door: Door, scope: Any) -> Answer:
    """What whoever presents a wrong key is answered, wherever it stood: 401, and 429 after too many of them."""
    client = scope.get("client")
    return door.guesses.wrong(client[0] if client else "", door.clock.now()) or WRONG
