"""The nodes of one document as the reader wants them: entries by name, merge keys followed, `${NAME}` replaced."""

from collections.abc import Mapping
from typing import NamedTuple

import yaml

from posthouse.config.document import MERGE, NULL, PLAIN_TAGS, line_of
from posthouse.config.expand import expand
from posthouse.config.problem import Report
from posthouse.config.values import Scalar


class Entry(NamedTuple):
    """One entry of a mapping: the line of its key, and its value."""

    line: int
    node: yaml.Node


class Tree:
    """Answers about nodes; what is wrong with their form goes to the report."""

    def __init__(self, env: Mapping[str, str], report: Report) -> None:
        self._env, self._report = env, report
        self._entries: dict[int, dict[str, Entry]] = {}

    def scalar(self, node: yaml.ScalarNode, path: str) -> Scalar | None:
        """A scalar's text with its references replaced; None, and reported, where one of them leads nowhere."""
        expanded = expand(node.value, self._env)
        if expanded.problem:
            self._report.add(path, expanded.problem)
            return None
        return Scalar(expanded.text, quoted=bool(node.style) and not expanded.changed)

    def nothing(self, node: yaml.Node) -> bool:
        """Whether a node has no value: nothing is there, or text that the environment leaves empty."""
        if not isinstance(node, yaml.ScalarNode):
            return False
        expanded = expand(node.value, self._env)
        return node.tag == NULL or (expanded.text == "" and not expanded.problem)

    def kind(self, node: yaml.Node) -> str:
        """What stands there, for a person to read."""
        if isinstance(node, yaml.MappingNode):
            return "a mapping"
        return "a list" if isinstance(node, yaml.SequenceNode) else "nothing" if self.nothing(node) else "text"

    def is_file(self, node: yaml.Node, path: str) -> bool:
        """Whether it is `{file: PATH}`."""
        return isinstance(node, yaml.MappingNode) and set(self.entries(node, path)) == {"file"}

    def entries(self, node: yaml.Node, path: str) -> dict[str, Entry]:
        """The entries of a mapping by name; what it says itself goes before what it merges (`<<`)."""
        if id(node) in self._entries or not isinstance(node, yaml.MappingNode):
            return self._entries.get(id(node), {})
        self._entries[id(node)] = {}  # a mapping that merges itself adds nothing
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    merged = self._merged(source, path) | merged
            elif (name := self._name(key, path)) is not None:
                if name in own:
                    place = f"{path}.{name}" if path else name
                    self._report.add(place, f"given twice: first on line {own[name].line}", line_of(key))
                else:
                    own[name] = Entry(line_of(key), value)
        self._entries[id(node)] = merged | own
        return self._entries[id(node)]

    def _name(self, key: yaml.Node, path: str) -> str | None:
        """The key of an entry, as it is written: `no` and `123` are names too."""
        scalar = self.scalar(key, path) if isinstance(key, yaml.ScalarNode) and key.tag in PLAIN_TAGS else None
        if scalar is None or not scalar.text:
            self._report.add(path, "expected a name as the key", line_of(key))
            return None
        return scalar.text

    def _merged(self, source: yaml.Node, path: str) -> dict[str, Entry]:
        if not isinstance(source, yaml.MappingNode):
            self._report.add(path, f"expected a mapping to merge (<<), found {self.kind(source)}", line_of(source))
        return self.entries(source, path)
