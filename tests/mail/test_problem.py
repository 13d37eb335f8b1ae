"""The table of codes."""

import ast
import re
from pathlib import Path

import posthouse.mail
from posthouse.mail.problem import CODES, Flaw, Problem

SOURCES = sorted(Path(posthouse.mail.__file__).parent.glob("*.py"))


def flaws_in(source: Path) -> list[str]:
    """The first argument of every Flaw(…) in a file."""
    calls = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Call)]
    return [
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "Flaw"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def test_every_code_is_listed_and_every_listed_code_is_used() -> None:
    assert {code for source in SOURCES for code in flaws_in(source)} == set(CODES)


def test_every_code_is_listed_once() -> None:
    table = next(source for source in SOURCES if source.name == "problem.py").read_text()
    for code in CODES:
        assert table.count(f'"{code}":') == 1


def test_a_code_is_a_stable_name_and_its_meaning_a_sentence() -> None:
    for code, meaning in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert meaning[0].isupper()
        assert meaning.endswith(".")


def test_a_flaw_becomes_a_problem_where_it_was_found() -> None:
    assert Flaw("line-unsafe", "Expected one line.").at("subject") == Problem(
        "line-unsafe", "subject", "Expected one line."
    )
