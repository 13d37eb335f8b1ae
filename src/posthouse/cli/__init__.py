"""The command `posthouse`: one file per command."""

import sys
from typing import Annotated, Final

import typer

import posthouse
from posthouse.cli.commands import SETTINGS, Group, examples

EXAMPLES: Final = """
  posthouse serve                      starts, with nothing configured in development mode
  posthouse init                       writes a configuration to start from
  posthouse send --to ann@example.org --subject Hello --text 'It works.' --wait
  posthouse list                       the newest messages
  posthouse --install-completion       lets your shell complete commands and options

Exit codes: 0 done, 1 the answer is no, 2 wrong use. Colours on a terminal only, and never where NO_COLOR is set.
"""

app = typer.Typer(
    name="posthouse",
    cls=Group,
    help="One API in front of every email provider.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help is read in pipes and small windows too
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
    epilog=examples(EXAMPLES),
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"posthouse {posthouse.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """One API in front of every email provider: accepted once, kept on disk, delivered through whichever works."""


def main() -> None:
    """The entry point. Exit codes: 0 done, 1 the answer is no, 2 wrong use."""
    sys.exit(app(prog_name="posthouse"))
