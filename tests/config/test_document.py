import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from posthouse.config.document import MAX_BYTES, MAX_DEPTH, as_yaml, compose, contents
from posthouse.config.problem import Problem


def problem(text: str) -> Problem:
    found = compose(text)
    assert isinstance(found, Problem)
    return found


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "the file is empty"),
        ("# only a comment\n", 1, "the file is empty"),
        ("a: 1\nb: c: d\n", 2, "mapping values are not allowed"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML: found"),
        ("a: {b: 1\nc: 2\n", 2, "while parsing a flow mapping that starts on line 1"),
        ("a: 'x\n", 2, "unexpected end of stream"),
        ("a: 1\n---\nb: 2\n", 2, "expected one document"),
        ("a: 1\nb: *CANARY\n", 2, "undefined alias"),
        ("a: &CANARY 1\nb: &CANARY 1\n", 2, "not valid YAML"),
        ("a: 1\nb: {c: ${CANARY:-1}}\n", 2, "a ${NAME} must stand in double quotes"),
        ("a: 1\nb: \x00\n", 2, "a character that YAML does not allow"),
        ("a: \ud800\n", 1, "a character that YAML does not allow"),
        ("a: " + "x" * MAX_BYTES, 1, f"at most {MAX_BYTES} bytes"),
    ],
)
def test_what_is_no_document_is_told_with_its_line(text: str, line: int, message: str) -> None:
    found = problem(text)
    assert (found.path, found.line) == ("", line)
    assert message in found.message
    assert "CANARY" not in found.message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "{? "])
def test_a_file_of_brackets_does_not_end_the_process(opening: str) -> None:
    assert problem("x: 1\ny:\n " + opening * 200_000).message


def test_nesting_is_bounded() -> None:
    assert isinstance(compose("[" * MAX_DEPTH + "]" * MAX_DEPTH), yaml.Node)
    assert "levels of nesting" in problem("\n" + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).message
    assert problem("\n" + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).line == 2


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=9), below, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_yaml_reads_any_json_as_the_same_value(value: Any, ascii_only: bool, indent: int | str | None) -> None:
    sent = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert read_as_yaml(as_yaml(sent)) == value


@pytest.mark.parametrize("char", [*map(chr, range(0x7F, 0xA1)), "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"])
def test_a_character_that_yaml_refuses_or_folds_is_read_from_json(char: str) -> None:
    assert read_as_yaml(as_yaml(f'{{"{char}": "a {char} b"}}')) == {char: f"a {char} b"}


def test_a_pair_of_escapes_becomes_the_character_and_text_that_looks_like_one_stays() -> None:
    assert as_yaml(r'"\ud83d\ude00 \uD83D\uDE00"') == '"\U0001f600 \U0001f600"'
    assert as_yaml(r'"\\ud83d\\ude00 \\\ud83d\ude00"') == '"\\\\ud83d\\\\ude00 \\\\\U0001f600"'


def test_json_is_laid_out_for_people_and_its_numbers_stay_as_they_are() -> None:
    assert as_yaml('{"a"\n:[1.50,1e1]}') == '{\n  "a": [\n    1.50,\n    1e1\n  ]\n}'


@pytest.mark.parametrize("text", ["", "a: 1", "[1,]", r'"\ud83d"', r'"\ude00\ud83d"', r'"\ud83d\u0041"', "\ufeff1"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        as_yaml(text)


def test_the_content_of_a_scalar_begins_after_its_anchor_and_its_tag() -> None:
    text = "- &a 'x'\n- !!str &b # so\n  y\n- *a\n- |\n  z\n- [&c \U0001f600]\n"
    assert [text[start:end] for end, start in contents(text).items()] == ["'x'", "y", "|\n  z\n", "\U0001f600"]


def read_as_yaml(text: str) -> Any:
    root = compose(text)
    assert isinstance(root, yaml.Node), root
    return yaml.safe_load(text)
