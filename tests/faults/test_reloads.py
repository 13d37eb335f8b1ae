"""The configuration reloaded again and again under load, every tenth time a broken one; then all is accounted for."""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Client
from tests.faults.auditor import audit, unfinished
from tests.faults.carrier import Carrier, carrying
from tests.faults.driver import Ledger, load, settle
from tests.faults.ground import stored
from tests.faults.report import Line
from tests.faults.server import POOL, STORE, configured, sendgrid, serving
from tests.faults.soak import rounds

RELOADS = rounds("RELOADS", 60, 1000)
ADMIN = "a-key-of-the-operator"
CALLERS = 8
BROKEN = "pools: {example.com: {strategy: whichever}}\n"


def versions(first: Carrier, second: Carrier) -> list[dict[str, Any]]:
    """What the pool's providers are, in turns: one of them, both, the other order, other limits."""
    one, two = sendgrid(first.port), sendgrid(second.port)
    return [
        {"first": one},
        {"first": one, "second": two},
        {"second": two, "first": one},
        {"first": {**one, "concurrency": 3}, "second": {**two, "timeout_s": 7}},
    ]


async def test_reloads_under_load_fail_no_request_and_lose_or_double_no_message(
    tmp_path: Path, tell: Callable[[Line], None]
) -> None:
    ledger, refs, going = Ledger(), map(str, count()), True
    async with carrying() as first, carrying() as second:
        config = configured(tmp_path, versions(first, second)[0])
        document = {**json.loads(config.read_text()), "admins": {"ops": ADMIN}}
        config.write_text(json.dumps(document))
        async with serving(config) as server:
            admin = Client(server.port, ADMIN)
            loading = asyncio.create_task(load(server.port, refs, ledger, CALLERS, lambda: going, once=True))
            for number in range(RELOADS):
                broken = number % 10 == 9
                document["pools"][POOL]["providers"] = versions(first, second)[number % 4]
                config.write_text(BROKEN if broken else json.dumps(document))
                status, told = await asyncio.to_thread(admin.call, "POST", "/admin/reload")
                assert status == (422 if broken else 200), told
                status, pool = await asyncio.to_thread(admin.call, "GET", f"/{POOL}")
                expected = versions(first, second)[(number - 1 if broken else number) % 4]
                assert [provider["name"] for provider in pool["providers"]] == list(expected), "all of it, or nothing"
                await ledger.reached(len(ledger.answers) + 3)
            going = False
            await loading
            refused = [answer for answer in ledger.answers if not answer.accepted]
            await settle(server.port, unfinished(stored(tmp_path / STORE)), ledger)
            assert await server.stopped() == 0, server.words()
    report = audit(ledger.answers, [*first.arrivals, *second.arrivals], stored(tmp_path / STORE))
    tell(Line.of("reloads, SQLite", RELOADS, report, 0))
    assert refused == []
    assert report.violations == ()
    assert (report.lost, report.duplicates) == (0, 0)
    assert first.arrivals
    assert second.arrivals
