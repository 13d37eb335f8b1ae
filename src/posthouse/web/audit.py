"""Who changed what: the audit over HTTP, for administrators."""

from typing import Any, Final, get_args
from urllib.parse import parse_qsl

from posthouse.clock import rfc3339
from posthouse.mail.problem import Problem
from posthouse.store.values import Audited, Change, What
from posthouse.web.answer import Answer, Refused, answer, problem
from posthouse.web.cursor import opened, sealed
from posthouse.web.door import Door
from posthouse.web.query import PAGE_MAX, QUERY_MAX, instant
from posthouse.web.request import Request

WHATS: Final[tuple[What, ...]] = get_args(What)

_PARAMETERS: Final = ("pool", "what", "since", "limit", "cursor")


async def listed(door: Door, request: Request) -> Answer:
    """GET /admin/audit"""
    query, asked = _read(request)
    found = await door.store.audited(query)
    following = sealed(str(found[-1].number), request.caller, asked) if len(found) == query.limit else None
    return answer(200, {"changes": [_shown(one) for one in found], "next_cursor": following})


def _read(request: Request) -> tuple[Audited, str]:
    """The page asked for, and what its cursors are sealed for. Refused with 400 and every problem at once."""
    problems: list[Problem] = []
    given: dict[str, str] = {}
    for name, value in parse_qsl(request.query[:QUERY_MAX].decode("latin-1"), keep_blank_values=True):
        if name not in _PARAMETERS or name in given:
            expected = f"expected each of {', '.join(_PARAMETERS)} at most once"
            problems.append(Problem("parameter-unknown", name[:64], expected))
        elif value:
            given[name] = value
    limit, cursor = given.get("limit", "50"), given.get("cursor")
    if not (limit.isascii() and limit.isdigit() and len(limit) < 5 and 1 <= int(limit) <= PAGE_MAX):
        problems.append(Problem("parameter-invalid", "limit", f"expected a number from 1 to {PAGE_MAX}"))
    what = next((one for one in WHATS if one == given.get("what")), None)
    if what is None and "what" in given:
        problems.append(Problem("parameter-invalid", "what", f"expected one of {', '.join(WHATS)}"))
    asked = "audit " + repr(sorted(pair for pair in given.items() if pair[0] not in ("limit", "cursor")))
    after = None if cursor is None else opened(cursor, request.caller, asked)
    if cursor is not None and (after is None or not after.isdecimal()):
        expected = "expected the next_cursor of an earlier page of this list"
        problems.append(Problem("parameter-invalid", "cursor", expected))
    since = instant(given, "since", problems)
    if len(request.query) > QUERY_MAX:
        problems = [Problem("parameters-too-long", "", f"expected at most {QUERY_MAX} bytes of parameters")]
    if problems:
        raise Refused(problem(400, "parameters", "The list cannot be made.", problems=problems))
    return Audited(int(limit), given.get("pool"), what, since, None if after is None else int(after)), asked


def _shown(change: Change) -> dict[str, Any]:
    return {
        "at": rfc3339(change.at),
        "what": change.what,
        "pool": change.pool,
        "subject": change.subject,
        "who": {"kind": change.who.kind, "name": change.who.name, "address": change.who.address},
        "reason": change.reason,
        "before": change.before,
        "after": change.after,
    }
