"""Reads the labels a sender wants back: tags and metadata."""

import re
from typing import Final

from posthouse.mail.limits import Limits
from posthouse.mail.problem import Flaw, Problem
from posthouse.mail.text import as_field, line_flaw

_TAGS: Final = Flaw("field-type", "Expected a list of strings.")
_METADATA: Final = Flaw("field-type", "Expected an object of strings.")
_METADATA_VALUE: Final = Flaw("field-type", "Expected a string.")
_name = re.compile(r"[A-Za-z0-9_.-]+").fullmatch


def read_tags(value: object, limits: Limits, problems: list[Problem]) -> tuple[str, ...]:
    """Each tag once, in the order given. One string is one tag: forms have no lists of one."""
    tags = [value] if isinstance(value, str) else value
    if not isinstance(tags, list | tuple):
        problems.append(_TAGS.at("tags"))
        return ()
    if len(tags) > limits.tags:
        problems.append(Flaw("tags-too-many", f"Expected at most {limits.tags} tags.").at("tags"))
        return ()
    kept: dict[str, None] = {}
    for i, tag in enumerate(tags):
        if flaw := _tag_flaw(tag, limits):
            problems.append(flaw.at(f"tags[{i}]"))
        else:
            kept[tag] = None
    return tuple(kept)


def read_metadata(value: object, limits: Limits, problems: list[Problem]) -> tuple[tuple[str, str], ...]:
    """Keys and values, in the order given."""
    if not isinstance(value, dict):
        problems.append(_METADATA.at("metadata"))
        return ()
    if len(value) > limits.metadata:
        problems.append(Flaw("metadata-too-many", f"Expected at most {limits.metadata} entries.").at("metadata"))
        return ()
    kept = []
    for key, text in value.items():
        if flaw := _key_flaw(key, limits) or _value_flaw(text, limits):
            problems.append(flaw.at(f"metadata.{as_field(str(key))}"))
        else:
            kept.append((key, text))
    return tuple(kept)


def _tag_flaw(tag: object, limits: Limits) -> Flaw | None:
    if not isinstance(tag, str):
        return _TAGS
    if flaw := line_flaw(tag):
        return flaw
    if not tag.strip() or len(tag) > limits.tag:
        return Flaw("tag-invalid", f"Expected 1 to {limits.tag} characters that are not all spaces.")
    return None


def _key_flaw(key: object, limits: Limits) -> Flaw | None:
    if isinstance(key, str) and len(key) <= limits.metadata_key and _name(key):
        return None
    return Flaw(
        "metadata-key",
        f"Expected a key of 1 to {limits.metadata_key} letters, digits, dots, hyphens and underscores.",
    )


def _value_flaw(value: object, limits: Limits) -> Flaw | None:
    if not isinstance(value, str):
        return _METADATA_VALUE
    if flaw := line_flaw(value):
        return flaw
    if len(value) > limits.metadata_value:
        return Flaw("metadata-value", f"Expected at most {limits.metadata_value} characters.")
    return None
