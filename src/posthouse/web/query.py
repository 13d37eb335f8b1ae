"""What a list is asked for: the parameters of `GET /email`."""

import re
from collections.abc import Mapping
from math import floor
from typing import Final

from posthouse.intake.caller import Caller
from posthouse.mail.event import STATUSES
from posthouse.mail.instant import moment
from posthouse.mail.problem import Flaw, Problem
from posthouse.store.values import SCAN, Query
from posthouse.web.parameters import Parameters

ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_PLUS: Final = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")
"""Before an offset: a `+` that came through as a space."""

_PARAMETERS: Final = ("status", "to", "tag", "provider", "since", "until", "limit", "cursor")


def read_query(query: bytes, caller: Caller) -> tuple[Query, str]:
    """The page asked for, and what its cursors are sealed for. Refused with 400 and every problem at once."""
    parameters = Parameters(query, _PARAMETERS)
    given, problems = parameters.given, parameters.problems
    status, name = given.get("status"), parameters.named("messages")
    if status is not None and status not in STATUSES:
        parameters.wrong("status", f"one of {', '.join(STATUSES)}")
    limit = parameters.limit()
    after = parameters.after(caller, name, ID.fullmatch)
    since, until = (instant(given, each, problems) for each in ("since", "until"))
    parameters.all_read()
    found = Query(
        limit=limit,
        pool=caller.sees,
        status=status,
        to=given.get("to"),
        tag=given.get("tag"),
        provider=given.get("provider"),
        since=since,
        until=None if until is None else until_its_end(until),
        after=after,
        scan=SCAN,
    )
    return found, name


def instant(given: Mapping[str, str], name: str, problems: list[Problem]) -> float | None:
    """An instant as RFC 3339 writes it (a `+` may have arrived as a space), in epoch seconds."""
    text = given.get(name)
    if text is None:
        return None
    at = moment(_PLUS.sub("+", text))
    if isinstance(at, Flaw):
        problems.append(Problem("parameter-invalid", name, "expected an instant such as 2026-11-23T09:00:00Z"))
        return None
    return at


def until_its_end(at: float) -> float:
    """The end of that millisecond: times are shown cut to it, and what is shown must find its own message."""
    return (floor(at * 1000 + 0.001) + 0.999) / 1000
