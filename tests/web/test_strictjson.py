import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.web.strictjson import DEEPEST, MOST, Malformed, decode

SOON_S = 5.0

scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.sampled_from('"\\[]{},:\n\x00aß€😀'), max_size=10)
values: st.SearchStrategy[Any] = st.recursive(
    scalars | texts, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)


@given(st.dictionaries(texts, values, max_size=4))
@settings(max_examples=50)
def test_what_the_standard_library_writes_is_read_back(value: dict[str, Any]) -> None:
    assert decode(json.dumps(value).encode()) == value
    assert decode(bytearray(json.dumps(value, ensure_ascii=False, indent=1).encode())) == value


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "expected JSON, found something else at character 0"),
        (b"nothing", "expected JSON, found something else at character 0"),
        (b'{"a": 1} {}', "expected JSON, found something else at character 9"),
        (b"{'a': 1}", "expected JSON, found something else at character 1"),
        (b'{"a": 1,}', "expected JSON, found something else at character 8"),
        (b'{"a": "\n"}', "expected JSON, found something else at character 7"),
        (b"[]", "expected a JSON object"),
        (b'"text"', "expected a JSON object"),
        (b"null", "expected a JSON object"),
        (b'\xef\xbb\xbf{"a": 1}', "expected JSON, found something else at character 0"),
        ('{"a": 1}'.encode("utf-16"), "expected UTF-8"),
        (b'{"a": "\xe9"}', "expected UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "expected UTF-8"),
        (b'{"a": 1, "a": 1}', "expected each key of an object once"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "expected each key of an object once"),
        (b'{"a": NaN}', "expected no NaN"),
        (b'{"a": [Infinity]}', "expected no Infinity"),
        (b'{"a": -Infinity}', "expected no -Infinity"),
        (b'{"a": 1e400}', "expected numbers that a double can hold"),
        (b'{"a": ' + b"9" * 5000 + b"}", "expected shorter numbers"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_a_reason(body: bytes, why: str) -> None:
    with pytest.raises(Malformed) as refused:
        decode(body)
    assert str(refused.value).startswith(why)


def test_depth_is_counted_outside_strings_alone() -> None:
    deepest = b'{"a": ' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}"
    assert decode(deepest)
    with pytest.raises(Malformed, match=f"expected at most {DEEPEST} levels"):
        decode(b'{"a": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}")
    style = "p { color: red } " * 100 + '[["{{\\'
    assert decode(json.dumps({"html": style}).encode()) == {"html": style}


def test_a_hundred_thousand_levels_are_refused_before_they_are_taken_apart() -> None:
    with pytest.raises(Malformed, match="levels"):
        decode(b'{"a":' * 100_000)


@pytest.mark.parametrize("many", [b"1,", b"[],", b'"",', b"{},", b"null,"])
def test_more_values_than_any_message_has_are_refused(many: bytes) -> None:
    with pytest.raises(Malformed, match=f"expected at most {MOST} values"):
        decode(b'{"a": [' + many * (MOST + 1) + b"0]}")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"a": "' + b"[" * 40 + b'", "b": "' + b"A" * 20_000_000 + b'"}', id="a large attachment"),
        pytest.param(b"[]," * 40 + b'"' + b'\\"' * 1_000_000, id="a string that does not end"),
        pytest.param(b"[]," * 40 + b'"' * 2_000_001, id="quotes"),
        pytest.param(b"[]," * 40 + b"\\" * 2_000_000, id="backslashes"),
        pytest.param(b'{"a": [' + b"[]," * 3_000_000, id="brackets"),
        pytest.param(b'{"a": [' + b"1," * 5_000_000, id="numbers"),
    ],
)
def test_what_is_made_to_take_long_does_not(body: bytes) -> None:
    began = time.perf_counter()
    with suppress(Malformed):
        decode(body)
    assert time.perf_counter() - began < SOON_S


def test_a_lone_surrogate_and_a_nul_pass_as_text_for_the_fields_to_judge() -> None:
    assert decode(b'{"a": "\\ud800", "b": "\\u0000"}') == {"a": "\ud800", "b": "\x00"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a" :1,"a":2}',
        b'{"a"\n\t:1,"a" :2}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":{"a":1,"a":2}}',
        b'{"x":[{"a":1},{"a":1,"a":2}]}',
        b'{"x":"\\":","a":1,"a":2}',
    ],
)
def test_a_key_given_twice_is_refused_however_it_is_written(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body)


@given(values, st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
def test_spaces_around_the_signs_change_nothing(value: Any, signs: tuple[str, str]) -> None:
    assert decode(json.dumps({"value": value}, separators=signs).encode()) == {"value": value}
