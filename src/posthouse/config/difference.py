"""What is different between two configurations: the places, never the values."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from posthouse.config.part import Part
from posthouse.config.schema import Config

FIXED: Final = ("http.listen", "smtp", "store", "workers", "health_scope", "log")
"""What a running process has taken once and for all: a change there is in force after the next start."""

UNTOLD: Final = frozenset({"source", "text", "warnings"})
"""What is no setting."""


def changed(before: Config, now: Config) -> list[str]:
    """The paths, as the file writes them, of what was added, taken away or changed: `pools.example.com.keys.web`."""
    return list(_different(before, now, ""))


def waits_for_restart(paths: list[str]) -> list[str]:
    """Those of the changed paths that a reload cannot put in force."""
    return [path for path in paths if any(path == fixed or path.startswith(f"{fixed}.") for fixed in FIXED)]


def _different(before: Any, now: Any, path: str) -> Iterator[str]:
    if type(before) is not type(now):
        yield path
    elif isinstance(before, Part) or path.endswith(".settings"):  # other structs are values, written as one word
        for field in msgspec.structs.fields(before):
            if field.name not in UNTOLD:
                below = f"{path}.{field.encode_name}" if path else field.encode_name
                yield from _different(getattr(before, field.name), getattr(now, field.name), below)
    elif isinstance(before, dict):
        for name in [*before, *(name for name in now if name not in before)]:
            below = f"{path}.{name}" if path else str(name)
            if name in before and name in now:
                yield from _different(before[name], now[name], below)
            else:
                yield below
    elif before != now:
        yield path
