"""The configuration as it may be shown: what it says, with its secrets hidden, and the way back.

A walk along the structs of `schema`, as the reader's: the type of a field says whether a secret stands there, and
whether what was written is a number or text. So text keeps `no`, `0123` and `1e3`, and what was shown is read as the
same configuration when it comes back. What no field expects is hidden too: a secret under a mistyped name is one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, get_args

import msgspec
import yaml
from msgspec.structs import FieldInfo

from posthouse.config.document import NULL, PLAIN_TAGS, as_yaml, compose, contents
from posthouse.config.pool import Key, ProviderEntry
from posthouse.config.problem import Problem, Report
from posthouse.config.schema import Admin, Config
from posthouse.config.shape import Shape, is_dict, is_list, is_part, is_scalar, leaf, shape, written
from posthouse.config.tree import Tree
from posthouse.config.values import Digest, Scalar, Store, whole
from posthouse.mail.problem import Flaw
from posthouse.providers.base import Spec

MASK: Final = "********"
"""Stands for a secret. Sent back in its place it means: as it was."""

_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
"""A reference without a default: a default may be the secret itself."""

_BREAKS: Final = "\r\n\x85\u2028\u2029"
"""What ends a line in YAML."""

_USER: Final = re.compile(r"(?<=://).*@", re.DOTALL)
"""Who signs in by a URL, and with what. Up to the last `@`: a password may hold others."""


def masked(text: str, specs: Mapping[str, Spec]) -> Any:
    """The document in the text of a configuration, as JSON has it. References and paths of files stay as they stand."""
    root = compose(text)
    return MASK if isinstance(root, Problem) else _Shown(specs).value(Config, root)


def restored(sent: str, text: str) -> str | list[Problem]:
    """What was sent, with the secrets of the configuration in `text` where it has masks; all else is as it was sent.

    A problem for each mask where there was nothing. What is no YAML comes back as it is: its reader says why.
    """
    sent = sent.lstrip("\ufeff")  # the places of nodes are counted without it
    root, before = compose(sent), compose(text)
    if isinstance(root, Problem):
        return sent
    was = None if isinstance(before, Problem) else before
    masks = sorted(_masks(_AsWritten(), root, was, "", set()), key=lambda mask: mask.end)
    if lost := [mask.path for mask in masks if mask.secret is None]:
        return [Problem(path, None, "expected the secret itself: there was none here before") for path in lost]
    starts = contents(sent) if masks else {}
    parts, done = [], 0
    for mask in masks:
        start = starts[mask.end]
        parts += [sent[done:start], _in_place(sent[start : mask.end], mask.secret)]
        done = mask.end
    return "".join([*parts, sent[done:]])


def _in_place(written: str, secret: str | None) -> str:
    """A secret in place of a scalar as written. Of a block the comment in its head and the end of its lines stay."""
    quoted = as_yaml(msgspec.json.encode(secret).decode())
    if not written.startswith(("|", ">")):
        return quoted
    head = written.splitlines()[0]
    return quoted + head.lstrip("|>+-0123456789") + written[len(written.rstrip(_BREAKS)) :]


class _AsWritten(Tree):
    """Names and text as they stand, references and all."""

    def __init__(self) -> None:
        super().__init__({}, Report())

    def scalar(self, node: yaml.ScalarNode, path: str) -> Scalar:
        return Scalar(node.value, quoted=bool(node.style))


class _Shown:
    """One walk. Every method takes a node, and answers with what is shown of it."""

    def __init__(self, specs: Mapping[str, Spec]) -> None:
        self.specs, self.tree = specs, _AsWritten()

    def value(self, hint: Any, node: yaml.Node) -> Any:
        form = shape(hint)
        if node.tag == NULL or node.tag not in PLAIN_TAGS:
            return None if node.tag == NULL else MASK
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(form, self.tree.scalar(node, ""))
        if form.secret:
            return {"file": self._below(node)["file"].value} if self._is_file(node) else MASK
        if isinstance(node, yaml.SequenceNode):
            option = form.first(is_list)
            return [self.value(get_args(option)[0], item) for item in node.value] if option else MASK
        if option := form.first(is_dict):
            kind = get_args(option)[1]
            return {name: self._named(kind, below, name) for name, below in self._below(node).items()}
        return self._part(written(option), node) if (option := form.first(is_part)) else MASK

    def _scalar(self, form: Shape, scalar: Scalar) -> Any:
        if form.secret:
            path = Store in form.options and scalar.text.startswith("sqlite:///")
            return scalar.text if path or _VARIABLE.fullmatch(scalar.text) else MASK
        if not form.first(is_scalar):
            return MASK
        for option in filter(is_scalar, form.options):
            found = leaf(option).parse(scalar)
            if found is None or isinstance(found, Flaw):
                continue
            if option is bool:
                return found
            if option in (int, float):
                exact = whole(scalar)
                return found if exact is None else exact
            break  # text goes before what comes after it
        return _USER.sub(f"{MASK}@", scalar.text)

    def _named(self, kind: Any, node: yaml.Node, name: str) -> Any:
        if kind in (Admin, Key) and (not isinstance(node, yaml.MappingNode) or self._is_file(node)):
            return self.value(Digest, node)
        if kind is ProviderEntry and isinstance(node, yaml.MappingNode):
            return self._part(written(ProviderEntry) + self._settings(node, name), node)
        return self.value(kind, node)

    def _settings(self, node: yaml.Node, name: str) -> tuple[FieldInfo, ...]:
        """What its type takes; where that is not known here, what any does, and secret if it is for one of them."""
        said = self._below(node).get("type")
        spec = self.specs.get(name if said is None or said.tag == NULL else said.value)
        found = (info for each in ([spec] if spec else self.specs.values()) for info in written(each.settings))
        return tuple(sorted(found, key=lambda info: shape(info.type).secret))

    def _part(self, infos: tuple[FieldInfo, ...], node: yaml.Node) -> dict[str, Any]:
        kinds = {info.encode_name: info.type for info in infos}
        return {
            name: self.value(kinds[name], below) if name in kinds else MASK for name, below in self._below(node).items()
        }

    def _below(self, node: yaml.Node) -> dict[str, Any]:
        return {name: entry.node for name, entry in self.tree.entries(node, "").items()}

    def _is_file(self, node: yaml.Node) -> bool:
        return self.tree.is_file(node, "") and isinstance(self._below(node)["file"], yaml.ScalarNode)


class _Mask(NamedTuple):
    """A value that is masked: where it ends in the text, and what it was; None where there was nothing."""

    end: int
    path: str
    secret: str | None


def _masks(tree: Tree, node: yaml.Node, was: yaml.Node | None, path: str, seen: set[int]) -> Iterator[_Mask]:
    """The masks in a node, beside what stood at the same place before. What aliases repeat is looked at once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        entries = {} if was is None else tree.entries(was, "")
        for name, entry in tree.entries(node, "").items():
            place = f"{path}.{name}" if path else name
            yield from _masks(tree, entry.node, entries[name].node if name in entries else None, place, seen)
    elif isinstance(node, yaml.SequenceNode):
        items = was.value if isinstance(was, yaml.SequenceNode) else []
        for number, item in enumerate(node.value):
            before = items[number] if number < len(items) else None
            yield from _masks(tree, item, before, f"{path}[{number}]", seen)
    elif _is_mask(node.value) or f"://{MASK}@" in node.value:
        yield _Mask(node.end_mark.index, path, _unmasked(node.value, was))


def _is_mask(text: str) -> bool:
    return text.rstrip(_BREAKS) == MASK  # a block keeps the end of its last line


def _unmasked(shown: str, was: yaml.Node | None) -> str | None:
    """What a masked text was, whole or in the part that is hidden of a URL."""
    if not isinstance(was, yaml.ScalarNode) or was.tag == NULL:
        return None
    if _is_mask(shown):
        return str(was.value)
    user = _USER.search(was.value)
    return shown.replace(f"{MASK}@", user[0], 1) if user else None
