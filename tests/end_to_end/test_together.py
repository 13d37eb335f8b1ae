"""Two processes on one real PostgreSQL, each with a door of its own: what one of them sees, the other one knows."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Client
from tests.end_to_end.process import serving
from tests.faults.carrier import ACCEPT, UNAUTHORISED, Carrier, Manner, carrying
from tests.faults.driver import message
from tests.faults.server import KEY, POOL, sendgrid
from tests.store import database

ADMIN = "a-key-of-the-operator"
ABOUT_A_SECOND = 1.5
"""Two looks of 0.4 s are between them; the rest is this machine's, which has other things to do."""

WITHIN_S = 30.0


class Pair:
    """The doors of both, and the carrier that both send to."""

    def __init__(self, carrier: Carrier, ports: list[int]) -> None:
        self.carrier = carrier
        self.doors = [Client(port, KEY) for port in ports]
        self.operators = [Client(port, ADMIN) for port in ports]

    async def first(self) -> list[dict[str, Any]]:
        """What each of them says of the provider."""
        answers = await asyncio.gather(*[asyncio.to_thread(one.call, "GET", f"/{POOL}") for one in self.operators])
        assert [status for status, _ in answers] == [200, 200]
        return [pool["providers"][0] for _, pool in answers]

    async def breakers(self) -> list[str]:
        return [provider["breaker"] for provider in await self.first()]

    async def post(self) -> str:
        body = json.dumps(message("together")).encode()
        status, told = await asyncio.to_thread(
            self.doors[0].call, "POST", "/email", body, {"Content-Type": "application/json"}
        )
        assert status == 202
        return str(told["id"])


@asynccontextmanager
async def pair(folder: Path, manner: Any, scope: str = "cluster", probe_every_s: float = 30.0) -> AsyncIterator[Pair]:
    url = await database.server().create("together")
    async with carrying(manner) as carrier:
        breaker = {"probe_every_s": probe_every_s, "probe_again_s": 0.1, "ramp_steps": 0}
        providers = {"first": sendgrid(carrier.port)}
        pool = {"keys": {"web": KEY}, "providers": providers, "breaker": breaker, "retry": {"first_s": 0.2}}
        file = folder / "posthouse.yaml"
        common = {"store": url, "http": {"listen": "127.0.0.1:0"}, "admins": {"ops": ADMIN}, "health_scope": scope}
        file.write_text(json.dumps({**common, "pools": {POOL: pool}}))
        async with (
            serving(folder, "--config", str(file)) as (one, port),
            serving(folder, "--config", str(file)) as (two, other_port),
        ):
            yield Pair(carrier, [port, other_port])
            assert [await one.stopped(), await two.stopped()] == [0, 0]


def refused_once() -> Any:
    """Knows nobody at first, and everybody from the second message on."""
    manners = [UNAUTHORISED]

    def manner() -> Manner:
        return manners.pop() if manners else ACCEPT

    return manner


async def test_a_failure_that_one_has_seen_opens_the_circuit_of_both_within_about_a_second(tmp_path: Path) -> None:
    async with pair(tmp_path, UNAUTHORISED) as both:
        loop = asyncio.get_running_loop()
        await both.post()
        await both.carrier.arrived(1)
        seen_at = loop.time()
        async with asyncio.timeout(WITHIN_S):
            while await both.breakers() != ["open", "open"]:
                pass
        assert loop.time() - seen_at < ABOUT_A_SECOND
        assert len(both.carrier.arrivals) == 1, "the other one has not asked for itself"


async def test_a_probe_of_one_closes_the_circuit_of_both_and_the_mail_goes_on(tmp_path: Path) -> None:
    async with pair(tmp_path, refused_once(), probe_every_s=2.0) as both:
        await both.post()
        async with asyncio.timeout(WITHIN_S):
            while await both.breakers() != ["open", "open"]:
                pass
            while await both.breakers() != ["closed", "closed"]:
                pass
        await both.carrier.arrived(2)


async def test_where_each_judges_for_itself_the_other_one_goes_on(tmp_path: Path) -> None:
    """From the failure until a probe has closed the circuit again, ten times as long as news would take."""
    async with pair(tmp_path, refused_once(), scope="node", probe_every_s=4.0) as both:
        await both.post()
        seen = set[tuple[str, ...]]()
        async with asyncio.timeout(WITHIN_S):
            while ("open", "closed") not in seen and ("closed", "open") not in seen:
                seen.add(tuple(await both.breakers()))
            while await both.breakers() != ["closed", "closed"]:
                seen.add(tuple(await both.breakers()))
        assert not {state for state in seen if "closed" not in state}
        await both.carrier.arrived(2)


async def test_what_an_operator_switches_at_one_holds_at_the_other_within_a_second(tmp_path: Path) -> None:
    async with pair(tmp_path, ACCEPT) as both:
        loop = asyncio.get_running_loop()
        for call, path, failing in (("POST", "fail", True), ("DELETE", "fail", False)):
            status, _ = await asyncio.to_thread(both.operators[0].call, call, f"/{POOL}/first/{path}")
            assert status == 200
            set_at = loop.time()
            async with asyncio.timeout(WITHIN_S):
                while [provider["switch"]["fail"] for provider in await both.first()] != [failing, failing]:
                    pass
            assert loop.time() - set_at < ABOUT_A_SECOND
