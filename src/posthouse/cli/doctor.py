"""posthouse doctor: what keeps mail from going out or from being believed, and what to do about it."""

import asyncio
import os
import re
from contextlib import nullcontext
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from posthouse.cli.screen import plain, print_json, screen
from posthouse.clock import SystemClock
from posthouse.config import Config, load
from posthouse.providers.catalogue import SPECS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from posthouse.doctor.finding import Finding, Value

EXAMPLES: Final = """
  posthouse doctor                            before you send: providers, DNS, store, disk, rights
  posthouse doctor --offline                  only what can be seen on this machine
  posthouse doctor --resolver 9.9.9.9:53      asks this DNS server, past the caches of this network
  posthouse doctor --json | jq '.findings[] | select(.value == "fail")'
"""

STYLES: Final[dict[str, str]] = {"ok": "green", "warn": "yellow", "fail": "bold red", "skipped": "dim"}

SUMMARY: Final[dict[str, str]] = {"fail": "to mend", "warn": "to look at", "skipped": "skipped", "ok": "fine"}

DEADLINE_S: Final = 10.0
DNS_PORT: Final = 53


def doctor(
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="Configuration file.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no provider and no DNS server.")] = False,
    resolver: Annotated[
        str | None, typer.Option(metavar="ADDR:PORT", help="DNS server to ask instead of this machine's.")
    ] = None,
    deadline: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=600, help="How long one answer may take.")
    ] = DEADLINE_S,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Look at everything that mail depends on, and say what to do. Sends nothing and changes nothing.

    Each pool's providers (credentials, verified sender), its domain (SPF, DKIM, DMARC), the clock, the store and its
    schema, the disk, who may read the files, the versions. Exit 1 if anything failed; warnings do not count.
    """
    server = None if resolver is None else endpoint(resolver)
    settings = load(config, os.environ, SPECS, SystemClock().now())
    from posthouse.doctor.examination import of_a_broken_file  # brings asyncio, ssl and the DNS along
    from posthouse.doctor.finding import counts

    if isinstance(settings, Config):
        found = _examined(settings, server, deadline, offline=offline)
    else:
        found = of_a_broken_file(settings)
    tally = counts(found)
    if as_json:
        members = ({name: getattr(one, name) for name in one.__struct_fields__} for one in found)
        print_json({"ok": tally["fail"] == 0, "counts": tally, "findings": list(members)})
    else:
        _print(found, tally)
    raise typer.Exit(1 if tally["fail"] else 0)


def endpoint(text: str) -> tuple[str, int]:
    """Address and port of `9.9.9.9`, `127.0.0.1:5353` or `[::1]:53`. BadParameter for anything else."""
    found = re.fullmatch(r"\[([^]]+)\](?::(\d{1,5}))?|([^:]+)(?::(\d{1,5}))?", text)
    try:
        if found is None:
            raise ValueError
        host, port = found[1] or found[3], int(found[2] or found[4] or DNS_PORT)
        ip_address(host)
        if not 0 < port < 65536:
            raise ValueError
    except ValueError:
        raise typer.BadParameter(
            "expected an address and a port, such as 127.0.0.1:53", param_hint="--resolver"
        ) from None
    return host, port


def _examined(config: Config, server: tuple[str, int] | None, deadline_s: float, *, offline: bool) -> "list[Finding]":
    from rich.console import Console

    from posthouse.doctor.examination import examine
    from posthouse.doctor.names import Resolver

    console = Console(stderr=True)
    working = console.status("asking providers and DNS") if console.is_terminal and not offline else nullcontext()
    with working:
        return asyncio.run(
            examine(config, SystemClock(), None if offline else Resolver(server, deadline_s), deadline_s)
        )


def _print(found: "Sequence[Finding]", tally: "dict[Value, int]") -> None:
    """For a terminal a table; for a pipe a line each, and what to do on the line below."""
    console = screen()
    if console.is_terminal:
        _print_table(found)
    else:
        for one in found:
            print(f"{one.value:<8}{one.check:<14}{one.subject}: {plain(one.seen)}")
            if one.advice:
                print(f"{'':<8}-> {plain(one.advice)}")
    told = [f"{tally[value]} {words}" for value, words in SUMMARY.items() if tally[value]]  # type: ignore[index]
    print(f"\n{', '.join(told)}")


def _print_table(found: "Sequence[Finding]") -> None:
    from rich.table import Column, Table
    from rich.text import Text

    narrow = Column("of", overflow="fold", max_width=32)
    table = Table("", "what", narrow, Column("seen", overflow="fold"), box=None, padding=(0, 2, 0, 0))
    for one in found:
        words = plain(one.seen)
        if one.advice:
            words.append("\n→ ", style="bold")
            words.append(plain(one.advice).plain, style="" if one.value in ("fail", "warn") else "dim")
        table.add_row(Text(one.value, style=STYLES[one.value]), one.check, plain(one.subject), words)
    screen().print(table)
