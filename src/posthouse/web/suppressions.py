"""Whom a pool does not send to: the list, and the operator's additions to it."""

from typing import Any, Final

from posthouse.clock import rfc3339
from posthouse.mail.address import check
from posthouse.mail.message import Address
from posthouse.mail.problem import Flaw, Problem
from posthouse.store.values import Lifting, Suppression
from posthouse.web.answer import Answer, Refused, answer, problem
from posthouse.web.cursor import sealed
from posthouse.web.door import Door
from posthouse.web.fields import given, small
from posthouse.web.parameters import Parameters
from posthouse.web.pool import pool_named
from posthouse.web.request import Request
from posthouse.web.words import read_words, reason

MOST: Final = 1000
"""Addresses in one call."""

_PARAMETERS: Final = ("address", "limit", "cursor")


async def listed(door: Door, request: Request) -> Answer:
    """GET /{domain}/suppressions"""
    pool = pool_named(door, request)
    parameters = Parameters(request.query, _PARAMETERS)
    limit, address, name = parameters.limit(), parameters.given.get("address"), f"suppressions {pool.name}"
    after = parameters.after(request.caller, name)
    parameters.all_read()
    found = await door.store.suppressions(pool.name, limit, after, address)
    following = None
    if len(found) == limit and address is None:
        following = sealed(found[-1].address, request.caller, name)
    return answer(200, {"suppressions": [_shown(one) for one in found], "next_cursor": following})


async def add(door: Door, request: Request) -> Answer:
    """POST /{domain}/suppressions"""
    pool = pool_named(door, request)

    async def added(fields: dict[str, Any]) -> Answer:
        addresses, said = _read(fields, {"reason": reason})
        why, now, who = said.get("reason", "added by hand"), door.clock.now(), request.who
        new = await door.store.suppress(
            [Suppression(pool.name, one, why, "operator", now, who.name, who) for one in addresses]
        )
        results = [{"address": one, "added": is_new} for one, is_new in zip(addresses, new, strict=True)]
        return answer(200, {"suppressions": results})

    return await given(door, request, added)


async def remove(door: Door, request: Request) -> Answer:
    """DELETE /{domain}/suppressions: addresses in the body, or one in the query."""
    pool = pool_named(door, request)
    parameters = Parameters(request.query, _PARAMETERS)
    parameters.all_read("Nothing was changed.")
    one = parameters.given.get("address")
    if one is not None and await small(door, request.headers, request.receive):
        twice = Problem("field-conflict", "address", "Expected addresses in the query or in the body, not in both.")
        raise Refused(problem(422, "fields", "Nothing was changed.", problems=[twice]))

    async def removed(fields: dict[str, Any]) -> Answer:
        addresses, _ = _read(fields, {})
        now, who = door.clock.now(), request.who
        gone = await door.store.unsuppress([Lifting(pool.name, address, now, who) for address in addresses])
        results = [{"address": address, "removed": was} for address, was in zip(addresses, gone, strict=True)]
        return answer(200, {"suppressions": results})

    return await (given(door, request, removed) if one is None else removed({"address": one}))


def _read(fields: dict[str, Any], readers: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The addresses of the body, in lower case, and what else it says. Refused with 422 and every problem at once."""
    said = read_words(fields, {"address": _listed, "addresses": _listed, **readers})
    places = [
        (f"{field}[{place}]" if isinstance(fields[field], list) else field, text)
        for field in ("address", "addresses")
        for place, text in enumerate(said.pop(field, ()))
    ]
    problems: list[Problem] = []
    addresses: dict[str, None] = {}
    for field, text in places:
        found = check(text.strip()) if isinstance(text, str) else Flaw("field-type", "Expected a string.")
        if isinstance(found, Address):
            addresses[found.email.lower()] = None
        else:
            problems.append(found.at(field))
    if not places:
        problems.append(Problem("field-missing", "address", "Expected an address, or addresses as a list."))
    if problems:
        raise Refused(problem(422, "fields", "Nothing was changed.", problems=problems[:20]))
    return list(addresses), said


def _listed(value: Any) -> list[Any] | Flaw:
    found = value if isinstance(value, list) else [value]
    return found if len(found) <= MOST else Flaw("addresses-too-many", f"Expected at most {MOST} addresses.")


def _shown(one: Suppression) -> dict[str, Any]:
    return {
        "address": one.address,
        "reason": one.reason,
        "source": one.source,
        "at": rfc3339(one.at),
        "by": one.by,
    }
