"""Two processes that deliver, and a long backlog: no message is attempted by both, and none is left."""

import asyncio
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.faults.auditor import audit
from tests.faults.carrier import carrying, slowly
from tests.faults.driver import Ledger, load
from tests.faults.ground import Postgres
from tests.faults.mutant import SOON, program
from tests.faults.report import Line
from tests.faults.server import configured, launched, sendgrid, serving
from tests.faults.soak import rounds
from tests.web.http import call

MESSAGES = rounds("BACKLOG", 1000, 10_000)
CALLERS = 32
ATTEMPTS = b"posthouse_attempts_total{"


async def attempts(port: int) -> int:
    """How many this process says it has made."""
    reply = await call(port, "GET", "/metrics", {}, None)
    return sum(int(float(line.rpartition(b" ")[2])) for line in reply.body.splitlines() if line.startswith(ATTEMPTS))


@pytest.mark.timeout(60 + MESSAGES // 40)
async def test_two_processes_that_deliver_share_a_backlog_and_attempt_nothing_twice(
    tmp_path: Path, tell: Callable[[Line], None]
) -> None:
    ground, ledger, refs = await Postgres.create(tmp_path), Ledger(), map(str, count())
    async with carrying(slowly(0.05)) as carrier:
        first = sendgrid(carrier.port, concurrency=16)
        config = configured(tmp_path, {"first": first}, store=ground.store)
        async with serving(config, words=("--role", "web")) as web:
            await load(web.port, refs, ledger, CALLERS, lambda: len(ledger.answers) <= MESSAGES - CALLERS)
            assert await web.stopped() == 0, web.words()
        assert carrier.arrivals == []
        loop = asyncio.get_running_loop()
        async with (
            launched(config, program=program(*SOON), words=("--role", "delivery")) as one,
            launched(config, program=program(*SOON), words=("--role", "delivery")) as other,
        ):
            await asyncio.gather(one.ready(), other.ready())
            began = loop.time()
            await carrier.arrived(len(ledger.accepted), within_s=60 + MESSAGES / 50)
            took_s = loop.time() - began
            shares = [await attempts(node.port) for node in (one, other)]
            for node in (one, other):
                assert await node.stopped() == 0, node.words()
        messages = await ground.stored()
        found = audit(ledger.answers, carrier.arrivals, messages)
    tell(Line.of("two that deliver one backlog, PostgreSQL", 1, found, 0, f"{shares} each, in {took_s:.1f} s"))
    assert not found.violations, found.violations[:10]
    assert found.arrivals == found.stored == len(ledger.answers) == found.accepted
    assert found.marked == 0
    assert {len(message.attempts) for message in messages.values()} == {1}
    assert min(shares) > 0
