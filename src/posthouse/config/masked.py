"""The configuration file as it may be shown: what it says, with its secrets hidden, and the way back."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import yaml

from posthouse.config.problem import Problem
from posthouse.config.shape import shape
from posthouse.providers.base import Spec

MASK: Final = "********"
"""Stands for a secret. Sent back in its place it means: as it was."""

_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
"""A reference without a default: a default may be the secret itself."""

Path = tuple[str, ...]


def masked(text: str, specs: Mapping[str, Spec]) -> Any:
    """The document in a file that has no problem: mappings, lists and plain values. References stay as they stand."""
    secret = secrecy(specs)
    return _each(yaml.safe_load(text), (), lambda path, value: MASK if secret(path) and _bare(value) else value)


def restored(document: Any, text: str) -> Any | list[Problem]:
    """A document with the secrets of the file in `text` where it has masks; a problem for each mask without one."""
    before, problems = yaml.safe_load(text), list[Problem]()

    def unmasked(path: Path, value: Any) -> Any:
        if value != MASK:
            return value
        found = _at(before, path)
        if isinstance(found, str):
            return found
        problems.append(Problem(".".join(path), None, "expected the secret itself: there was none here before"))
        return value

    whole = _each(document, (), unmasked)
    return problems or whole


def secrecy(specs: Mapping[str, Spec]) -> Callable[[Path], bool]:
    """Whether what stands at a path of the file is a secret: keys, the store's URL, a provider's secret settings."""
    names = {
        field.encode_name
        for spec in specs.values()
        for field in msgspec.structs.fields(spec.settings)
        if shape(field.type).secret
    }

    def secret(path: Path) -> bool:
        match path:
            case ("store",) | ("admins", _) | ("admins", _, "key"):
                return True
            case ("pools", _, "keys", _) | ("pools", _, "keys", _, "key"):
                return True
            case ("pools", _, "providers", _, name):
                return name in names
            case _:
                return False

    return secret


def _bare(value: Any) -> bool:
    """Whether a secret stands there itself, not the name of the variable that holds it. A path to a store is none."""
    if not isinstance(value, str) or _VARIABLE.fullmatch(value):
        return False
    return not value.startswith("sqlite:")


def _each(value: Any, path: Path, change: Callable[[Path, Any], Any]) -> Any:
    """The same tree with every leaf changed."""
    if isinstance(value, dict):
        return {str(name): _each(below, (*path, str(name)), change) for name, below in value.items()}
    if isinstance(value, list):
        return [_each(below, (*path, str(place)), change) for place, below in enumerate(value)]
    return change(path, value)


def _at(tree: Any, path: Path) -> Any:
    for name in path:
        tree = {str(key): below for key, below in tree.items()}.get(name) if isinstance(tree, dict) else None
    return tree
