"""YAML text → Config, or every problem in it.

A walk through the tree of nodes along the structs of `schema`: each field's type says what is expected. What cannot be
read is reported and left at its default, so that the rest is still looked at; a Config is only handed out when nothing
was reported. A key without a value (`smtp:`), and a value that the environment leaves empty, count as not written.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
import yaml
from msgspec.structs import FieldInfo, replace

from posthouse.config.consistency import examine
from posthouse.config.document import PLAIN_TAGS, compose, line_of
from posthouse.config.part import Named
from posthouse.config.pool import Key, Pool, ProviderEntry
from posthouse.config.problem import Problem, Report
from posthouse.config.schema import Admin, Config
from posthouse.config.shape import (
    Shape,
    expected,
    is_dict,
    is_list,
    is_part,
    is_scalar,
    leaf,
    nearest,
    shape,
    within,
    written,
)
from posthouse.config.tree import Entry, Tree
from posthouse.config.values import Digest, Scalar, url
from posthouse.mail.problem import Flaw
from posthouse.providers.base import Spec

BAD: Final = object()
"""In place of a value that could not be read; the reason is in the report."""

SECRET_FILE_MAX: Final = 64 * 1024


def read(
    text: str,
    env: Mapping[str, str],
    specs: Mapping[str, Spec],
    now: float,
    mode: Literal["file", "environment", "development"] = "file",
) -> Config | list[Problem]:
    """The configuration in a YAML text, or all its problems in the order of their lines.

    env: where `${NAME}` comes from. specs: the providers there are. now: seconds since the epoch, for keys that expire.
    Opens the files named in it (`{file: PATH}`, certificates) and nothing else. Never raises for what the text holds.
    """
    root = compose(text)
    if isinstance(root, Problem):
        return [root]
    report = Report()
    config = _Reader(env, specs, report).part(Config, root, "", mode=mode)
    if config is not BAD:
        examine(config, report, now)
    if report.problems:
        return sorted(set(report.problems), key=lambda problem: (problem.line or 0, problem.path, problem.message))
    found: Config = replace(config, warnings=tuple(report.warnings))
    return found


class _Reader:
    """One walk. Every method takes a node and its path, and answers with a value or BAD."""

    def __init__(self, env: Mapping[str, str], specs: Mapping[str, Spec], report: Report) -> None:
        self.tree, self.specs, self.report = Tree(env, report), specs, report

    def value(self, hint: Any, node: yaml.Node, path: str) -> Any:
        """A value of the type `hint`, within its bounds."""
        form = shape(hint)
        found = self._unbounded(form, node, path)
        if found is BAD or within(found, form.bounds) or not self.report.clean(path):
            return found
        return self._wrong(form, path)

    def _unbounded(self, form: Shape, node: yaml.Node, path: str) -> Any:
        if node.tag not in PLAIN_TAGS:
            return self._bad(path, "expected a value without a YAML tag (!…)")
        nothing = self.tree.nothing(node)
        if isinstance(node, yaml.SequenceNode):
            if option := form.first(is_list):
                return self._items(option, node, path)
        elif isinstance(node, yaml.MappingNode) or (nothing and not form.first(is_scalar)):
            if form.secret and self.tree.is_file(node, path):
                return self._from_file(form, node, path)
            if option := form.first(is_dict):
                return self._named_parts(option, node, path)
            if option := form.first(is_part):
                return self.part(option, node, path)
        elif isinstance(node, yaml.ScalarNode) and form.first(is_scalar) and not nothing:
            return self._scalar(form, node, path)
        return self._wrong(form, path, node)

    def _scalar(self, form: Shape, node: yaml.ScalarNode, path: str) -> Any:
        scalar = self.tree.scalar(node, path)
        return BAD if scalar is None else self._parsed(form, scalar, path)

    def _parsed(self, form: Shape, scalar: Scalar, path: str) -> Any:
        found = None
        for option in filter(is_scalar, form.options):
            found = leaf(option).parse(scalar)
            if found is not None and not isinstance(found, Flaw):
                return found
        return self._bad(path, _as_clause(found)) if isinstance(found, Flaw) else self._wrong(form, path)

    def _from_file(self, form: Shape, node: yaml.Node, path: str) -> Any:
        """A secret given as `{file: PATH}`."""
        place = self.value(str, self.tree.entries(node, path)["file"].node, path)
        if place is BAD:
            return BAD
        try:
            with Path(place).open("rb") as file:
                text = file.read(SECRET_FILE_MAX + 1).decode() if Path(place).is_file() else ""
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "not text in UTF-8"
            return self._bad(path, f"the secret's file cannot be read: {why}")
        text = text.rstrip("\r\n")
        if not text or len(text) > SECRET_FILE_MAX:
            return self._bad(path, f"expected a file that holds the secret, of at most {SECRET_FILE_MAX} bytes")
        return self._parsed(form, Scalar(text), path)

    def _items(self, option: Any, node: yaml.Node, path: str) -> Any:
        """A list; an item that cannot be read is left out."""
        found = []
        for number, item in enumerate(node.value):
            place = f"{path}[{number}]"
            self.report.stands(place, line_of(item), given=True)
            found.append(self.value(get_args(option)[0], item, place))
        return get_origin(option)(item for item in found if item is not BAD)

    def _named_parts(self, option: Any, node: yaml.Node, path: str) -> Any:
        """A mapping whose keys are names: of structs, which are told their name, or of plain values."""
        name_kind, kind = get_args(option)
        found: dict[Any, Any] = {}
        for written_name, entry in self.tree.entries(node, path).items():
            place = _join(path, written_name)
            self.report.stands(place, entry.line, given=True)
            name = self._parsed(shape(name_kind), Scalar(written_name), place)
            if name is not BAD:
                place = _join(path, name)
                self.report.stands(place, entry.line, given=True)
            if name is not BAD and name in found:
                self.report.add(place, "given twice: it is the same name as one above", entry.line)
            elif isinstance(kind, type) and issubclass(kind, Named):
                found[name] = self._named(kind, entry.node, place, name)
            else:
                found[name] = self.value(kind, entry.node, place)
        return {name: part for name, part in found.items() if name is not BAD and part is not BAD}

    def _named(self, kind: type[Named], node: yaml.Node, path: str, name: Any) -> Any:
        if kind in (Admin, Key) and (not isinstance(node, yaml.MappingNode) or self.tree.is_file(node, path)):
            digest = self.value(Digest, node, path)
            return BAD if digest is BAD else kind(name=name, digest=digest)
        if kind is ProviderEntry:
            return self._provider(node, path, name)
        part = self.part(kind, node, path, name=name)
        return self._shared_out(part, path) if kind is Pool and part is not BAD else part

    def part(self, kind: type[msgspec.Struct], node: yaml.Node, path: str, **known: Any) -> Any:
        """A mapping, read into a struct."""
        if not isinstance(node, yaml.MappingNode) and not self.tree.nothing(node):
            return self._bad(path, f"expected a mapping, found {self.tree.kind(node)}")
        entries = self.tree.entries(node, path)
        self._refuse_unknown(entries, written(kind), path)
        return kind(**self._fields(written(kind), entries, path), **known)

    def _provider(self, node: yaml.Node, path: str, name: str) -> Any:
        """A provider's entry: the fields every provider has, and the settings of its type beside them."""
        if not isinstance(node, yaml.MappingNode) and not self.tree.nothing(node):
            self.report.add(path, f"expected a mapping, found {self.tree.kind(node)}")
            return ProviderEntry(name=name)  # a class may name it, and be right
        entries = self.tree.entries(node, path)
        common = self._fields(written(ProviderEntry), entries, path)
        common["type"] = kind = common.get("type") or name
        spec = self.specs.get(kind)
        if spec is None:
            if self.report.clean(f"{path}.type"):
                place = f"{path}.type" if self.report.given(f"{path}.type") else path
                self.report.add(place, f"not the type of a provider: {nearest(str(kind), self.specs)}")
            return ProviderEntry(name=name, **common)
        self._refuse_unknown(entries, written(ProviderEntry) + written(spec.settings), path)
        settings = self._fields(written(spec.settings), entries, path)
        self._base_url(settings.get("base_url"), spec, f"{path}.base_url")
        if self.report.clean(path):
            common["settings"] = self._settings(spec, settings, path)
        return ProviderEntry(name=name, **common)

    def _base_url(self, given: str | None, spec: Spec, path: str) -> None:
        """Judged whatever else is wrong with the provider: who mends that would be told of this only then."""
        try:
            _check_base_url(given, spec)
        except ValueError as error:
            self.report.add(path, str(error).removeprefix("base_url: "))

    def _settings(self, spec: Spec, values: dict[str, Any], path: str) -> Any:
        """A provider's settings, which may have rules of their own: ValueError("field: what was expected")."""
        try:
            return spec.settings(**values)
        except ValueError as error:
            names, _, message = str(error).partition(": ")
            first, *others = names.split(", ")
            if first not in {info.encode_name for info in written(spec.settings)}:
                return self._bad(path, str(error))
            return self._bad(_join(path, first), str(error) if others else message)

    def _shared_out(self, pool: Pool, path: str) -> Pool:
        """The defaults that depend on the other providers: order from the place in the file, equal weights."""
        weighed = any(self.report.given(f"{path}.providers.{name}.weight") for name in pool.providers)
        providers = {}
        for place, (name, entry) in enumerate(pool.providers.items(), start=1):
            ordered = self.report.given(f"{path}.providers.{name}.order")
            given = self.report.given(f"{path}.providers.{name}.weight")
            weight = entry.weight if given else 0.0 if weighed else 1.0 / len(pool.providers)
            providers[name] = replace(entry, order=entry.order if ordered else place, weight=weight)
        return replace(pool, providers=providers)

    def _fields(self, infos: tuple[FieldInfo, ...], entries: Mapping[str, Entry], path: str) -> dict[str, Any]:
        """The fields of a struct that have a value; a required one that has none is there as None, and reported."""
        values: dict[str, Any] = {}
        for info in infos:
            place = _join(path, info.encode_name)
            if entry := entries.get(info.encode_name):
                given = not self.tree.nothing(entry.node)
                self.report.stands(place, entry.line, given=given)
                found = self.value(info.type, entry.node, place) if given else BAD
                if found is not BAD:
                    values[info.name] = found
            if info.required and not self.report.given(place):
                self.report.add(place, f"required: expected {expected(shape(info.type))}")
            if info.required:
                values.setdefault(info.name, {} if shape(info.type).first(is_dict) else None)
        return values

    def _refuse_unknown(self, entries: Mapping[str, Entry], infos: tuple[FieldInfo, ...], path: str) -> None:
        known = [info.encode_name for info in infos]
        for name in entries.keys() - known:
            self.report.add(_join(path, name), f"unknown setting: {nearest(name, known)}", entries[name].line)

    def _wrong(self, form: Shape, path: str, node: yaml.Node | None = None) -> Any:
        found = f", found {self.tree.kind(node)}" if node is not None else ""
        return self._bad(path, f"expected {expected(form)}{found}")

    def _bad(self, path: str, message: str) -> Any:
        self.report.add(path, message)
        return BAD


def _check_base_url(base_url: str | None, spec: Spec) -> None:
    """ValueError unless all calls may go there. The one provider that speaks SMTP judges its address itself."""
    if base_url is None or spec.name == "smtp":
        return
    if url(Scalar(base_url)) is None:
        raise ValueError(
            "base_url: expected a URL such as https://mail.example.com (only the type smtp takes smtp:// and smtps://)"
        )
    from posthouse.providers.http import check_address  # its client is heavy to import, and few set a base_url

    check_address(base_url)


def _as_clause(flaw: Flaw) -> str:
    return flaw.message[:1].lower() + flaw.message[1:].rstrip(".")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
