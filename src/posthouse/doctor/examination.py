"""All that is looked at, from the ground up: the machine, the store, the providers, the sending domains."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from posthouse.clock import Clock
from posthouse.config.problem import Problem
from posthouse.config.schema import Config
from posthouse.doctor import accounts as ask_accounts
from posthouse.doctor import machine, storage
from posthouse.doctor.accounts import Account, accounts
from posthouse.doctor.domain import domain
from posthouse.doctor.finding import Finding
from posthouse.doctor.names import Resolver

UNTAUGHT = "sandbox"
"""What it carries leaves no machine, and nobody has to believe it."""


async def examine(config: Config, clock: Clock, resolver: Resolver | None, deadline_s: float) -> list[Finding]:
    """Every finding. resolver: whom to ask for names; None: nobody outside this machine is asked anything."""
    found = [*on_this_machine(config), *await of_the_store(config, clock, deadline_s)]
    if resolver is None:
        offline = "not looked at, as --offline says: credentials, sender, clock, SPF, DKIM, DMARC"
        return [*found, *[Finding("skipped", "network", str(name), offline) for name in config.pools]]
    known = await accounts(config, clock, deadline_s)
    found.append(ask_accounts.clock(known))
    for account in known:
        found.append(ask_accounts.credentials(account))
        if account.entry.type != UNTAUGHT:
            found.append(ask_accounts.sender(account))
    for each in await asyncio.gather(*[_of_pool(name, known, resolver) for name in config.pools]):
        found += each
    return found


def of_a_broken_file(problems: Iterable[Problem]) -> list[Finding]:
    """What is left to look at where the configuration cannot be read."""
    broken = [
        Finding("fail", "configuration", f"{one.path}{'' if one.line is None else f' (line {one.line})'}", one.message)
        for one in problems
    ]
    return [machine.python(), machine.sqlite(), *broken]


def on_this_machine(config: Config) -> list[Finding]:
    """Versions, disk, rights, and what the configuration's reader would have somebody see."""
    found = [machine.python(), machine.configuration(config)]
    if config.store.dialect == "sqlite":
        path = Path(config.store.path)
        found += [machine.sqlite(), machine.disk(path), machine.rights(path)]
    found += [Finding("warn", "configuration", one.path, one.message) for one in config.warnings]
    return [one for one in found if one is not None]


async def of_the_store(config: Config, clock: Clock, deadline_s: float) -> list[Finding]:
    if config.store.dialect == "sqlite":
        return [storage.sqlite(config.store)]
    return await storage.postgresql(config.store, clock, deadline_s)


async def _of_pool(name: str, known: list[Account], resolver: Resolver) -> list[Finding]:
    senders = [one for one in known if one.pool.name == name and one.entry.type != UNTAUGHT]
    if not senders:
        why = "only the sandbox is enabled here: nothing leaves this machine"
        return [Finding("skipped", "domain", str(name), why)]
    return await domain(str(name), senders, resolver.texts)
