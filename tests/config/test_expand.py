import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.config.expand import Expanded, expand

ENV = {"A": "one", "EMPTY": "", "NESTED": "${A}", "BYTES": "\udc80"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}", "one"),
        ("x-${A}-y-${A}", "x-one-y-one"),
        ("${B:-two}", "two"),
        ("${B:-}", ""),
        ("${A:-two}", "one"),
        ("${EMPTY:-two}", "two"),
        ("${EMPTY}", ""),
        ("${B:-a b:-c$}", "a b:-c$"),
        ("$${A}", "${A}"),
        ("${NESTED}", "${A}"),
    ],
)
def test_references_are_replaced_by_the_environment(text: str, expanded: str) -> None:
    assert expand(text, ENV) == Expanded(expanded, changed=True)


@pytest.mark.parametrize("text", ["", "plain", "$A", "a$", "}{", "$ {A}"])
def test_text_without_references_stays_as_it_is(text: str) -> None:
    assert expand(text, ENV) == Expanded(text)


def test_a_variable_without_value_and_default_is_a_problem_that_names_it() -> None:
    found = expand("${MISSING} ${GONE}", ENV)
    assert found.problem is not None
    assert "MISSING is not set" in found.problem
    assert "GONE is not set" in found.problem


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A", "${A:?x}", "${A-x}", "${B:-${A}}", "${A B}"])
def test_what_looks_like_a_reference_and_is_none_is_a_problem(text: str) -> None:
    assert "expected ${NAME}" in (expand(text, ENV).problem or "")


def test_a_variable_that_is_not_utf_8_is_a_problem() -> None:
    assert "BYTES is not UTF-8" in (expand("${BYTES}", ENV).problem or "")


@given(st.text())
def test_any_text_is_expanded_or_told(text: str) -> None:
    found = expand(text, ENV)
    assert found.problem or found.changed or found.text == text


@given(st.text(alphabet="ab:-${}\n"), st.text(st.characters(codec="utf-8")))
def test_a_value_is_never_read_again(name: str, value: str) -> None:
    assert expand("<${A}>", {"A": value}).text == f"<{value}>"
