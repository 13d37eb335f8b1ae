import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from posthouse.cli import app
from posthouse.cli.commands import PLACES, Commands

LEADING = {"config": ["config", "schema"], "keys": ["keys", "new"]}
WITHOUT_EXAMPLES = {"simulate"}

LOADED = """
import sys, posthouse.cli.commands as commands
commands.read("serve")
print(*sorted(name for name in sys.modules if name.startswith(("posthouse.cli.", "rich", "posthouse.sim", "apsw"))))
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "100"})


@pytest.mark.parametrize("name", PLACES)
def test_every_command_tells_how_it_is_used(name: str) -> None:
    result = run(*LEADING.get(name, [name]), "-h")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Usage: ")
    assert "--help" in result.stdout
    assert ("Examples:\n" in result.stdout) is (name not in WITHOUT_EXAMPLES)


@pytest.mark.parametrize("name", [name for name in PLACES if name not in WITHOUT_EXAMPLES])
def test_an_example_names_no_option_that_is_not_there(name: str) -> None:
    words = LEADING.get(name, [name])
    text = run(*words, "-h").stdout
    options, _, examples = text.partition("Examples:\n")
    used = {word for line in examples.splitlines() if f"posthouse {words[0]}" in line for word in line.split()}
    assert {word for word in used if word.startswith("--")} <= set(options.replace(",", " ").split())


def test_the_list_of_commands_is_whole_and_tells_about_completion() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.stdout for name in PLACES)
    assert "--install-completion" in result.stdout
    assert "NO_COLOR" in result.stdout


def test_a_mistyped_command_gets_a_hint_and_exits_2() -> None:
    result = run("cansel")
    assert result.exit_code == 2
    assert "Did you mean 'cancel'?" in result.stderr


def test_starting_the_server_waits_for_no_other_command(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["posthouse.cli.commands", "posthouse.cli.serve"]


def test_the_table_is_a_table() -> None:
    table = Commands()
    assert (len(table), list(table)) == (len(PLACES), list(PLACES))
    del table["bench"]
    table["also"] = table["show"]
    assert "bench" not in table
    assert table["also"].name == "show"


def test_the_program_completes_its_commands(tmp_path: Path) -> None:
    env = {"_POSTHOUSE_COMPLETE": "complete_bash", "COMP_WORDS": "posthouse se", "COMP_CWORD": "1"}
    command = [sys.executable, "-m", "posthouse"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=50, check=False)
    assert done.stdout.split() == ["serve", "send", "selftest"]
