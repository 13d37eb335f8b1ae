"""YAML text → a tree of nodes that know their lines. JSON is read by the same code, once it is written as YAML has it.

Nothing here decides what a value means: YAML 1.1 would make `no` false, `010` eight and `1:30` ninety. The field that
receives the text decides (posthouse.config.values), so those traps are closed. Tags (`!x`) are refused, anchors,
aliases and merge keys (`<<`) work.
"""

import re
from typing import Final

import msgspec
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

_ONLY_IN_JSON: Final = re.compile(
    r"\\u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|\\."  # any other escape, looked at so that what follows a backslash begins no escape of its own
    rf"|{Reader.NON_PRINTABLE.pattern}|[\x85\u2028\u2029]"  # refused, or folded as the end of a line
)


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


def as_yaml(text: str) -> str:
    """The text of a JSON document, laid out for people, as YAML reads it with the same value.

    ValueError where it is no JSON, also for half a surrogate pair; RecursionError where it is nested without end.
    """
    # Laid out first: YAML wants the colon on the line of its key, JSON does not mind.
    return _ONLY_IN_JSON.sub(_in_yaml, msgspec.json.format(text, indent=2))


def contents(text: str) -> dict[int, int]:
    """Where the scalars of a document begin, by where they end. A node begins before that, at its anchor or its tag."""
    tokens = yaml.scan(text, Loader=_LOADER)
    return {
        token.end_mark.index: token.start_mark.index for token in tokens if isinstance(token, yaml.tokens.ScalarToken)
    }


def line_of(node: yaml.Node) -> int:
    """The line a node starts on, counted from 1."""
    return 1 if node.start_mark is None else int(node.start_mark.line) + 1


def _in_yaml(match: re.Match[str]) -> str:
    if match["high"]:
        return bytes.fromhex(match["high"] + match["low"]).decode("utf-16-be")
    return match[0] if match[0].startswith("\\") else f"\\u{ord(match[0]):04x}"


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
