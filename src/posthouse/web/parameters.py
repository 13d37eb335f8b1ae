"""The parameters of a list: each known and given once, and everything that is wrong with them said at once."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import parse_qsl

from posthouse.intake.caller import Caller
from posthouse.mail.problem import Problem
from posthouse.web.answer import Refused, problem
from posthouse.web.cursor import opened

PAGE_MAX: Final = 100

QUERY_MAX: Final = 4096
"""Bytes of all parameters together."""


class Parameters:
    """given: those that are not empty, by name. problems: what is wrong so far; whoever reads one adds to it."""

    def __init__(self, query: bytes, known: Sequence[str]) -> None:
        self._too_long = len(query) > QUERY_MAX
        self.given: dict[str, str] = {}
        self.problems: list[Problem] = []
        for name, value in parse_qsl(query[:QUERY_MAX].decode("latin-1"), keep_blank_values=True):
            if name not in known or name in self.given:
                expected = f"expected each of {', '.join(known)} at most once"
                self.problems.append(Problem("parameter-unknown", name[:64], expected))
            elif value:
                self.given[name] = value

    def wrong(self, name: str, expected: str) -> None:
        """This one is not what was expected."""
        self.problems.append(Problem("parameter-invalid", name, f"expected {expected}"))

    def limit(self) -> int:
        """How many are asked for; where that is wrong, none."""
        limit = self.given.get("limit", "50")
        if limit.isascii() and limit.isdigit() and 1 <= int(limit) <= PAGE_MAX:
            return int(limit)
        self.wrong("limit", f"a number from 1 to {PAGE_MAX}")
        return 0

    def named(self, what: str) -> str:
        """What the cursors of this list are sealed for: the list, and all that it was asked for."""
        return f"{what} " + repr(sorted(pair for pair in self.given.items() if pair[0] not in ("limit", "cursor")))

    def after(self, caller: Caller, name: str, fits: Callable[[str], object] = bool) -> str | None:
        """The place that the cursor stands for; None where there is none. fits: whether such a list has such places."""
        cursor = self.given.get("cursor")
        place = None if cursor is None else opened(cursor, caller, name)
        if cursor is not None and (place is None or not fits(place)):
            self.wrong("cursor", "the next_cursor of an earlier page of this list")
            return None
        return place

    def all_read(self, detail: str = "The list cannot be made.") -> None:
        """Refused with 400 and every problem, where there is one."""
        if self._too_long:
            self.problems = [Problem("parameters-too-long", "", f"expected at most {QUERY_MAX} bytes of parameters")]
        if self.problems:
            raise Refused(problem(400, "parameters", detail, problems=self.problems))
