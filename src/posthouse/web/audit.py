"""Who changed what: the audit over HTTP, for administrators."""

from typing import Any, Final, get_args

from posthouse.clock import rfc3339
from posthouse.store.values import Audited, Change, What
from posthouse.web.answer import Answer, answer
from posthouse.web.cursor import sealed
from posthouse.web.door import Door
from posthouse.web.parameters import Parameters
from posthouse.web.query import instant
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
    parameters = Parameters(request.query, _PARAMETERS)
    given, limit, name = parameters.given, parameters.limit(), parameters.named("audit")
    what = next((one for one in WHATS if one == given.get("what")), None)
    if what is None and "what" in given:
        parameters.wrong("what", f"one of {', '.join(WHATS)}")
    after = parameters.after(request.caller, name, str.isdecimal)
    since = instant(given, "since", parameters.problems)
    parameters.all_read()
    return Audited(limit, given.get("pool"), what, since, None if after is None else int(after)), name


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
