"""A provider dies under load, and heals: who carries the mail meanwhile, and what the pool says of it.

Posthouse is a process of its own; the providers are two servers of this one, and the clients keep a ledger.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Client
from tests.faults.auditor import audit, unfinished
from tests.faults.carrier import Carrier, carrying
from tests.faults.driver import Ledger, load, settle
from tests.faults.ground import stored
from tests.faults.server import KEY, POOL, STORE, Server, configured, sendgrid, serving

ADMIN = "a-key-of-the-operator"
BREAKER = {"failures": 5, "probe_every_s": 0.5, "ramp_step_s": 0.2}
CALLERS = 8
DEADLINE_S = 5.0
WITHIN_S = 30.0
BACK_S = 15.0


class Field:
    """Posthouse with two providers in order, and clients that post without a pause."""

    def __init__(self, server: Server, ledger: Ledger, second: Carrier) -> None:
        self.server, self.ledger, self.second = server, ledger, second
        self.admin = Client(server.port, ADMIN)

    async def provider(self, name: str) -> dict[str, Any]:
        """What the pool says of a provider."""
        status, pool = await asyncio.to_thread(self.admin.call, "GET", f"/{POOL}")
        assert status == 200, pool
        found: dict[str, Any] = next(one for one in pool["providers"] if one["name"] == name)
        return found

    async def breaker(self, state: str) -> None:
        """Wait until the circuit of the first provider stands so; the server is asked, it tells nobody by itself."""
        async with asyncio.timeout(WITHIN_S):
            while (await self.provider("first"))["breaker"] != state:
                pass

    async def more(self, carrier: Carrier, messages: int) -> None:
        """Wait until so many more have come to a provider."""
        await carrier.arrived(len(carrier.arrivals) + messages, WITHIN_S)

    async def back(self, carrier: Carrier) -> None:
        """Wait until nearly all of the mail goes through this provider again, as it does once its ramp is over."""
        async with asyncio.timeout(BACK_S):
            while True:
                spilt = len(self.second.arrivals)
                await self.more(carrier, 300)
                if len(self.second.arrivals) - spilt <= 3:
                    return


@asynccontextmanager
async def loaded(folder: Path, first_port: int) -> AsyncIterator[Field]:
    """Under load from the beginning to the end of the block; then every message is followed to its end."""
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(carrying())
        providers = {
            "first": sendgrid(first_port, timeout_s=DEADLINE_S),
            "second": sendgrid(second.port, timeout_s=DEADLINE_S),
        }
        config = configured(folder, providers, breaker=BREAKER)
        document = json.loads(config.read_text())
        config.write_text(json.dumps({**document, "admins": {"ops": ADMIN}}))
        server = await stack.enter_async_context(serving(config))
        ledger, going = Ledger(), True
        refs = (f"m{number}" for number in count())
        loading = asyncio.create_task(load(server.port, refs, ledger, CALLERS, lambda: going, once=True))
        stack.callback(loading.cancel)
        yield Field(server, ledger, second)
        going = False
        await loading
        messages = stored(folder / STORE)
        await settle(server.port, unfinished(messages), ledger)
        assert await server.stopped() == 0


async def test_a_provider_that_dies_under_load_is_left_at_once_and_come_back_to_when_it_heals(tmp_path: Path) -> None:
    async with AsyncExitStack() as life:
        first = await life.enter_async_context(carrying())
        async with loaded(tmp_path, first.port) as field:
            await field.more(first, 200)
            assert field.second.arrivals == []
            loop = asyncio.get_running_loop()
            died_at = loop.time()
            await life.aclose()
            await field.second.arrived(1)
            assert loop.time() - died_at < DEADLINE_S
            await field.breaker("open")
            await field.more(field.second, 200)

            healed = await life.enter_async_context(carrying(port=first.port))
            await field.breaker("closed")
            await field.back(healed)
    arrivals = [*first.arrivals, *field.second.arrivals, *healed.arrivals]
    report = audit(field.ledger.answers, arrivals, stored(tmp_path / STORE))
    assert report.violations == ()
    assert report.lost == 0
    assert report.accepted > 1000


async def test_a_simulated_failure_does_the_same_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    async with AsyncExitStack() as life:
        first = await life.enter_async_context(carrying())
        async with loaded(tmp_path, first.port) as field:
            await field.more(first, 200)
            status, told = await asyncio.to_thread(field.admin.call, "POST", f"/{POOL}/first/fail")
            assert (status, told["switch"]["fail"]) == (200, True)
            await field.breaker("open")
            carried = len(first.arrivals)
            await field.more(field.second, 200)
            assert len(first.arrivals) == carried, "nothing reaches a provider that pretends to be down"
            assert (await field.provider("first"))["switch"]["mode"] == "error"

            status, told = await asyncio.to_thread(field.admin.call, "DELETE", f"/{POOL}/first/fail")
            assert (status, told["switch"]["fail"]) == (200, False)
            await field.breaker("closed")
            await field.back(first)
    report = audit(field.ledger.answers, [*first.arrivals, *field.second.arrivals], stored(tmp_path / STORE))
    assert report.violations == ()
    assert (report.lost, report.duplicates) == (0, 0)


async def test_a_pool_key_cannot_make_a_provider_fail(tmp_path: Path) -> None:
    async with carrying() as first, loaded(tmp_path, first.port) as field:
        client = Client(field.server.port, KEY)
        status, _ = await asyncio.to_thread(client.call, "POST", f"/{POOL}/first/fail")
        assert status == 403
        await field.more(first, 10)
