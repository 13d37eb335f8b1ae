"""posthouse providers: which providers there are, what they can carry, and what each wants to be told."""

from typing import Annotated, Any, Final

import typer

from posthouse.cli.screen import plain, print_json, screen
from posthouse.config.describe import Row, rows
from posthouse.providers.base import Spec
from posthouse.providers.catalogue import SPECS
from posthouse.routing.capability import Can

EXAMPLES: Final = """
  posthouse providers                all of them, one line each
  posthouse providers mailgun        one of them, with every setting
  posthouse providers --json
"""

MEGABYTE: Final = 1_000_000


def providers(
    name: Annotated[str | None, typer.Argument(metavar="TYPE", help="Only this one, with its settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """List the types of providers and their settings."""
    if name is not None and name not in SPECS:
        raise typer.BadParameter(f"expected one of {', '.join(SPECS)}", param_hint="TYPE")
    chosen = SPECS if name is None else {name: SPECS[name]}
    if as_json:
        print_json({"providers": [_document(spec) for spec in chosen.values()]})
    elif name is None:
        _print_all()
    else:
        _print_one(SPECS[name])


def settings(spec: Spec) -> list[Row]:
    """What a provider of this type wants to be told, beside what every provider is."""
    prefix = f"pools.DOMAIN.providers.{spec.name}."
    return [row for row in rows({spec.name: spec}) if row.path.startswith(prefix)]


def _setting(row: Row) -> str:
    return row.path.rpartition(".")[2]


def _document(spec: Spec) -> dict[str, Any]:
    return {
        "type": spec.name,
        "title": spec.title,
        "can": spec.can.names(),
        "max_bytes": spec.max_bytes,
        "max_recipients": spec.max_recipients,
        "settings": [
            {
                "name": _setting(row),
                "expected": row.expected,
                "default": row.default,
                "required": row.required,
                "variable": spec.env.get(_setting(row)),
                "description": row.description,
            }
            for row in settings(spec)
        ],
    }


def _cannot(spec: Spec) -> str:
    return ", ".join((~spec.can & Can(sum(Can))).names())


def _print_all() -> None:
    from rich.table import Table

    table = Table("type", "title", "required", "cannot carry", "MB", "recipients", box=None, padding=(0, 2, 0, 0))
    for spec in SPECS.values():
        required = ", ".join(_setting(row) for row in settings(spec) if row.required)
        size = f"{spec.max_bytes / MEGABYTE:g}"
        table.add_row(spec.name, spec.title, required or "-", _cannot(spec) or "-", size, str(spec.max_recipients))
    screen().print(table)
    print("\n'posthouse providers TYPE' tells every setting of one of them.")


def _print_one(spec: Spec) -> None:
    from rich.table import Table

    print(f"{spec.name}: {spec.title}")
    print(f"carries {', '.join(spec.can.names())}")
    if cannot := _cannot(spec):
        print(f"does not carry {cannot}: such a message goes through another provider")
    print(f"at most {spec.max_bytes / MEGABYTE:g} MB and {spec.max_recipients} recipients a message\n")
    table = Table("setting", "expected", "default", "variable", "", box=None, padding=(0, 2, 0, 0))
    for row in settings(spec):
        name, default = _setting(row), "required" if row.required else row.default or ""
        table.add_row(name, plain(row.expected), plain(default), spec.env.get(name, ""), plain(row.description))
    screen().print(table)
