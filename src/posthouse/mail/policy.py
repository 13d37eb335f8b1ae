"""Reads what a request asks of the delivery: when, how urgently, by whom, and what to do in doubt."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, get_args

from posthouse.mail.fields import Given
from posthouse.mail.instant import duration, instant
from posthouse.mail.message import OnUnsure, Policy
from posthouse.mail.problem import Flaw, Problem

LANES: Final[dict[str, str]] = {name: name for name in ("critical", "normal", "bulk")}
ON_UNSURE: Final[dict[str, OnUnsure]] = {name: name for name in get_args(OnUnsure)}
NAMED: Final = ("class", "provider")
TIMES: Final = (("send_at", instant), ("expires_at", instant), ("expires_in", duration))
FIELDS: Final = frozenset({"lane", "on_unsure", *NAMED, *(field for field, _ in TIMES), "require_tags"})
NO_WISHES: Final = Policy()

T = TypeVar("T")

_STRING: Final = Flaw("field-type", "Expected a string.")
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
"""What a class, a provider, a tag of providers or a key may be called."""

_NAME: Final = Flaw("policy-name", "Expected a name of 1 to 64 letters, digits and . - _ @ +, a letter or digit first.")
_NAMES: Final = Flaw("field-type", "Expected a list of names.")
_TWO_ENDS: Final = Flaw("field-conflict", "Expected one of expires_at and expires_in.")
_TOO_LATE: Final = Flaw("expiry-before-sending", "Expected an instant after send_at.")
_MOST_TAGS: Final = 20


def read_policy(given: Given, problems: list[Problem]) -> Policy:
    """The policy asked for. Whether a class or provider of that name exists, only the pool knows."""
    values = given.values
    if FIELDS.isdisjoint(values):
        return NO_WISHES
    named = {field: _named(values.get(field), field, problems) for field in NAMED}
    times = {field: _time(values.get(field), field, judge, problems) for field, judge in TIMES}
    send_at, expires_at = times["send_at"], times["expires_at"]
    if "expires_at" in values and "expires_in" in values:
        problems.append(_TWO_ENDS.at("expires_in"))
    if send_at is not None and expires_at is not None and expires_at <= send_at:
        problems.append(_TOO_LATE.at("expires_at"))
    return Policy(
        class_name=named["class"],
        lane=_choice(values.get("lane"), "lane", LANES, problems),
        provider=named["provider"],
        on_unsure=_choice(values.get("on_unsure"), "on_unsure", ON_UNSURE, problems),
        require_tags=_tags(values.get("require_tags"), problems),
        send_at=send_at,
        expires_at=expires_at,
        expires_in_s=times["expires_in"],
    )


def _choice(value: object, field: str, choices: Mapping[str, T], problems: list[Problem]) -> T | None:
    if value is None:
        return None
    chosen = choices.get(value) if isinstance(value, str) else None
    if chosen is None:
        problems.append(Flaw("choice-unknown", f"Expected one of {', '.join(choices)}.").at(field))
    return chosen


def _named(value: object, field: str, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    problems.append((_NAME if isinstance(value, str) else _STRING).at(field))
    return None


def _time(value: object, field: str, judge: Callable[[str], float | Flaw], problems: list[Problem]) -> float | None:
    if value is None:
        return None
    found = judge(value) if isinstance(value, str) else _STRING
    if isinstance(found, Flaw):
        problems.append(found.at(field))
        return None
    return found


def _tags(value: Any, problems: list[Problem]) -> tuple[str, ...]:
    if value is None:
        return ()
    tags = [value] if isinstance(value, str) else value
    if not isinstance(tags, list | tuple):
        problems.append(_NAMES.at("require_tags"))
        return ()
    if len(tags) > _MOST_TAGS:
        problems.append(Flaw("tags-too-many", f"Expected at most {_MOST_TAGS} tags.").at("require_tags"))
        return ()
    named = [_named(tag if tag is not None else 0, f"require_tags[{i}]", problems) for i, tag in enumerate(tags)]
    return tuple([tag for tag in named if tag is not None])
