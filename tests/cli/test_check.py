import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from posthouse.cli.check import check

app = typer.Typer()
app.command()(check)

GOOD = """\
pools:
  example.com:
    keys: {web: CANARY-web}
    strategy: weighted
    providers:
      sandbox: {weight: 0.75}
      spare: {type: sandbox, weight: 0.25, enabled: false}
"""

BAD = """\
http: {listen: here}
pools:
  example.com:
    keys: {web: CANARY-web}
    providers:
      sendgrid: {}
      mailgun: {api_key: [CANARY-mailgun], domain: mg.example.com}
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration but the test's own: an empty directory, an empty environment."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        monkeypatch.delenv(name)


def run(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=env)


def decoded(result: Result) -> dict[str, Any]:
    answer = msgspec.json.decode(result.stdout)
    assert isinstance(answer, dict)
    return answer


def test_a_good_file_exits_0_and_says_what_it_amounts_to() -> None:
    Path("posthouse.yaml").write_text(GOOD)
    result = run()
    assert result.exit_code == 0
    assert result.stdout == (
        "posthouse.yaml: no problems\n"
        "  listens on 127.0.0.1:8080, keeps messages in sqlite:///posthouse.db\n"
        "  example.com: weighted of sandbox, spare (disabled)\n"
    )


def test_every_problem_is_one_line_with_its_path_and_line_and_the_exit_is_1() -> None:
    Path("bad.yaml").write_text(BAD)
    result = run("--config", "bad.yaml")
    assert result.exit_code == 1
    places = [line.partition("): ")[0] for line in result.stdout.splitlines()]
    assert places == [
        "http.listen (line 1",
        "pools.example.com.providers.sendgrid.api_key (line 6",
        "pools.example.com.providers.mailgun.api_key (line 7",
    ]
    assert "CANARY" not in result.output


def test_as_json_the_same_is_said() -> None:
    Path("bad.yaml").write_text(BAD)
    result = run("--config", "bad.yaml", "--json")
    answer = decoded(result)
    assert (result.exit_code, answer["ok"]) == (1, False)
    assert answer["problems"][0] == {
        "path": "http.listen",
        "line": 1,
        "message": "expected HOST:PORT such as 127.0.0.1:8080",
    }
    assert "CANARY" not in result.output

    Path("good.yaml").write_text(GOOD)
    result = run("--config", "good.yaml", "--json")
    answer = decoded(result)
    assert (result.exit_code, answer["ok"], answer["problems"], answer["file"]) == (0, True, [], "good.yaml")
    assert answer["pools"][0]["providers"][1] == {
        "name": "spare",
        "type": "sandbox",
        "order": 2,
        "weight": 0.25,
        "score": 50.0,
        "enabled": False,
    }


def test_a_key_that_has_expired_is_told_too() -> None:
    Path("posthouse.yaml").write_text(GOOD.replace("CANARY-web", "{key: k, expires: 2020-01-01}"))
    result = run()
    assert result.exit_code == 1
    assert result.stdout.startswith("pools.example.com.keys.web.expires (line 3): this key has expired")


def test_a_file_that_is_not_there_is_a_problem() -> None:
    result = run("--config", "gone.yaml")
    assert (result.exit_code, result.stdout) == (1, "gone.yaml: cannot be read: No such file or directory\n")


def test_without_a_file_the_environment_is_checked() -> None:
    result = run(POSTHOUSE_DOMAIN="example.com", POSTHOUSE_API_KEY="k", POSTHOUSE_PROVIDERS="sendgrid")
    assert result.exit_code == 1
    assert result.stdout.startswith("SENDGRID_API_KEY: required")
    result = run(POSTHOUSE_DOMAIN="example.com", POSTHOUSE_API_KEY="k", SENDGRID_API_KEY="x")
    assert result.exit_code == 0
    assert "example.com: priority of sendgrid" in result.stdout


def test_without_anything_it_is_development_mode() -> None:
    result = run()
    assert result.exit_code == 0
    assert "development mode" in result.stdout
    assert decoded(run("--json"))["mode"] == "development"


def test_wrong_use_exits_2() -> None:
    assert run("--nonsense").exit_code == 2


def test_the_program_itself_checks(tmp_path: Path) -> None:
    (tmp_path / "posthouse.yaml").write_text(BAD)
    command = [sys.executable, "-m", "posthouse", "check"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert len(done.stdout.splitlines()) == 3
