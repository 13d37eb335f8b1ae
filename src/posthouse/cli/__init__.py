"""The command `posthouse`: one file per command."""

import sys
from typing import Annotated

import typer

import posthouse
from posthouse.cli.bench import bench
from posthouse.cli.check import check
from posthouse.cli.init import init
from posthouse.cli.keys import keys
from posthouse.cli.list import list_messages
from posthouse.cli.send import send
from posthouse.cli.serve import serve
from posthouse.cli.show import show

app = typer.Typer(
    name="posthouse",
    help="One API in front of every email provider.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help is read in pipes and small windows too
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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


app.command()(serve)
app.command()(check)
app.command()(init)
app.command()(send)
app.command()(show)
app.command("list")(list_messages)
app.add_typer(keys, name="keys")
app.command()(bench)


def main() -> None:
    """The entry point. Exit codes: 0 done, 1 the answer is no, 2 wrong use."""
    sys.exit(app())
