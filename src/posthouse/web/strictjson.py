"""JSON as it must be: one object, no key twice, no NaN, not deep.

The standard library's parser with its gates shut decides; a faster one takes what is plainly good.
"""

import json
import re
from typing import Any, Final, NoReturn

import msgspec

DEEPEST: Final = 32

MOST: Final = 100_000
"""Values in one body: many times what a message can hold. Each costs time and memory before anything is judged."""

# Possessive, and content with the end of the text too: otherwise a string that does not end takes quadratic time, and
# one of 20 MB gigabytes of memory.
_TOKENS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]|,', re.DOTALL)


SHORT: Final = 64 * 1024
"""Bytes up to which a body is tried the fast way."""

NESTS: Final = (dict, list)

NOT_A_COUNT: Final = -(10**9)

_ends_of_keys: Final = re.compile(rb'"[ \t\r\n]*:').findall


class Malformed(ValueError):
    """It is not such JSON; the text says what was expected."""


def decode(body: bytes | bytearray) -> dict[str, Any]:
    """The object in the body. Malformed says why not."""
    plain = _plain(body)
    return _strict(body) if plain is None else plain


def _plain(body: bytes | bytearray) -> dict[str, Any] | None:
    """The object, where a fast parser takes it and nothing about it can be in question; None sends it the long way.

    That parser lets the last of two equal keys win. Each member of an object ends its key with a quote and a colon,
    and a text may hold some more of these; so where there are no more than keys were found, no key was there twice.
    """
    if len(body) > SHORT:
        return None
    try:
        value = _fast.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or len(_ends_of_keys(body)) != _keys(value, DEEPEST):
        return None
    return value


def _keys(value: Any, levels: int) -> int:
    """How many keys there are at all levels; a number that cannot be where there are more levels than that."""
    inner = value.values() if isinstance(value, dict) else value
    count = len(value) if isinstance(value, dict) else 0
    for one in inner:
        if isinstance(one, NESTS):
            count += _keys(one, levels - 1) if levels > 1 else NOT_A_COUNT
    return count


def _strict(body: bytes | bytearray) -> dict[str, Any]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("expected UTF-8") from None
    if text.count("{") + text.count("[") > DEEPEST or text.count(",") > MOST:
        _measure(text)
    try:
        value = _decoder.decode(text)
    except Malformed:
        raise
    except json.JSONDecodeError as error:
        raise Malformed(f"expected JSON, found something else at character {error.pos}") from None
    except ValueError:  # a number of thousands of digits
        raise Malformed("expected shorter numbers") from None
    if not isinstance(value, dict):
        raise Malformed("expected a JSON object")
    return value


def _measure(text: str) -> None:
    """Refuse what is too deep or too much, before it is taken apart."""
    depth = values = 0
    for token in _TOKENS.finditer(text):
        match text[token.start()]:
            case '"':
                continue
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
        values += 1
        if depth > DEEPEST:
            raise Malformed(f"expected at most {DEEPEST} levels")
        if values > MOST:
            raise Malformed(f"expected at most {MOST} values")


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


_fast = msgspec.json.Decoder()
_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
