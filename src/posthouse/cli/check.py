"""posthouse check: every problem of the configuration, each with its path and line."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from posthouse.clock import SystemClock
from posthouse.config import Config, Problem, load
from posthouse.config.unenforced import unenforced
from posthouse.providers.catalogue import SPECS

if TYPE_CHECKING:
    from posthouse.doctor.credentials import Asked

EXAMPLES: Final = """
  posthouse check
  posthouse check --config staging.yaml --json
  posthouse check --online           asks each provider whether it knows the key; sends nothing
"""

DEADLINE_S: Final = 10.0

WORDS: Final = {"accepted": "ok", "unauthorised": "refuses the credentials", "deferred": "not reached"}


def check(
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="Configuration file.")] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask each provider whether it would carry mail; nothing is sent.")
    ] = False,
    deadline: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=600, help="How long a provider may take to answer.")
    ] = DEADLINE_S,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Tell every problem of the configuration, or what it amounts to. Exit 1 if there is any problem."""
    found = load(config, os.environ, SPECS, SystemClock().now())
    problems = list(found.warnings) if isinstance(found, Config) else found
    asked = _asked(found, deadline) if online and isinstance(found, Config) else None
    if as_json:
        print(_as_json(found, problems, asked))
    else:
        print(_as_text(found, problems))
        if asked is not None:
            _print(asked)
    raise typer.Exit(1 if problems or not all(each.ok for each in asked or ()) else 0)


def _asked(config: Config, deadline_s: float) -> "list[Asked]":
    from posthouse.cli.screen import progress
    from posthouse.doctor.credentials import ask_all  # brings asyncio and ssl along

    with progress(sum(len(pool.providers) for pool in config.pools.values())) as step:
        return ask_all(
            config, SPECS, deadline_s, lambda each: step(f"{each.pool} {each.provider}: {_word(each.outcome)}")
        )


def _word(outcome: str) -> str:
    return WORDS.get(outcome, outcome)


def _print(asked: "list[Asked]") -> None:
    from rich.table import Table
    from rich.text import Text

    from posthouse.cli.screen import plain, screen

    table = Table("pool", "provider", "type", "answer", "status", "ms", "detail", box=None, padding=(0, 2, 0, 0))
    for each in asked:
        style = "dim" if each.outcome == "disabled" else "green" if each.ok else "red"
        numbers = ("" if number is None else str(number) for number in (each.status, each.ms))
        detail = plain("" if each.outcome == "accepted" else each.detail or "")
        table.add_row(each.pool, each.provider, each.type, Text(_word(each.outcome), style=style), *numbers, detail)
    screen().print(table)


def _as_text(found: Config | list[Problem], problems: list[Problem]) -> str:
    if problems:
        return "\n".join(map(str, problems))
    return _summary(found) if isinstance(found, Config) else ""


def _summary(config: Config) -> str:
    """What the configuration amounts to, in a few lines."""
    origin = {
        "file": f"{config.source}: no problems",
        "environment": "variables of the environment: no problems",
        "development": "no configuration found: development mode, on this machine only",
    }
    lines = [origin[config.mode], f"  listens on {config.http.listen}, keeps messages in {config.store.place}"]
    for pool in config.pools.values():
        providers = ", ".join(name if entry.enabled else f"{name} (disabled)" for name, entry in pool.providers.items())
        lines.append(f"  {pool.name}: {pool.strategy} of {providers}")
    lines += [f"  note: {note}" for note in unenforced(config)]
    return "\n".join(lines)


def _as_json(found: Config | list[Problem], problems: list[Problem], asked: "list[Asked] | None") -> str:
    ok = not problems and all(each.ok for each in asked or ())
    answer: dict[str, Any] = {"ok": ok, "problems": problems}
    if asked is not None:
        answer["online"] = asked
    if isinstance(found, Config):
        answer |= {
            "mode": found.mode,
            "file": None if found.source is None else str(found.source),
            "listen": str(found.http.listen),
            "store": found.store.place,
            "notes": list(unenforced(found)),
            "pools": [
                {
                    "domain": pool.name,
                    "strategy": pool.strategy,
                    "providers": [
                        {
                            "name": entry.name,
                            "type": entry.type,
                            "order": entry.order,
                            "weight": entry.weight,
                            "score": entry.score,
                            "enabled": entry.enabled,
                        }
                        for entry in pool.providers.values()
                    ],
                }
                for pool in found.pools.values()
            ],
        }
    return msgspec.json.encode(answer).decode()
