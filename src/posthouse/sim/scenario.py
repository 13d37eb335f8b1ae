"""A scenario: how many messages in how much time, the pool's policy, and its providers with their troubles.

Read from YAML as the configuration is: every problem at once, each with its path, its line and what was expected.
"""

from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
import yaml
from msgspec import Meta

from posthouse.mail.message import OnUnsure
from posthouse.routing.rules import BreakerRules, Candidate, RetryRules, Rules, ScoreRules, Strategy
from posthouse.sim.model import MadeUp
from posthouse.sim.units import UNITS, Limit, Seconds

MAX_CHARS: Final = 65536


class Breaker(BreakerRules, frozen=True):
    """As in routing."""


class Retry(RetryRules, frozen=True):
    """As in routing."""


class Score(ScoreRules, frozen=True):
    """As in routing."""


class Policy(msgspec.Struct, frozen=True):
    """The pool's policy; what is not said is as routing has it."""

    strategy: Strategy = "priority"
    failover: Annotated[int, Meta(ge=1)] | Literal["all"] = "all"
    on_unsure: OnUnsure = "failover"
    breaker: Breaker = Breaker()
    retry: Retry = Retry()
    scoring: Score = Score()


class Provider(MadeUp, frozen=True, kw_only=True):
    """A made-up provider, and what the pool's operator says of it; order: its place in the file unless said."""

    order: int | None = None
    weight: Annotated[float, Meta(gt=0, le=1)] = 1.0
    score: Annotated[float, Meta(ge=0, le=100)] = 50.0
    rate: Limit | None = None
    concurrency: Annotated[int, Meta(ge=1)] = 128


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What is simulated. about: in a sentence. messages: they arrive evenly over `lasts`.

    watch: the provider whose absence is told; the first unless said.
    """

    about: str = ""
    lasts: Seconds = Seconds(1800)
    messages: Annotated[int, Meta(ge=1, le=10_000_000)] = 18_000
    watch: str = ""
    policy: Policy = Policy()
    providers: Annotated[dict[str, Provider], Meta(min_length=1)]

    @property
    def watched(self) -> str:
        return self.watch or next(iter(self.providers))

    @property
    def rules(self) -> Rules:
        """What routing is told."""
        policy = self.policy
        candidates = tuple(
            Candidate(
                name,
                order=place if provider.order is None else provider.order,
                weight=provider.weight,
                score=provider.score,
                rate=None if provider.rate is None else provider.rate.rate,
                concurrency=provider.concurrency,
            )
            for place, (name, provider) in enumerate(self.providers.items(), start=1)
        )
        return Rules(
            pool="example.com",
            strategy=policy.strategy,
            candidates=candidates,
            breaker=policy.breaker,
            retry=policy.retry,
            failover=None if policy.failover == "all" else policy.failover,
            on_unsure=policy.on_unsure,
            scoring=policy.scoring,
        )

    def arrivals(self, seed: int) -> list[tuple[float, str]]:
        """(seconds from the start, message id) of each message. Another seed gives other ids, so other lots."""
        return [(number * self.lasts / self.messages, f"{seed}-{number}") for number in range(self.messages)]


class Problem(msgspec.Struct, frozen=True, order=True):
    """What is wrong with a scenario: at which line and path, and what was expected there."""

    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'the file'} (line {self.line}): {self.message}"


def read(text: str) -> Scenario | list[Problem]:
    """The scenario in a YAML text, or all its problems in the order of their lines."""
    if len(text) > MAX_CHARS:
        return [Problem(1, "", f"expected at most {MAX_CHARS} characters")]
    reader, data = _Reader(), None
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is not None:
            reader.note(root, "")
            data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return [Problem(1 if mark is None else mark.line + 1, "", f"not valid YAML: {error.problem}")]
    except (yaml.YAMLError, RecursionError, ValueError):
        return [Problem(1, "", "not valid YAML")]
    scenario = reader.part(Scenario, data, "")
    if not reader.problems:
        reader.examine(scenario)
    return sorted(set(reader.problems)) or scenario


class _Reader:
    """One walk along the structs above. A value that cannot be read is reported and left at its default."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._lines: dict[str, int] = {}

    def note(self, node: yaml.Node, path: str) -> None:
        """Note on which line each setting stands."""
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.note(item, f"{path}[{number}]")
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = _join(path, str(key.value))
                if place in self._lines and self._lines[place] < key.start_mark.line + 1:
                    self._bad(place, "given twice", key.start_mark.line + 1)
                self._lines.setdefault(place, key.start_mark.line + 1)
                self.note(value, place)

    def part(self, kind: type[msgspec.Struct], data: Any, path: str) -> Any:
        """A mapping, read into a struct; None where it is none, or lacks what is required."""
        if not isinstance(data, dict):
            return self._bad(path, "expected a mapping")
        fields = {info.encode_name: info for info in msgspec.structs.fields(kind)}
        for name in data.keys() - fields.keys():
            self._bad(_join(path, str(name)), "unknown setting: expected " + _one_of(sorted(fields)))
        known: dict[str, Any] = {}
        for name, info in fields.items():
            found = self._value(info.type, data[name], _join(path, name)) if name in data else None
            if found is not None:
                known[info.name] = found
            elif info.required:
                if name not in data:
                    self._bad(path, f"{name} is required")
                return None
        return kind(**known)

    def examine(self, scenario: Scenario) -> None:
        """What no single setting shows."""
        if scenario.watch and scenario.watch not in scenario.providers:
            self._bad("watch", "expected the name of a provider: " + _one_of(list(scenario.providers)))
        for name, provider in scenario.providers.items():
            for number, spell in enumerate(provider.spells):
                place = f"providers.{name}.spells[{number}]"
                if spell.starts >= spell.ends:
                    self._bad(place, "expected `from` before `until`")
                if spell.fails + spell.hangs + spell.loses > 1:
                    self._bad(place, "expected fails, hangs and loses to be 100% together at most")

    def _value(self, hint: Any, data: Any, path: str) -> Any:
        """A value of the type `hint`; None, and reported, where it is not one."""
        inner = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            return self.part(inner, data, path)
        if get_origin(inner) is tuple:
            if not isinstance(data, list):
                return self._bad(path, "expected a list")
            kind = get_args(inner)[0]
            parts = [self.part(kind, item, f"{path}[{number}]") for number, item in enumerate(data)]
            return tuple(part for part in parts if part is not None)
        if get_origin(inner) is dict:
            if not isinstance(data, dict) or not data:
                return self._bad(path, "expected a mapping with one entry at least")
            kind = get_args(inner)[1]
            named = {
                str(name): self.part(kind, {} if item is None else item, _join(path, str(name)))
                for name, item in data.items()
            }
            return {name: part for name, part in named.items() if part is not None}
        try:
            return msgspec.convert(data, hint, dec_hook=lambda unit, value: UNITS[unit](value))
        except msgspec.ValidationError as error:
            choices = [str(choice) for kind in (inner, *get_args(inner)) for choice in _choices(kind)]
            if choices:
                number = ["a whole number"] if get_origin(inner) is not Literal else []
                return self._bad(path, "expected " + _one_of(number + choices))
            text = str(error)
            return self._bad(path, text[:1].lower() + text[1:])

    def _bad(self, path: str, message: str, line: int | None = None) -> None:
        self.problems.append(Problem(line or self._line(path), path, message))

    def _line(self, path: str) -> int:
        """The line of a setting, or of the nearest thing around it that is in the file."""
        while path and path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._lines.get(path, 1)


def _choices(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _one_of(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
