"""JSON as it must be: one object, no key twice, no NaN, not deep; the standard library's parser with its gates shut."""

import json
import re
from typing import Any, Final, NoReturn

DEEPEST: Final = 32

_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')


class Malformed(ValueError):
    """It is not such JSON; the text says what was expected."""


def decode(body: bytes | bytearray) -> dict[str, Any]:
    """The object in the body. Malformed says why not."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("expected UTF-8") from None
    if text.count("{") + text.count("[") > DEEPEST and _depth(text) > DEEPEST:
        raise Malformed(f"expected at most {DEEPEST} levels")
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise Malformed(f"expected JSON; it ends to be so at character {error.pos}") from None
    except RecursionError:
        raise Malformed(f"expected at most {DEEPEST} levels") from None
    if not isinstance(value, dict):
        raise Malformed("expected a JSON object")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("expected each key of an object once")
    return value


def _constant(name: str) -> NoReturn:
    raise Malformed(f"expected no {name}")


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Malformed("expected numbers that a double can hold")
    return value


def _integer(text: str) -> int:
    if len(text) > 20:
        raise Malformed("expected numbers of at most 19 digits")
    return int(text)


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _TOKENS.finditer(text):
        match text[token.start()]:
            case "[" | "{":
                depth += 1
                deepest = max(deepest, depth)
            case "]" | "}":
                depth -= 1
    return deepest


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer)
