"""posthouse bench: how fast this machine is beside bare limits and Postfix, or how fast a running server is."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from posthouse.bench.ground import Plan
    from posthouse.bench.load import Load
    from posthouse.bench.report import Report

EXAMPLES: Final = """
  posthouse bench
  posthouse bench --rounds 1 --seconds 1 --only sqlite
  posthouse bench --json - | jq .
  posthouse bench --target http://127.0.0.1:8080 --rate 500 --seconds 10
"""

# What measures is imported where it is used: `posthouse serve` must not wait for it.

Tell = Callable[[str, int], None]


def bench(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is loaded, in turns.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each load lasts.")] = 3.0,
    connections: Annotated[
        int, typer.Option(min=1, max=1000, help="Kept connections, one message each at a time.")
    ] = 64,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="Those of this name, or with this word in it; say it again for more."),
    ] = None,
    cold_starts: Annotated[int, typer.Option(min=0, help="How often each is started to time its first answer.")] = 3,
    directory: Annotated[
        Path, typer.Option(exists=True, file_okay=False, writable=True, help="Where the stores are made, and removed.")
    ] = Path(),
    postgresql: Annotated[
        str,
        typer.Option(
            metavar="URL",
            envvar="POSTHOUSE_BENCH_POSTGRESQL",
            show_envvar=True,
            help="A PostgreSQL that runs, and may make the database posthouse_bench.",
        ),
    ] = "",
    json: Annotated[
        Path | None, typer.Option(allow_dash=True, help="Write all figures to this file; - for standard output.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png | FILE.svg", help="Draw the comparison.")] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, metavar="docs", help="Bring performance.md in this folder up to date."
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="URL", help="Load this server instead; it must be on this machine.")
    ] = None,
    really: Annotated[
        str | None, typer.Option(metavar="URL", help="The same URL again, for a server that is elsewhere.")
    ] = None,
    key: Annotated[
        str, typer.Option(metavar="KEY", envvar="POSTHOUSE_API_KEY", show_envvar=True, help="API key for the target.")
    ] = "dev",
    rate: Annotated[
        float | None, typer.Option(min=0.1, metavar="N", help="Messages a second in an open loop; otherwise closed.")
    ] = None,
    sender: Annotated[str, typer.Option(metavar="ADDRESS", help="From whom the target is asked to send.")] = (
        "Bench <bench@example.com>"
    ),
) -> None:
    """Measure Posthouse on this machine, beside bare loops of the same steps and Postfix; or a running server.

    The comparison runs on loopback: a load generator, a provider that answers at once, one server at a time. The stores
    are real files with real fsync. Exit code 1 when a message was refused, lost, not delivered or delivered twice.

    With --target a running server is loaded. Messages go to reader-N@example.net, where nobody is; give it a pool with
    the sandbox, or a provider of your own to be loaded with it.
    """
    if target is not None:
        _load(target, really, key, connections, seconds, rate, sender, json)
        return
    if really is not None or rate is not None:
        raise typer.BadParameter("expected together with --target", param_hint="--really, --rate")
    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise typer.BadParameter("expected a FILE.png or FILE.svg", param_hint="--plot")
    from posthouse.bench.ground import ALL, Plan
    from posthouse.bench.process import BenchError

    names = tuple(name for name in ALL if not only or any(word in (name, *name.split()) for word in only))
    if not names:
        raise typer.BadParameter(f"expected one of {', '.join(ALL)}, or a word of them", param_hint="--only")
    chosen = "".join(f" --only {quote(word)}" for word in only or ())
    command = f"posthouse bench --rounds {rounds} --seconds {seconds:g}{chosen}"
    try:
        report = _measured(Plan(rounds, seconds, connections, cold_starts, names, directory, postgresql), command)
    except BenchError as error:
        print(f"posthouse bench: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except asyncio.CancelledError:
        print("posthouse bench: stopped", file=sys.stderr)
        raise typer.Exit(1) from None
    _write(report, json, plot, write)
    if not report.clean:
        raise typer.Exit(1)


def _measured(plan: "Plan", command: str) -> "Report":
    from posthouse.bench.run import measure

    async def measured(tell: Tell) -> "Report":
        if (task := asyncio.current_task()) is not None:
            # As Ctrl-C does: servers that were started must not be left behind.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await measure(plan, tell, command)

    with _telling() as tell:
        return asyncio.run(measured(tell))


@contextmanager
def _telling() -> Iterator[Tell]:
    """A bar on a terminal and a line for each step elsewhere; both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda step, steps: print(step, file=sys.stderr)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)
        done = count()
        yield lambda step, steps: progress.update(
            task, total=steps or None, completed=next(done) if steps else 0, description=step
        )


def _write(report: "Report", json: Path | None, plot: Path | None, docs: Path | None) -> None:
    """The figures where they are wanted, and the table unless they take its place."""
    from rich.console import Console

    from posthouse.bench.report import faults
    from posthouse.bench.table import lines, remarks, table

    for fault in faults(report):
        print(fault, file=sys.stderr)
    if plot is not None:
        _draw(report, plot)
    if docs is not None and report.clean:
        _document(report, docs)
    if json is not None:
        _put(json, _text(report))
    if str(json) == "-":
        return
    if sys.stdout.isatty():
        Console().print(table(report), "", *remarks(report), sep="\n")
    else:
        print(*lines(report), sep="\n")


def _text(figures: "Report | Load") -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n"


def _put(path: Path, content: bytes) -> None:
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}", file=sys.stderr)
        raise typer.Exit(1) from None


def _draw(report: "Report", path: Path) -> None:
    from posthouse.bench.plot import NoPlots, picture

    try:
        _put(path, picture(report, "svg" if path.suffix.lower() == ".svg" else "png"))
    except NoPlots as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def _document(report: "Report", docs: Path) -> None:
    """The page, the figures it was made from, and its picture."""
    from posthouse.bench.table import written

    page = docs / "performance.md"
    try:
        text = written(page.read_text("utf-8"), report)
    except (OSError, ValueError) as error:
        print(f"{page} is left as it is: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    _draw(report, docs / "pictures" / "performance.png")
    _put(docs / "performance.json", _text(report))
    _put(page, text.encode())


def _load(
    target: str,
    really: str | None,
    key: str,
    connections: int,
    seconds: float,
    rate: float | None,
    sender: str,
    json: Path | None,
) -> None:
    """One load on a running server."""
    import uvloop

    from posthouse.bench.load import Plan, load
    from posthouse.bench.target import Refused, aimed, told

    try:
        plan = aimed(target, really, key, Plan(0, "", connections, seconds, rate=rate, sender=sender))
    except Refused as error:
        print(f"posthouse bench: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        with _telling() as tell:
            tell(f"loading {target} for {seconds:g} s", 1)
            shot = uvloop.run(load(plan))
    except OSError as error:
        print(f"posthouse bench: {target} cannot be reached: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if json is not None:
        _put(json, _text(shot))
    if str(json) != "-":
        print(*told(shot, plan), sep="\n")
    if shot.lost or shot.late or set(shot.statuses) != {202}:
        raise typer.Exit(1)
