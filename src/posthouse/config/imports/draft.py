"""What an importer found, and the commented `posthouse.yaml` it becomes."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

WIDTH: Final = 108
"""Columns of a line of comment."""

STORE: Final = "sqlite:///posthouse.db"


class Reference(msgspec.Struct, frozen=True):
    """`${NAME}`: the value stays in the environment, where it was."""

    name: str


class Taken(msgspec.Struct, frozen=True):
    """A secret that stood in the other file in clear, and now stands in this one."""

    text: str

    def __repr__(self) -> str:
        return "Taken(***)"


class Fresh(msgspec.Struct, frozen=True):
    """A new API key, where the other service had none."""

    text: str

    def __repr__(self) -> str:
        return "Fresh(***)"


Value = str | int | float | bool | Reference | Taken | Fresh

Setting = Value | Mapping[str, "Setting"]
"""A value, or what stands in braces."""


class Line(msgspec.Struct, frozen=True):
    """One setting: its name, its value, and why it is so."""

    name: str
    value: Setting
    why: str = ""


class Provider(msgspec.Struct, frozen=True):
    name: str
    lines: tuple[Line, ...] = ()


class Pool(msgspec.Struct, frozen=True):
    """One sending domain. keys: name → key. lines: its settings beside keys and providers."""

    domain: str
    keys: tuple[Line, ...]
    lines: tuple[Line, ...]
    providers: tuple[Provider, ...]


class Draft(msgspec.Struct, frozen=True):
    """Everything an importer found.

    origin: whose configuration it was. notes: what is different here, has no equivalent or needs a person, one
    sentence each, with no secret in it.
    """

    origin: str
    pools: tuple[Pool, ...]
    notes: tuple[str, ...]
    admins: tuple[Line, ...] = ()
    listen: str = "127.0.0.1:8080"

    def values(self) -> Iterator[Value]:
        """Every value that stands in the file."""
        lines = [*self.admins]
        for pool in self.pools:
            lines += [*pool.keys, *pool.lines, *(line for provider in pool.providers for line in provider.lines)]
        for line in lines:
            yield from _values(line.value)


def _values(setting: Setting) -> Iterator[Value]:
    if isinstance(setting, Mapping):
        for inside in setting.values():
            yield from _values(inside)
    else:
        yield setting


def written(draft: Draft) -> str:
    """The draft as the text of a `posthouse.yaml`."""
    lines = [f"# Posthouse, with what stood in the configuration of {draft.origin}.", "#"]
    lines += ["# `posthouse check` tells every mistake in this file, with its line; `posthouse check --online` also"]
    lines += ["# asks the providers whether they know the keys."]
    if draft.notes:
        lines += ["#", "# What is different here, has no equivalent, or needs you:", "#"]
        for note in draft.notes:
            lines += _wrapped(note)
    lines += ["", "http:", f"  listen: {draft.listen}", "", f"store: {STORE}", ""]
    if draft.admins:
        lines += ["admins:", *_aligned(draft.admins, 2), ""]
    lines.append("pools:")
    for pool in draft.pools:
        lines += [f"  {text(pool.domain)}:", "    keys:", *_aligned(pool.keys, 6), *_aligned(pool.lines, 4)]
        lines.append("    providers:")
        for provider in pool.providers:
            lines.append(f"      {text(provider.name)}:" + ("" if provider.lines else " {}"))
            lines += _aligned(provider.lines, 8)
    return "\n".join(lines) + "\n"


def text(value: str) -> str:
    """A scalar that means these very characters: in quotes unless it is plainly a word."""
    if value.replace("_", "").replace("-", "").replace(".", "").isalnum() and value.isascii() and value[0].isalpha():
        return (
            value if value.lower() not in ("yes", "no", "on", "off", "true", "false", "null", "none") else f'"{value}"'
        )
    quoted = json.dumps(value.replace("${", "$${"), ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def _value(value: Setting) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{name}: {_value(each)}" for name, each in value.items()) + "}"
        case Reference(name):
            return f'"${{{name}}}"'
        case Taken(secret) | Fresh(secret):
            return json.dumps(secret.replace("${", "$${"), ensure_ascii=False) if secret.isprintable() else text(secret)
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:.10g}"
        case _:
            return text(value)


def _aligned(lines: tuple[Line, ...], indent: int) -> list[str]:
    """The lines, their comments under each other; a comment that finds no room stands above its line."""
    settings = [f"{' ' * indent}{text(line.name)}: {_value(line.value)}" for line in lines]
    short = [len(setting) for setting, line in zip(settings, lines, strict=True) if line.why and len(setting) < 60]
    column = max(short, default=0) + 2
    found = []
    for setting, line in zip(settings, lines, strict=True):
        if not line.why:
            found.append(setting)
        elif len(setting) < column and column + len(line.why) < WIDTH + 10:
            found.append(f"{setting:<{column}}# {line.why}")
        else:
            found += [f"{' ' * indent}# {line.why}", setting]
    return found


def _wrapped(note: str) -> list[str]:
    """A note as comment lines, after a dash."""
    rows, row = [], ""
    for word in note.split():
        if row and len(row) + 1 + len(word) > WIDTH - 4:
            rows.append(row)
            row = ""
        row = f"{row} {word}" if row else word
    rows.append(row)
    return [f"# {'-' if number == 0 else ' '} {row}" for number, row in enumerate(rows)]
