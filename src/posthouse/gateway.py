"""Builds everything from the configuration, starts it, stops it. Alone knows which store and which providers run."""

import asyncio
import gc
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from posthouse.clock import Clock, SystemClock
from posthouse.config.problem import Problem
from posthouse.config.rooms import canary, kinds, known_callers, policy, rules
from posthouse.config.schema import Config, Role
from posthouse.delivery.desk import Desk
from posthouse.delivery.doubts import reminding
from posthouse.delivery.exchange import Exchange, exchanging
from posthouse.delivery.express import Express
from posthouse.delivery.nodes import beating, join
from posthouse.delivery.probe import probing
from posthouse.delivery.sweep import Retention, sweeping
from posthouse.delivery.tail import following
from posthouse.delivery.traced import Traced
from posthouse.delivery.worker import Worker
from posthouse.fittings import Fittings
from posthouse.intake.accept import Intake
from posthouse.intake.allowance import Allowances
from posthouse.intake.caller import Callers
from posthouse.intake.canary import Canary
from posthouse.mail.limits import Limits
from posthouse.metrics.otlp import Bridge
from posthouse.metrics.shelf import Shelf
from posthouse.metrics.tally import Tally
from posthouse.providers.base import is_loopback
from posthouse.providers.catalogue import SPECS
from posthouse.providers.client import Client
from posthouse.reload import Parsed, Reload, written
from posthouse.routing.quota import this_day
from posthouse.store.contract import StoreDown
from posthouse.store.values import Change, Who, job_of
from posthouse.telemetry import warn
from posthouse.telemetry.otel import Otel
from posthouse.web.app import App
from posthouse.web.body import Budget
from posthouse.web.cors import NO_ORIGINS, Cors
from posthouse.web.door import Door
from posthouse.web.health import Readiness
from posthouse.web.metrics import exporting, shelving, snapshot
from posthouse.web.server import server

if TYPE_CHECKING:
    from posthouse.store.postgres.store import PostgresStore
    from posthouse.store.sqlite.store import SqliteStore

CONNECTIONS: Final = 1024
"""Connections to providers at the same time; more than a worker ever has in hand."""

LARGE_BODIES: Final = 48 * 2**20
"""Bytes of large requests that are taken in at the same time; each needs about four times its size for a moment."""

CONTENTS: Final = 32 * 2**20
"""Bytes of messages in the hands of delivery at the same time."""

DRAIN_S: Final = 25.0
"""How long attempts that have begun may take to end when the process is asked to stop."""

LET_GO_S: Final = 2.0
"""How long the store may take to hear that this process goes, and again to let go: a database that hangs would hold the
process beyond what it is given to stop."""

GARBAGE: Final = 20_000
"""New containers before the collector looks at them: what comes and goes with a message holds no cycles."""

DISK_FAILED: Final = 70
"""Exit status when the disk failed under the store: what is on it must be read afresh (EX_SOFTWARE)."""


def unparsed(data: bytes) -> Parsed:
    """For a gateway whose configuration comes from no file."""
    return [Problem("", None, "expected a configuration file to replace")]


async def open_store(config: Config, clock: Clock, tally: Tally) -> "SqliteStore | PostgresStore":
    """The store of the configuration. Each is imported only where it is the one."""
    if config.store.dialect == "sqlite":
        from posthouse.store.sqlite.store import SqliteStore

        return SqliteStore(Path(config.store.path), tally)
    from posthouse.store.postgres.store import PostgresStore

    return await PostgresStore.open(config.store.url.reveal(), clock, tally)


class Gateway:
    """A running Posthouse. Make it with `open`, inside an event loop; `run` returns the exit status."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        store: "SqliteStore | PostgresStore",
        client: Client,
        load: Callable[[], Parsed] | None,
        parse: Callable[[bytes], Parsed],
        role: Role,
        tally: Tally,
        secret: bytes | None,
    ) -> None:
        self._clock, self._store, self._client, self._role = clock, store, client, role
        self._retention = Retention()
        self._node = f"{socket.gethostname()}.{os.getpid()}.{token_hex(4)}"
        self._stop = asyncio.Event()
        self._fittings = Fittings(client, clock)
        self._auditing: set[asyncio.Future[None]] = set()
        self._bridge: Bridge | None = None
        together = config.health_scope == "cluster" and config.store.dialect == "postgresql"
        self._desk = Desk(clock, store, {}, {}, tally, Exchange(clock, store, self._node) if together else None)
        self._worker = Worker(self._desk, max_bytes=CONTENTS)
        reading = load or (lambda: self._reload.running)
        self._reload = Reload(clock, reading, parse, self._apply, config, self._audited)
        inbox = Express(store, self._worker, self._desk) if role == "all" else store
        intake = Intake(clock, os.urandom, inbox, {}, Limits())
        self._canary = Canary(clock, intake, store, self._desk.board, tally)
        door = Door(
            clock=clock,
            store=store,
            intake=intake,
            callers=Callers({}),
            allowances=Allowances(),
            canary=self._canary,
            readiness=Readiness(clock, store, self._desk.circuits, self._stop.is_set, self._canary, self._broken),
            max_body=0,
            budget=Budget(LARGE_BODIES),
            board=self._desk.board,
            outlook=lambda entry: self._desk.outlook(job_of(entry)),
            kinds={},
            administration=self._reload,
            stopping=self._stop,
            tally=tally,
        )
        self.app = App(door, development=config.mode == "development", secret=secret)
        self._apply(config)

    @classmethod
    async def open(
        cls,
        config: Config,
        clock: Clock | None = None,
        load: Callable[[], Parsed] | None = None,
        parse: Callable[[bytes], Parsed] = unparsed,
        role: Role = "all",
        secret: bytes | None = None,
        shelf: Shelf | None = None,
        otel: Otel | None = None,
    ) -> "Gateway":
        """Open the store and all that stands on it. StoreRefused says why it cannot be.

        load, parse: how the configuration is read anew, and how one that is to replace it; see `Reload`. secret: 32
        random bytes that processes behind one socket share, to seal what browsers keep; None for a process alone.
        shelf: where such processes leave their metrics for each other. otel: sends spans and metrics.
        """
        clock, tally = clock or SystemClock(), Tally()
        store = await open_store(config, clock, tally)
        gateway = cls(config, clock, store, Client(CONNECTIONS), load, parse, role, tally, secret)
        gateway.app.door.shelf = shelf
        if otel is not None:
            gateway._watched_by(otel)
        await gateway._desk.take_up(store)
        now = clock.now()
        gateway.app.door.allowances = Allowances(await store.accepted(this_day(now)), now)
        return gateway

    def _watched_by(self, otel: Otel) -> None:
        if otel.tracer is not None:
            self.app.door.tracer, self._desk.traced = otel.tracer, Traced(otel.tracer)
        if otel.asked.metrics:
            self._bridge = Bridge(otel.resource, self._clock.now(), otel.asked.every_s)

    def _apply(self, config: Config) -> None:
        """Put a configuration in force: everything that can fail first, then all of it in one step."""
        carriers = self._fittings.fit(config)
        pools, door = config.pools.items(), self.app.door
        self._desk.reconfigure({str(name): rules(pool, SPECS) for name, pool in pools}, carriers)
        door.intake.reconfigure(
            {str(name): policy(pool) for name, pool in pools}, Limits(attachment_bytes=config.http.max_body_bytes)
        )
        self._canary.reconfigure(canary(config))
        door.callers = Callers(known_callers(config))
        door.max_body = config.http.max_body_bytes
        door.kinds = {str(name): kinds(pool, reveal=config.reveal_keys) for name, pool in pools}
        door.cors = Cors(config.http.cors_origins) if config.http.cors_origins else NO_ORIGINS
        self._retention.content_s, self._retention.records_s = config.retention.content_s, config.retention.records_s

    async def run(self, listener: socket.socket, ready: Callable[[], None] = lambda: None) -> int:
        """Serve on the socket and deliver until told to stop; then drain. 0, or DISK_FAILED."""
        self.app.door.local = is_loopback(listener.getsockname()[0])
        door = server(self.app)
        serving = asyncio.create_task(door.serve([listener]))
        working = [asyncio.create_task(loop) for loop in self._loops()]
        watching = [asyncio.create_task(_set(event)) for event in (self._stop, self._store.failed)]
        # What is alive now lives as long as the process: it need not be looked at again.
        gc.freeze()
        gc.set_threshold(GARBAGE)
        ready()
        await asyncio.wait([serving, *working, *watching], return_when=asyncio.FIRST_COMPLETED)
        failed = self._store.failed.is_set() or not self._stop.is_set()
        for task in working:
            if task.done() and (error := task.exception()) is not None:
                warn("a part of the gateway stopped", error=error)
        self._stop.set()
        door.should_exit = True
        for task in [*working, *watching]:
            task.cancel()
        await asyncio.gather(*working, *watching, return_exceptions=True)
        # Where the disk failed, no answer that came now could be written down.
        left = await self._worker.drain(0.0 if self._store.failed.is_set() else DRAIN_S)
        if left:
            warn("stopped with attempts under way; they are in doubt at the next start", count=left)
        with suppress(asyncio.CancelledError):
            await serving
        with suppress(StoreDown):
            await in_time(self._store.leave(self._node))
        await self.close()
        return DISK_FAILED if failed else 0

    def _loops(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What goes on all the time."""
        yield following(self._desk, self._store)
        if self._desk.exchange is not None:
            yield exchanging(self._desk, self._desk.exchange)
        yield self._canary.watching()
        if (file := self._reload.running.source) is not None:
            yield self._reload.watching(file)
        if self.app.door.shelf is not None:
            yield shelving(self.app.door, self.app.door.shelf)
        if self._bridge is not None:
            yield exporting(self.app.door, self._bridge)
        if self._role != "web":
            yield self._delivering()
            yield beating(self._desk, self._node)
            yield sweeping(self._desk, self._retention, self._worker.renew)
            yield reminding(self._store, self._clock)
            yield probing(self._desk)

    async def _delivering(self) -> None:
        await join(self._desk, self._node)
        await self._worker.run()

    def _broken(self) -> bool:
        """Whether the configuration that was read last could not be taken over."""
        return bool(self._reload.last.problems)

    def reload(self) -> None:
        """Read the configuration anew."""
        self._reload.reload(Who("signal", address=socket.gethostname()))

    def _audited(self, changes: list[Change]) -> None:
        """Have the audit keep what was changed in the configuration."""
        self._auditing.add(task := asyncio.ensure_future(written(changes, self._store, self._clock)))
        task.add_done_callback(self._auditing.discard)

    def stop(self) -> None:
        """Ask `run` to drain and return."""
        self._stop.set()

    async def close(self) -> None:
        if self._bridge is not None:
            self._bridge.put(await snapshot(self.app.door))
        await self._fittings.close()
        await in_time(self._store.close())
        await self._client.close()
        if self._bridge is not None:
            self._bridge.finish()


async def in_time(going: Coroutine[Any, Any, None]) -> None:
    """Wait for it, and not for long: what is left is as it would be after a kill."""
    try:
        async with asyncio.timeout(LET_GO_S):
            await going
    except TimeoutError:
        warn("the store did not let go in time")


async def _set(event: asyncio.Event) -> None:
    await event.wait()
