"""docs/reference/cli.md: every command with its options, as the parser has them."""

import inspect
from collections.abc import Iterator
from typing import Any, Final

import typer
from forms import TOP, code, joined, table

from posthouse.cli import app

HEAD: Final = """
# The command line

`posthouse COMMAND --help` says the same. Commands that talk to a server find it at `--url` or `POSTHOUSE_URL`, and show
it the key of `--key` or `POSTHOUSE_API_KEY`. Exit codes: 0 done, 1 the answer is no, 2 wrong use. On a terminal long
work shows its progress; in a pipe it is plain. `posthouse --install-completion` lets your shell complete all of this.
"""


def page() -> str:
    root = typer.main.get_command(app)
    return joined([TOP + HEAD, *(joined(_command(path, one)) for path, one in _commands(root, "posthouse"))])


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it; not those that only hold others."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for name, one in inner.items():
        yield from _commands(one, f"{path} {name}")


def _command(path: str, command: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=path)
    yield f"## {path}"
    yield inspect.cleandoc(command.help or "").replace("\f", "")
    yield code(" ".join([path, *command.collect_usage_pieces(context)]))
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    if arguments:
        yield table(("argument", "what"), (_record(one, context) for one in arguments))
    options = [one for one in command.params if one.param_type_name == "option"]
    if options:
        yield table(("option", "what"), (_record(one, context) for one in options))
    if command.epilog:
        yield f"```text\n{command.epilog.partition('Examples:')[2].strip(chr(10))}\n```"


def _record(one: Any, context: typer.Context) -> tuple[str, str]:
    """What its help says: its form, and its meaning with default and variable."""
    form, words = one.get_help_record(context)
    return code(form), words
