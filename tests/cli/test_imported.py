import json
import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from posthouse.cli import app

UBER = """{"root_api_key": "CANARY-root", "email_services": [{"email_domain": "example.org",
 "pool_api_key": "CANARY-pool", "enabled_services": {"Sendgrid": {"api_key": "CANARY-sg", "quota": 1}}}]}"""
ENV = {"SMSP_MG_DOMAIN": "mg.example.com", "SMSP_MG_API_KEY": "a", "SMSP_SG_API_KEY": "b", "SMSP_API_KEY": "k"}


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)
    Path("config.json").write_text(UBER)


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(app, list(words), env=env)


def test_a_file_is_taken_over_and_the_check_is_content_with_it() -> None:
    result = run("init", "--from", "config.json")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "posthouse.yaml is written from the configuration of uber-email-service: example.org"
    )
    assert "`quota` has no equivalent" in result.stderr
    assert "3 secrets stand in this file in clear" in result.stderr
    assert "CANARY" not in result.output
    assert stat.S_IMODE(Path("posthouse.yaml").stat().st_mode) == 0o600
    notes = " ".join(Path("posthouse.yaml").read_text().replace("\n#", "").split())
    assert all(line.removeprefix("note: ") in notes for line in result.stderr.splitlines())
    assert run("check").exit_code == 0


def test_variables_are_taken_over_and_stay_variables() -> None:
    result = run("init", "--from-env", "--config", "new.yaml", **ENV)
    assert result.exit_code == 0, result.output
    assert "posthouse check --config new.yaml" in result.stdout
    assert run("check", "--config", "new.yaml", **ENV).exit_code == 0
    assert run("check", "--config", "new.yaml").exit_code == 1


def test_as_json_the_same_is_told() -> None:
    found = json.loads(run("init", "--from-env", "--json", **{**ENV, "SMSP_API_KEY": ""}).stdout)
    assert (found["origin"], found["pools"]) == ("sendmailserviceproxy", {"mg.example.com": ["mailgun", "sendgrid"]})
    assert found["variables"] == ["SMSP_MG_API_KEY", "SMSP_MG_DOMAIN", "SMSP_SG_API_KEY"]
    assert (found["secrets_in_clear"], len(found["fresh_keys"])) == (0, 1)
    assert any("SMSP_API_KEY" in note for note in found["notes"])


def test_a_file_that_is_there_stays_unless_forced() -> None:
    Path("posthouse.yaml").write_text("mine")
    result = run("init", "--from", "config.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert Path("posthouse.yaml").read_text() == "mine"
    assert run("init", "--from", "config.json", "--force").exit_code == 0


@pytest.mark.parametrize("content", [b"colour: red", b"\xff\xfe", b"{", b""])
def test_what_is_nobodys_is_told_and_nothing_is_written(content: bytes) -> None:
    Path("other").write_bytes(content)
    result = run("init", "--from", "other")
    assert result.exit_code == 1
    assert result.stderr.startswith("other: ")
    assert not Path("posthouse.yaml").exists()


def test_wrong_use_exits_2() -> None:
    assert run("init", "--from", "gone.json").exit_code == 2
    assert run("init", "--from", "config.json", "--from-env").exit_code == 2
    assert run("init", "--from-env", "--domain", "nothing here").exit_code == 2
