"""`${NAME}` and `${NAME:-default}` in a scalar, from the environment. `$${` stands for a plain `${`."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^{}]*))?\})?")


class Expanded(msgspec.Struct, frozen=True):
    """A scalar's text after expansion. changed: some of it came from a reference, so it is no number by its looks.

    problem: why it has no text, None where it has one.
    """

    text: str
    changed: bool = False
    problem: str | None = None


def expand(text: str, env: Mapping[str, str]) -> Expanded:
    """The text with its references replaced. A variable that is empty counts as unset, as in a shell's `:-`."""
    if "${" not in text:
        return Expanded(text)
    problems: list[str] = []
    found = _REFERENCE.sub(lambda match: _value(match, env, problems), text)
    return Expanded(found, changed=True, problem="; ".join(problems) or None)


def _value(match: re.Match[str], env: Mapping[str, str], problems: list[str]) -> str:
    if match[0] == "$${":
        return "${"
    name, default = match["name"], match["default"]
    if name is None:
        problems.append("expected ${NAME} or ${NAME:-default} (write $${ for a plain ${)")
        return ""
    if _not_unicode(env.get(name, "")):
        problems.append(f"the environment variable {name} is not UTF-8")
        return ""
    if default is not None:
        return env.get(name) or default
    if name not in env:
        problems.append(f"the environment variable {name} is not set and has no default (${{{name}:-default}})")
    return env.get(name, "")


def _not_unicode(value: str) -> bool:
    """Whether bytes that are no UTF-8 came in as half surrogates, as Python reads the environment."""
    return any("\ud800" <= char <= "\udfff" for char in value)
