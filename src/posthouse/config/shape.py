"""What a field's type asks for: which kinds of value, within which bounds, and how to say so to a person."""

import re
import types
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from posthouse.config.values import LEAVES, SECRET, Leaf, Scalar

LISTS: Final = (tuple, list, frozenset, set)


class Shape(msgspec.Struct, frozen=True):
    """A type taken apart.

    options: the kinds of value it takes, without None: a type, or the Leaf that an annotation carries.
    bounds: of numbers, lengths and text.
    """

    options: tuple[Any, ...]
    bounds: tuple[msgspec.Meta, ...]

    @property
    def secret(self) -> bool:
        """Whether the value may also be given as `{file: PATH}`."""
        return any(option in SECRET for option in self.options)

    @property
    def description(self) -> str:
        return next((meta.description for meta in self.bounds if meta.description), "")

    def first(self, test: Callable[[Any], bool]) -> Any:
        """The first option that passes the test, or None."""
        return next((option for option in self.options if test(option)), None)


@cache
def shape(hint: Any) -> Shape:
    """The parts of a type: `Annotated[int | None, Meta(ge=1)]` takes whole numbers, within one bound."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *extra = get_args(hint)
        kinds = tuple(each for each in extra if isinstance(each, Leaf))
        within = Shape(kinds, ()) if kinds else shape(inner)
        return Shape(within.options, tuple(m for m in extra if isinstance(m, msgspec.Meta)) + within.bounds)
    if origin in (Union, types.UnionType):
        members = [shape(member) for member in get_args(hint) if member is not type(None)]
        return Shape(
            tuple(option for member in members for option in member.options),
            tuple(bound for member in members for bound in member.bounds),
        )
    return Shape((hint,), ())


@cache
def written(part: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """The fields of a struct that stand in the file."""
    return tuple(
        info
        for info in msgspec.structs.fields(part)
        if not any((meta.extra or {}).get("unwritten") for meta in shape(info.type).bounds)
    )


def is_part(option: Any) -> bool:
    """Whether a mapping of the file is read into this struct (some leaves are structs too)."""
    return isinstance(option, type) and issubclass(option, msgspec.Struct) and option not in LEAVES


def is_list(option: Any) -> bool:
    return get_origin(option) in LISTS


def is_dict(option: Any) -> bool:
    return get_origin(option) is dict


def is_scalar(option: Any) -> bool:
    return not (is_dict(option) or is_list(option) or is_part(option))


def leaf(option: Any) -> Leaf:
    """How a scalar is read as this kind of value."""
    if isinstance(option, Leaf):
        return option
    if known := LEAVES.get(option):
        return known
    if get_origin(option) is Literal:
        choices = {str(choice): choice for choice in get_args(option)}
        return Leaf(alternatives(choices), lambda scalar: choices.get(scalar.text))
    return Leaf(f"a value of type {getattr(option, '__name__', option)}", lambda scalar: _converted(scalar, option))


def _converted(scalar: Scalar, option: Any) -> Any:
    """A type that only a third party's provider knows: an enumeration, a UUID, a decimal number."""
    try:
        return msgspec.convert(scalar.text, option, strict=False)
    except (msgspec.ValidationError, TypeError):
        return None


def within(value: Any, bounds: Iterable[msgspec.Meta]) -> bool:
    """Whether a value keeps every bound that applies to its kind."""
    return all(_keeps(value, bound) for bound in bounds)


def _keeps(value: Any, bound: msgspec.Meta) -> bool:
    if isinstance(value, int | float):
        return (
            (bound.ge is None or value >= bound.ge)
            and (bound.gt is None or value > bound.gt)
            and (bound.le is None or value <= bound.le)
            and (bound.lt is None or value < bound.lt)
        )
    if isinstance(value, str | tuple | list | frozenset | set | dict):
        if isinstance(value, str) and bound.pattern and not re.search(bound.pattern, value):
            return False
        return (bound.min_length or 0) <= len(value) <= (bound.max_length or len(value))
    return True


def expected(form: Shape) -> str:
    """What a person is to write, with its bounds: `a number from 0 to 1`."""
    words: list[str] = []
    for option in form.options:
        if is_list(option):
            words.append("a list")
        elif is_dict(option) or is_part(option):
            words.append("a mapping")
        elif get_origin(option) is Literal:
            words += map(str, get_args(option))
        else:
            words.append(leaf(option).expected + (_range(form.bounds) if option in (int, float) else ""))
    return alternatives(dict.fromkeys(words)) + "".join(_lengths(bound, words[0]) for bound in form.bounds)


def _range(bounds: Iterable[msgspec.Meta]) -> str:
    for bound in bounds:
        if bound.ge is not None and bound.le is not None:
            return f" from {bound.ge} to {bound.le}"
        low = (
            f" of at least {bound.ge}" if bound.ge is not None else f" above {bound.gt}" if bound.gt is not None else ""
        )
        high = f"at most {bound.le}" if bound.le is not None else f"below {bound.lt}" if bound.lt is not None else ""
        if low or high:
            return " and ".join(filter(None, (low, high))) if low else f" of {high}"
    return ""


def _lengths(bound: msgspec.Meta, kind: str) -> str:
    limits = [f"at least {bound.min_length}"] if bound.min_length else []
    limits += [f"at most {bound.max_length}"] if bound.max_length else []
    one = (bound.max_length or bound.min_length) == 1
    unit = ("character" if one else "characters") if kind == "text" else ("entry" if one else "entries")
    counted = f" of {' and '.join(limits)} {unit}" if limits else ""
    return counted + (f" that matches {bound.pattern}" if bound.pattern else "")


def alternatives(words: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the one probably meant, else all there are."""
    names = list(known)
    close = get_close_matches(name.lower(), names, n=1)
    return f"did you mean {close[0]}?" if close else f"expected {alternatives(sorted(names))}" if names else ""
