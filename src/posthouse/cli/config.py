"""posthouse config: what a configuration may say."""

from typing import Annotated, Final

import typer

from posthouse.cli.commands import SETTINGS, examples
from posthouse.cli.screen import print_json

EXAMPLES: Final = """
  posthouse config schema > posthouse.schema.json

An editor that knows JSON Schema then completes and checks posthouse.yaml, where its first line says

  # yaml-language-server: $schema=posthouse.schema.json
"""

config = typer.Typer(
    help="What a configuration may say.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings=SETTINGS,
)


@config.callback()
def root() -> None:
    """What a configuration may say."""


@config.command("schema", epilog=examples(EXAMPLES), context_settings=SETTINGS)
def schema(_: Annotated[bool, typer.Option("--json", help="Answer as JSON, as it always does.")] = False) -> None:
    """Print the JSON Schema (2020-12) of posthouse.yaml."""
    from posthouse.config.describe import json_schema
    from posthouse.providers.catalogue import SPECS

    print_json(json_schema(SPECS))
