"""The text of another service's configuration, as plain values: mappings, lists and scalars."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from posthouse.config.document import MAX_BYTES, NULL, compose
from posthouse.config.problem import Problem


class Unreadable(Exception):
    """The configuration cannot be read or is nobody's we know; the text says why and repeats nothing of it."""


def plain(text: str) -> dict[str, Any]:
    """The mapping in a text of JSON or YAML. YAML's scalars are text, whatever they look like; aliases are followed."""
    if len(text) > MAX_BYTES:
        raise Unreadable(f"expected at most {MAX_BYTES} bytes")
    found = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    if not isinstance(found, dict):
        raise Unreadable("expected a mapping")
    return found


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate is no text
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}: not JSON: {error.msg}") from None
    except (UnicodeEncodeError, RecursionError, ValueError):
        raise Unreadable("not JSON that can be read") from None
    return found


def _yaml(text: str) -> Any:
    root = compose(text)
    if isinstance(root, Problem):
        raise Unreadable(f"line {root.line}: {root.message}")
    return _value(root, ())


def _value(node: yaml.Node, around: tuple[int, ...]) -> Any:
    if id(node) in around:
        raise Unreadable("a value that contains itself")
    inside = (*around, id(node))
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _value(value, inside) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, inside) for each in node.value]
    return None if node.tag == NULL else str(node.value)


def mapping(value: Any, place: str) -> Mapping[str, Any]:
    """A mapping, empty where there is nothing. Unreadable, with its place, where something else stands there."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{place}: expected a mapping")
    return value


def listing(value: Any, place: str) -> list[Any]:
    """A list, empty where there is nothing. Unreadable, with its place, where something else stands there."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{place}: expected a list")
    return value


def word(value: Any) -> str:
    """A scalar as text; empty where there is none."""
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def amount(value: Any, place: str) -> float | None:
    """A number, None where there is nothing. Unreadable, with its place, where it is none."""
    if value is None:
        return None
    try:
        return float(word(value))
    except ValueError:
        raise Unreadable(f"{place}: expected a number") from None


def truth(value: Any, *, unless_said: bool) -> bool:
    """Yes or no, as JSON and YAML write it."""
    return unless_said if value is None else word(value).lower() in ("true", "yes", "on", "1")
