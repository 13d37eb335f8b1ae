"""The names of the fields."""

import pytest

from posthouse.mail.fields import ALIASES, FIELDS, gather
from posthouse.mail.problem import Problem


def test_every_other_name_leads_to_its_field() -> None:
    for alias, name in ALIASES.items():
        problems: list[Problem] = []
        given = gather({alias: "x"}, problems)
        assert (given.values, given.label(name), problems) == ({name: "x"}, alias, [])
    assert set(ALIASES.values()) <= {name for alias, name in FIELDS.items() if alias == name}


@pytest.mark.parametrize("alias", ALIASES)
def test_a_field_is_given_under_one_name(alias: str) -> None:
    problems: list[Problem] = []
    gather({ALIASES[alias]: "x", alias: "x"}, problems)
    assert [(problem.code, problem.field) for problem in problems] == [("field-repeated", alias)]


def test_null_and_most_empty_strings_mean_not_given() -> None:
    nothing = {name: None for name in FIELDS if name not in ALIASES}
    assert gather(nothing, []).values == {}
    assert set(gather(dict.fromkeys(nothing, ""), []).values) == {"subject", "text", "html", "markdown"}
    assert gather({"to": [], "tags": []}, []).values == {"to": [], "tags": []}


@pytest.mark.parametrize(
    "name", ["pool_id", "state", "To", "to ", "__class__", "x" * 500, "a\r\nb", "\ud800", ""], ids=ascii
)
def test_an_unknown_field_is_a_problem_even_without_a_value(name: str) -> None:
    problems: list[Problem] = []
    assert gather({name: None}, problems).values == {}
    assert [problem.code for problem in problems] == ["field-unknown"]
    assert len(problems[0].field) <= 81
    problems[0].field.encode()


def test_a_million_unknown_fields_are_one_problem_more_than_twenty() -> None:
    problems: list[Problem] = []
    gather({str(n): n for n in range(100_000)}, problems)
    assert [problem.code for problem in problems] == ["field-unknown"] * 20 + ["fields-too-many"]
    assert problems[-1].field == ""
