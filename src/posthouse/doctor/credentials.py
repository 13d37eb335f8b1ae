"""Asking every provider of a configuration whether it would carry mail: its cheap authenticated call, nothing sent."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from posthouse.clock import SystemClock
from posthouse.config.pool import ProviderEntry
from posthouse.config.schema import Config
from posthouse.providers.base import Spec
from posthouse.providers.catalogue import open_provider
from posthouse.providers.client import Client
from posthouse.routing.outcome import Deferred, Outcome, consequence
from posthouse.secret import Secret

CONNECTIONS = 64


class Asked(msgspec.Struct, frozen=True):
    """What one provider answered. outcome: `accepted` where it would carry mail; `disabled` where it was not asked.

    status: its status, None where it has none or did not answer. detail: why it would not; no secret stands in it.
    """

    pool: str
    provider: str
    type: str
    outcome: str
    status: int | None = None
    detail: str | None = None
    ms: int | None = None

    @property
    def ok(self) -> bool:
        return self.outcome in ("accepted", "disabled")


def ask_all(config: Config, specs: Mapping[str, Spec], deadline_s: float, told: Callable[[Asked], None]) -> list[Asked]:
    """Ask them all at once, in the configuration's order. told: hears of each as it comes."""
    return asyncio.run(_ask_all(config, specs, deadline_s, told))


async def _ask_all(
    config: Config, specs: Mapping[str, Spec], deadline_s: float, told: Callable[[Asked], None]
) -> list[Asked]:
    client = Client(CONNECTIONS)

    async def one(pool: str, entry: ProviderEntry) -> Asked:
        asked = await ask(pool, entry, client, deadline_s) if entry.enabled else _unasked(pool, entry)
        told(asked)
        return asked

    try:
        entries = [(pool.name, entry) for pool in config.pools.values() for entry in pool.providers.values()]
        return list(await asyncio.gather(*(one(pool, entry) for pool, entry in entries)))
    finally:
        await client.close()


def _unasked(pool: str, entry: ProviderEntry) -> Asked:
    return Asked(pool, entry.name, entry.type, "disabled", detail="not asked")


async def ask(pool: str, entry: ProviderEntry, client: Client, deadline_s: float) -> Asked:
    """Ask one of them; whatever happens becomes its answer."""
    clock = SystemClock()
    began = clock.monotonic()
    try:
        provider = open_provider(entry.type, entry.settings, client, clock)
        try:
            outcome: Outcome = await asyncio.wait_for(provider.probe(deadline_s), deadline_s + 1.0)
        finally:
            await provider.close()
    except TimeoutError:
        outcome = Deferred(detail=f"no answer within {deadline_s:g} s")
    except (ValueError, OSError) as error:
        outcome = Deferred(detail=str(error))
    ms = round((clock.monotonic() - began) * 1000)
    detail = None if outcome.detail is None else without_secrets(outcome.detail, entry.settings)
    return Asked(pool, entry.name, entry.type, consequence(outcome).kind, outcome.status, detail, ms)


def without_secrets(text: str, settings: msgspec.Struct) -> str:
    """The text, with each secret that a stranger's answer may have repeated made unreadable."""
    for value in msgspec.structs.asdict(settings).values():
        if isinstance(value, Secret) and value:
            text = text.replace(value.reveal(), "***")
    return text
