"""posthouse simulate: the shipped routing in a made-up world, in virtual time."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from posthouse.sim.log import Log
    from posthouse.sim.report import Report
    from posthouse.sim.scenario import Scenario
    from posthouse.sim.whatif import Replay

# What simulates is imported where it is used: `posthouse serve` must not wait for it.

Progress = Callable[[float], None]

STEPS = 10
"""How many lines of progress are printed where no terminal is."""


def simulate(
    scenario: Annotated[
        str | None, typer.Argument(metavar="SCENARIO.yaml | NAME", help="A file, or one that is built in.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the scenarios that are built in.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another run; the same one is the same.")] = 1,
    rule: Annotated[
        Literal["posthouse", "micromailer"], typer.Option(help="Route as Posthouse does, or as micromailer did.")
    ] = "posthouse",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png | FILE.svg", help="Draw traffic, scores and circuits.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    what_if: Annotated[
        Path | None,
        typer.Option(metavar="CONFIG", help="Replay the attempts in CONFIG's store under the policy in CONFIG."),
    ] = None,
) -> None:
    """Run the shipped routing in a made-up world, or your recorded attempts under another policy.

    Nothing is sent. Time is virtual: half an hour takes a second or two.
    """
    if sum((scenario is not None, list_, what_if is not None)) != 1:
        raise typer.BadParameter("expected a scenario, --list or --what-if CONFIG (one of them)", param_hint="SCENARIO")
    if plot is not None and (plot.suffix.lower() not in (".png", ".svg") or scenario is None):
        raise typer.BadParameter("expected a FILE.png or FILE.svg, with a scenario", param_hint="--plot")
    if scenario is not None:
        _simulated(scenario, seed, rule, plot, as_json)
    elif what_if is not None:
        _replayed(what_if, as_json)
    else:
        _listed(as_json)


def _listed(as_json: bool) -> None:
    from posthouse.cli.screen import print_json

    found = {name: read.about for name, read in built_in().items()}
    if as_json:
        print_json(found)
    else:
        print("\n".join(f"{name:<14} {about}" for name, about in found.items()))


def built_in() -> "dict[str, Scenario]":
    """The scenarios that come with Posthouse, by name."""
    from posthouse.sim.scenario import Scenario, read

    found = {}
    for entry in files("posthouse.sim").joinpath("scenarios").iterdir():
        scenario = read(entry.read_text("utf-8"))
        if isinstance(scenario, Scenario):
            found[entry.name.removesuffix(".yaml")] = scenario
    return dict(sorted(found.items()))


def played(
    scenario: "Scenario", seed: int, rule: str = "posthouse", progress: Progress = lambda at: None
) -> "tuple[Log, Report]":
    """One run of a scenario, and its figures."""
    from random import Random

    from posthouse.sim.model import Providers
    from posthouse.sim.reference import micromailer
    from posthouse.sim.report import measured
    from posthouse.sim.run import run

    rules = micromailer(scenario.rules) if rule == "micromailer" else scenario.rules
    answers = Providers(scenario.providers, Random(f"posthouse {seed}"))  # noqa: S311  the same each time
    log = run(rules, scenario.arrivals(seed), answers, scenario.lasts, progress)
    return log, measured(log, scenario.watched, scenario.providers[scenario.watched].healed_at)


def _simulated(name: str, seed: int, rule: str, plot: Path | None, as_json: bool) -> None:
    scenario = _scenario(name)
    with _progress(name, scenario.lasts) as progress:
        log, report = played(scenario, seed, rule, progress)
    if plot is not None:
        _draw(log, f"{name}: {scenario.about}" if scenario.about else name, scenario.lasts, plot)
    _print(report, as_json)


def _scenario(name: str) -> "Scenario":
    """The scenario in that file, or the one built in under that name; ends the command where there is none."""
    from posthouse.sim.scenario import Scenario, read

    known = built_in()
    if name in known:
        return known[name]
    try:
        found = read(Path(name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        print(f"{name} cannot be read: {why}; built in are {', '.join(known)}", file=sys.stderr)
        raise typer.Exit(2) from None
    if isinstance(found, Scenario):
        return found
    print(*found, sep="\n", file=sys.stderr)
    raise typer.Exit(1)


def _draw(log: "Log", title: str, lasts_s: float, path: Path) -> None:
    from posthouse.sim.plot import NoPlots, picture

    try:
        path.write_bytes(picture(log, title, lasts_s, "svg" if path.suffix.lower() == ".svg" else "png"))
    except (NoPlots, OSError) as error:
        why = f"{path} cannot be written: {error.strerror}" if isinstance(error, OSError) else error
        print(why, file=sys.stderr)
        raise typer.Exit(1) from None


def _print(report: "Report", as_json: bool) -> None:
    import msgspec
    from rich.console import Console
    from rich.table import Table

    from posthouse.cli.screen import print_json
    from posthouse.sim.report import lines, loads, summary

    if as_json:
        print_json(msgspec.to_builtins(report))
        return
    if not sys.stdout.isatty():
        print(*lines(report), sep="\n")
        return
    console, figures = Console(highlight=False), Table(box=None, show_header=False, pad_edge=False)
    for row in summary(report):
        figures.add_row(*row)
    providers = Table(box=None, pad_edge=False)
    providers.add_column("provider")
    for what, _ in loads(report)[0][1]:
        providers.add_column(what, justify="right")
    for provider, told in loads(report):
        providers.add_row(provider, *(value for _, value in told))
    console.print(figures, "", providers)


def _replayed(config: Path, as_json: bool) -> None:
    """The recorded attempts of every pool of the configuration, under its policy."""
    import os

    import msgspec

    from posthouse.cli.recorded import Unreadable, recorded
    from posthouse.cli.screen import print_json
    from posthouse.clock import SystemClock
    from posthouse.config import load
    from posthouse.config.rooms import rules
    from posthouse.providers.catalogue import SPECS
    from posthouse.sim.whatif import replay

    settings = load(config, os.environ, SPECS, SystemClock().now())
    if isinstance(settings, list):
        print(*settings, sep="\n", file=sys.stderr)
        raise typer.Exit(1)
    if settings.store.dialect != "sqlite":
        print("attempts can be replayed from a store on SQLite only", file=sys.stderr)
        raise typer.Exit(1)
    try:
        attempts = recorded(Path(settings.store.path))
    except Unreadable as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    replays: dict[str, Replay] = {}
    for pool in settings.pools.values():
        seen = attempts.get(pool.name, [])
        lasts_s = max((attempt.at for attempt in seen), default=0.0) - min((a.at for a in seen), default=0.0)
        with _progress(pool.name, lasts_s) as progress:
            found = replay(seen, rules(pool, SPECS), progress)
        if found is not None:
            replays[pool.name] = found
    if as_json:
        print_json(msgspec.to_builtins(replays))
    elif not replays:
        print(f"no attempts of these pools are recorded in {settings.store.place}")
    else:
        for name, found in replays.items():
            _compare(name, found)


def _compare(pool: str, replay: "Replay") -> None:
    from rich.console import Console
    from rich.table import Table

    from posthouse.sim.whatif import certainty, compared

    rows = compared(replay)
    print(f"{pool}: {replay.recorded.messages:,} messages")
    if sys.stdout.isatty():
        table = Table("", "as it was", "what if", box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        Console(highlight=False).print(table)
    else:
        print(*(f"{what}: {was} -> {then}" for what, was, then in rows), sep="\n")
    print(certainty(replay))


@contextmanager
def _progress(name: str, lasts_s: float) -> Iterator[Progress]:
    """A bar on a terminal and a few lines elsewhere; both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(name, total=lasts_s, at="")
            yield lambda at: bar.update(task, completed=at, at=f"{at:,.0f} s")
        return
    told = 0

    def tell(at: float) -> None:
        nonlocal told
        while told < STEPS and at >= (told + 1) * lasts_s / STEPS:
            told += 1
            print(f"{name}: {at:,.0f} of {lasts_s:,.0f} s", file=sys.stderr)

    yield tell
