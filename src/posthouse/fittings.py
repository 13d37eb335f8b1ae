"""The providers of a configuration, ready to carry; a reload keeps those of which nothing changed."""

import asyncio

import msgspec

from posthouse.clock import Clock
from posthouse.config.pool import Pool, ProviderEntry
from posthouse.config.rooms import probe_mail, providers
from posthouse.config.schema import Config
from posthouse.delivery.desk import Carrier, Line
from posthouse.providers.catalogue import SPECS, open_provider
from posthouse.providers.client import Client


class Fitting(msgspec.Struct, frozen=True):
    """A provider of one pool, and all that it was made of."""

    made_of: tuple[object, ...]
    carrier: Carrier


class Fittings:
    """Those in force. client: what all of them call with."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._fitted: dict[Line, Fitting] = {}
        self._closing: set[asyncio.Future[None]] = set()

    def fit(self, config: Config) -> dict[Line, Carrier]:
        """Those of this configuration, in force from now on. ValueError: one cannot be made, and all stay as they were.

        One of which nothing changed keeps its connections; one that is gone ends what it has begun.
        """
        fitted = {
            (pool.name, entry.name): self._fitting(pool, entry)
            for pool in config.pools.values()
            for entry in providers(pool, SPECS)
        }
        before, self._fitted = self._fitted, fitted
        for line, fitting in before.items():
            if fitted.get(line) is not fitting:
                self._closing.add(task := asyncio.ensure_future(fitting.carrier.provider.close()))
                task.add_done_callback(self._closing.discard)
        return {line: fitting.carrier for line, fitting in fitted.items()}

    def _fitting(self, pool: Pool, entry: ProviderEntry) -> Fitting:
        mail = probe_mail(pool)
        was = self._fitted.get((pool.name, entry.name))
        made_of = (entry.type, entry.settings, entry.timeout_s, mail)
        if was is not None and was.made_of == made_of:
            return was
        provider = open_provider(entry.type, entry.settings, self._client, self._clock)
        return Fitting(made_of, Carrier(provider, entry.timeout_s, mail))

    async def closing(self) -> None:
        """Wait until those that were replaced, or are gone, have let go."""
        if self._closing:
            await asyncio.wait(self._closing)

    async def close(self) -> None:
        """Let go of all."""
        await self.closing()
        for fitting in self._fitted.values():
            await fitting.carrier.provider.close()
