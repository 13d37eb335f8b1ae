"""The few words a call may bring beside a message: each read as what it should be, whether JSON or a form says it."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from posthouse.mail.problem import Flaw, Problem
from posthouse.mail.text import as_field, line_flaw
from posthouse.web.answer import Refused, problem
from posthouse.web.auth import keyless

T = TypeVar("T")

Reader = Callable[[Any], Any]
"""A value, or the Flaw of what was given."""

REASON_MAX: Final = 500

_TRUTHS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


def read_words(given: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Name → value, of what was given. Refused with 422 and every problem at once; a key among them is passed over."""
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for name, value in keyless(given, problems).items():
        if value is None:
            continue
        if name not in readers:
            expected = f"Expected none but {', '.join(readers)}." if readers else "Expected no fields."
            problems.append(Problem("field-unknown", as_field(name), expected))
            continue
        read = readers[name](value)
        if isinstance(read, Flaw):
            problems.append(read.at(name))
        else:
            found[name] = read
    if problems:
        raise Refused(problem(422, "fields", "The call cannot be made; nothing was changed.", problems=problems[:20]))
    return found


def truth(value: Any) -> bool | Flaw:
    if isinstance(value, bool):
        return value
    found = _TRUTHS.get(value.lower()) if isinstance(value, str) else None
    return Flaw("field-type", "Expected true or false.") if found is None else found


def choice(*choices: str) -> Reader:
    def read(value: Any) -> str | Flaw:
        if isinstance(value, str) and value in choices:
            return value
        return Flaw("choice-unknown", f"Expected one of {', '.join(choices)}.")

    return read


def number(more_than: float, most: float) -> Reader:
    def read(value: Any) -> float | Flaw:
        flaw = Flaw("number-range", f"Expected a number above {more_than:g}, and {most:g} at most.")
        if isinstance(value, str) and len(value) <= 20:
            try:
                value = float(value)
            except ValueError:
                return flaw
        if isinstance(value, bool) or not isinstance(value, int | float) or not more_than < value <= most:
            return flaw
        return float(value)

    return read


def reason(value: Any) -> str | Flaw:
    """One line, said by a person to another."""
    if not isinstance(value, str):
        return Flaw("field-type", "Expected a string.")
    if len(value) > REASON_MAX:
        return Flaw("reason-too-long", f"Expected at most {REASON_MAX} characters.")
    return line_flaw(value) or value
