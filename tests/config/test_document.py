import pytest
import yaml

from posthouse.config.document import MAX_BYTES, MAX_DEPTH, compose
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
