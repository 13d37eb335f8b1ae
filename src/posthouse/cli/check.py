"""posthouse check: every problem of the configuration, each with its path and line."""

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from posthouse.clock import SystemClock
from posthouse.config import Config, Problem, load
from posthouse.config.unenforced import unenforced
from posthouse.providers.catalogue import SPECS


def check(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Tell every problem of the configuration, or what it amounts to. Exit 1 if there is any problem."""
    found = load(config, os.environ, SPECS, SystemClock().now())
    problems = list(found.warnings) if isinstance(found, Config) else found
    print(_as_json(found, problems) if as_json else _as_text(found, problems))
    raise typer.Exit(1 if problems else 0)


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


def _as_json(found: Config | list[Problem], problems: list[Problem]) -> str:
    answer: dict[str, Any] = {"ok": not problems, "problems": problems}
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
