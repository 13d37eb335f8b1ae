import json

import pytest
from typer.testing import CliRunner, Result

from posthouse.cli import app
from posthouse.providers.catalogue import SPECS


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["providers", *words])


def test_every_type_is_a_line_with_what_it_must_be_told() -> None:
    result = run()
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    assert set(SPECS) <= set(lines)
    assert "api_key, domain" in lines["mailgun"]


def test_one_of_them_is_told_with_every_setting() -> None:
    result = run("mailgun")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    assert {"api_key", "domain", "region", "base_url"} <= set(rows)
    assert "MAILGUN_API_KEY" in rows["api_key"]
    assert "required" in rows["api_key"]


def test_as_json_nothing_is_missing() -> None:
    found = json.loads(run("--json").stdout)["providers"]
    assert [each["type"] for each in found] == list(SPECS)
    mailgun = found[0]
    assert mailgun["can"] == SPECS["mailgun"].can.names()
    assert mailgun["settings"][2] == {
        "name": "region",
        "expected": "us or eu",
        "default": "us",
        "required": False,
        "variable": None,
        "description": "Where the domain lives.",
    }
    assert json.loads(run("smtp", "--json").stdout)["providers"][0]["type"] == "smtp"


@pytest.mark.parametrize("name", ["pigeon", "Mailgun", ""])
def test_one_there_is_not_exits_2(name: str) -> None:
    result = run(name)
    assert result.exit_code == 2
    assert "expected one of mailgun" in result.stderr
