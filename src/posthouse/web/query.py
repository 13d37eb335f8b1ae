"""What a list is asked for: the parameters of `GET /email`."""

import re
from collections.abc import Mapping
from math import floor
from typing import Final
from urllib.parse import parse_qsl

from posthouse.intake.caller import Caller
from posthouse.mail.event import STATUSES
from posthouse.mail.instant import moment
from posthouse.mail.problem import Flaw, Problem
from posthouse.store.values import SCAN, Query
from posthouse.web.answer import Refused, problem
from posthouse.web.cursor import opened

PAGE_MAX: Final = 100

QUERY_MAX: Final = 4096
"""Bytes of all parameters together."""

ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_PLUS: Final = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")
"""Before an offset: a `+` that came through as a space."""

_PARAMETERS: Final = ("status", "to", "tag", "provider", "since", "until", "limit", "cursor")


def read_query(query: bytes, caller: Caller) -> tuple[Query, str]:
    """The page asked for, and what its cursors are sealed for. Refused with 400 and every problem at once."""
    problems: list[Problem] = []
    given: dict[str, str] = {}
    for name, value in parse_qsl(query[:QUERY_MAX].decode("latin-1"), keep_blank_values=True):
        if name not in _PARAMETERS or name in given:
            expected = f"expected each of {', '.join(_PARAMETERS)} at most once"
            problems.append(Problem("parameter-unknown", name[:64], expected))
        elif value:
            given[name] = value
    status, limit, cursor = given.get("status"), given.get("limit", "50"), given.get("cursor")
    if status is not None and status not in STATUSES:
        problems.append(Problem("parameter-invalid", "status", f"expected one of {', '.join(STATUSES)}"))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= PAGE_MAX):
        problems.append(Problem("parameter-invalid", "limit", f"expected a number from 1 to {PAGE_MAX}"))
    asked = "messages " + repr(sorted(pair for pair in given.items() if pair[0] not in ("limit", "cursor")))
    after = None if cursor is None else opened(cursor, caller, asked)
    if cursor is not None and (after is None or not ID.fullmatch(after)):
        problems.append(
            Problem("parameter-invalid", "cursor", "expected the next_cursor of an earlier page of this list")
        )
    since, until = (instant(given, name, problems) for name in ("since", "until"))
    if until is not None:
        until = until_its_end(until)
    if len(query) > QUERY_MAX:
        problems = [Problem("parameters-too-long", "", f"expected at most {QUERY_MAX} bytes of parameters")]
    if problems:
        raise Refused(problem(400, "parameters", "The list cannot be made.", problems=problems))
    found = Query(
        limit=int(limit),
        pool=caller.sees,
        status=status,
        to=given.get("to"),
        tag=given.get("tag"),
        provider=given.get("provider"),
        since=since,
        until=until,
        after=after,
        scan=SCAN,
    )
    return found, asked


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
