"""posthouse bench: how fast this machine is, beside the bare limits measured in the same run."""

import asyncio
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

if TYPE_CHECKING:
    from posthouse.bench.report import Report
    from posthouse.bench.run import Plan

EXAMPLES: Final = """
  posthouse bench
  posthouse bench --rounds 1 --seconds 2 --only posthouse
  posthouse bench --json - | jq .
"""

# What measures is imported where it is used: `posthouse serve` must not wait for it.


def bench(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is loaded, in turns.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each load lasts.")] = 4.0,
    connections: Annotated[
        int, typer.Option(min=1, max=1000, help="Kept connections, one message each at a time.")
    ] = 64,
    only: Annotated[Literal["bare", "posthouse"] | None, typer.Option(help="Measure this one alone.")] = None,
    cold_starts: Annotated[int, typer.Option(min=0, help="How often each is started to time its first answer.")] = 5,
    directory: Annotated[
        Path, typer.Option(exists=True, file_okay=False, writable=True, help="Where the stores are made, and removed.")
    ] = Path(),
    json: Annotated[
        Path | None, typer.Option(allow_dash=True, help="Write all figures to this file; - for standard output.")
    ] = None,
) -> None:
    """Measure Posthouse on this machine, and beside it a bare loop of the same steps.

    Everything runs on loopback: a load generator, a provider that answers at once, one server at a time. The stores
    are real files with real fsync. Exit code 1 when a message was refused, lost, not delivered or delivered twice.
    """
    from posthouse.bench.process import BenchError
    from posthouse.bench.run import Plan

    names: tuple[Literal["bare", "posthouse"], ...] = ("bare", "posthouse") if only is None else (only,)
    try:
        report = _measured(Plan(rounds, seconds, connections, cold_starts, names, directory))
    except BenchError as error:
        print(f"posthouse bench: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    _write(report, json)
    if not report.clean:
        raise typer.Exit(1)


def _measured(plan: "Plan") -> "Report":
    """Measure, with a bar on a terminal and a line for each step elsewhere; both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from posthouse.bench.run import measure

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        return asyncio.run(measure(plan, lambda step: print(step, file=sys.stderr)))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=plan.steps)
        done = count()
        return asyncio.run(measure(plan, lambda step: progress.update(task, completed=next(done), description=step)))


def _write(report: "Report", json: Path | None) -> None:
    """The figures where they are wanted, and the table unless they take its place."""
    import msgspec
    from rich.console import Console

    from posthouse.bench.report import faults, lines, table

    for fault in faults(report):
        print(fault, file=sys.stderr)
    if json is not None:
        text = msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
        if str(json) == "-":
            sys.stdout.buffer.write(text)
            return
        json.write_bytes(text)
    if sys.stdout.isatty():
        Console().print(table(report))
    else:
        print(*lines(report), sep="\n")
