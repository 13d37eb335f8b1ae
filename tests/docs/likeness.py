"""Whether an answer is the one that a page shows, but for what differs each time: ids, keys, times, durations."""

import re
from itertools import zip_longest
from typing import Final

MASKS: Final = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\bph_[\w-]{43}"), "KEY"),
    (re.compile(r"\bsha256:[0-9a-f…]+"), "DIGEST"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?"), "TIME"),
)

STATUS: Final = re.compile(r"[2-5]\d\d")
"""Numbers that mean something, of HTTP or SMTP: where one is shown no other may stand."""

WORD: Final = re.compile(r"…|\d+(?:\.\d+)?|[^\W\d]+|[^\w\s]|_")
ANYTHING: Final = "…"


def like(shown: str, said: str) -> bool:
    """Line by line. `…` alone stands for any lines, inside a line for anything in it."""
    return _lines(_clean(shown), _clean(said))


def within(shown: str, said: str) -> bool:
    """Whether the lines shown are among those said, in their order."""
    rest = iter(_clean(said))
    return all(any(_line(line, other) for other in rest) for line in _clean(shown) if line != [ANYTHING])


def _clean(text: str) -> list[list[str]]:
    """The words of each line that is not empty."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return [words for line in text.splitlines() if (words := WORD.findall(line))]


def _lines(shown: list[list[str]], said: list[list[str]]) -> bool:
    if not shown:
        return not said
    if shown[0] == [ANYTHING]:
        return any(_lines(shown[1:], said[skipped:]) for skipped in range(len(said) + 1))
    return bool(said) and _line(shown[0], said[0]) and _lines(shown[1:], said[1:])


def _line(shown: list[str], said: list[str]) -> bool:
    if ANYTHING in shown:
        at = shown.index(ANYTHING)
        head, tail = shown[:at], shown[at + 1 :]
        starts = range(len(head), len(said) + 1)
        return _line(head, said[:at]) and any(_line(tail, said[start:]) for start in starts)
    return all(_word(one, other) for one, other in zip_longest(shown, said))


def _word(shown: str | None, said: str | None) -> bool:
    if shown is None or said is None:
        return shown is said
    if shown[0].isdigit() and said[0].isdigit() and not STATUS.fullmatch(shown):
        return True
    return shown == said
