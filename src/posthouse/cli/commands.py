"""The table of commands, each imported when it is asked for: `posthouse serve` waits for none of the others."""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

PLACES: Final = {
    "init": "init:init",
    "serve": "serve:serve",
    "check": "check:check",
    "doctor": "doctor:doctor",
    "send": "send:send",
    "show": "show:show",
    "list": "list:list_messages",
    "tail": "tail:tail",
    "explain": "explain:explain",
    "resend": "resend:resend",
    "cancel": "cancel:cancel",
    "selftest": "selftest:selftest",
    "simulate": "simulate:simulate",
    "bench": "bench:bench",
    "providers": "providers:providers",
    "config": "config:config",
    "keys": "keys:keys",
    "audit": "audit:audit",
    "backup": "backup:backup",
    "restore": "restore:restore",
    "release": "release:release",
    "migrate": "migrate:migrate",
}
"""Name of a command → its module and what in it is the command: a function, or a Typer with commands of its own."""

SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"]}


def read(name: str) -> Any:
    """The command of that name, ready to be invoked; its module's EXAMPLES stand below its help."""
    module_name, _, attribute = PLACES[name].partition(":")
    module = import_module(f"posthouse.cli.{module_name}")
    target = getattr(module, attribute)
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        epilog = examples(getattr(module, "EXAMPLES", ""))
        single.command(name, epilog=epilog, context_settings=SETTINGS)(target)
        return typer.main.get_command(single)
    group = typer.main.get_group(target)
    group.name = name
    return group


def examples(text: str) -> str | None:
    """Examples as help shows them: line by line, as they are to be typed."""
    return f"\b\nExamples:\n{text.strip(chr(10))}" if text else None


class Commands(MutableMapping[str, Any]):
    """The table as the parser of the command line wants it: names at once, commands when they are taken out."""

    def __init__(self) -> None:
        self._read: dict[str, Any] = dict.fromkeys(PLACES)

    def __getitem__(self, name: str) -> Any:
        if self._read[name] is None:
            self._read[name] = read(name)
        return self._read[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._read[name] = command

    def __delitem__(self, name: str) -> None:
        del self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


class Group(TyperGroup):
    """The command `posthouse`, whose commands come out of the table."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)
