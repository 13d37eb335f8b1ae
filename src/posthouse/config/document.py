"""YAML text → a tree of nodes that know their lines. JSON is YAML, so it is read by the same code.

Nothing here decides what a value means: YAML 1.1 would make `no` false, `010` eight and `1:30` ninety. The field that
receives the text decides (posthouse.config.values), so those traps are closed. Tags (`!x`) are refused, anchors,
aliases and merge keys (`<<`) work.
"""

from typing import Final

import yaml
from yaml.reader import Reader

from posthouse.config.problem import Problem

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32
"""libyaml's composer recurses in C: without a bound, a file of brackets ends the process."""

NULL: Final = "tag:yaml.org,2002:null"
MERGE: Final = "tag:yaml.org,2002:merge"
PLAIN_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value", "seq", "map")
)

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str) -> yaml.Node | Problem:
    """The root node of the one document in `text`, or why there is none."""
    if unprintable := Reader.NON_PRINTABLE.search(text):
        return Problem("", text.count("\n", 0, unprintable.start()) + 1, "a character that YAML does not allow")
    if len(text) > MAX_BYTES:
        return Problem("", 1, f"expected at most {MAX_BYTES} bytes")
    try:
        if deep := _deep(text):
            return Problem("", deep, f"expected at most {MAX_DEPTH} levels of nesting")
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        return _syntax(error, text)
    if root is None:
        return Problem("", 1, "the file is empty: expected at least `pools:`")
    return root


def line_of(node: yaml.Node) -> int:
    """The line a node starts on, counted from 1."""
    return 1 if node.start_mark is None else int(node.start_mark.line) + 1


def _deep(text: str) -> int | None:
    """The line where the nesting passes the bound. Events are read without recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return 1 if event.start_mark is None else int(event.start_mark.line) + 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def _syntax(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark, start = error.problem_mark or error.context_mark, error.context_mark
    line = 1 if mark is None else int(mark.line) + 1
    what = error.problem or "cannot be read"
    if isinstance(error, yaml.composer.ComposerError):
        # The library may quote the alias, and somebody's secret may begin with an asterisk.
        what = "expected one document" if "document" in what else what.partition(" '")[0]
    elif error.context and start is not None and int(start.line) + 1 != line:
        what += f", {error.context} that starts on line {int(start.line) + 1}"
    lines = text.splitlines()
    if line <= len(lines) and "${" in lines[line - 1]:
        what += "; inside { } or [ ] a ${NAME} must stand in double quotes"
    return Problem("", line, f"not valid YAML: {what}")
