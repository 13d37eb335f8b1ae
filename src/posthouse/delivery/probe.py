"""Asks providers that are distrusted or have an open circuit whether they are well, instead of customers' messages."""

import asyncio

from posthouse.delivery.desk import Desk
from posthouse.delivery.exchange import HEARD_S
from posthouse.mail.message import Envelope
from posthouse.routing.board import Fact
from posthouse.routing.outcome import Deferred
from posthouse.telemetry import warn

LOOK_S = 0.5
TIMEOUT_S = 10.0

DELAY_S = 5.0
"""How much longer than it may take a probe keeps other processes from theirs, should this one die over it."""


async def probe(desk: Desk, pool: str, provider: str) -> None:
    """One health call, or one dummy message where the pool wants that; its answer is a fact like any other."""
    carrier, now = desk.carriers.get((pool, provider)), desk.clock.now()
    if carrier is None:
        return  # taken out of the configuration a moment ago
    desk.probing(pool, provider)
    asked = f"probe-{now:.0f}"
    try:
        if (outcome := desk.simulated(pool, provider, asked, 0)) is not None:
            pass
        elif carrier.probe_mail is None:
            outcome = await carrier.provider.probe(TIMEOUT_S)
        else:
            envelope = Envelope(asked, carrier.probe_mail, now)
            outcome = await carrier.provider.send(envelope, carrier.timeout_s)
    except Exception as error:
        warn("a probe ended in an internal error", pool=pool, provider=provider, error=error)
        outcome = Deferred(detail="the probe failed inside Posthouse")
    sends = carrier.probe_mail is not None
    desk.observe(pool, Fact.of(provider, outcome, desk.clock.now(), now, spends=sends, probe=True))
    if desk.exchange is not None:
        await desk.exchange.take_probe(pool, provider, HEARD_S)


async def chosen(desk: Desk, pool: str, provider: str) -> bool:
    """Whether this process is the one to ask: of all that learn from each other one does, and the others hear of it."""
    carrier = desk.carriers.get((pool, provider))
    if carrier is None or desk.exchange is None:
        return carrier is not None
    return await desk.exchange.take_probe(pool, provider, max(TIMEOUT_S, carrier.timeout_s) + DELAY_S)


async def probing(desk: Desk) -> None:
    """Probe what is due for it, again and again, until cancelled."""
    async with asyncio.TaskGroup() as probes:
        while True:
            now = desk.clock.now()
            for board in desk.boards():
                if board.rules.breaker.traffic:
                    continue
                for candidate in board.rules.candidates:
                    pool, provider = board.rules.pool, candidate.name
                    if not board.may_probe(candidate, now) or not await chosen(desk, pool, provider):
                        continue
                    if desk.board(pool).may_probe(candidate, now):  # nothing was heard, or reloaded, in between
                        probes.create_task(probe(desk, pool, provider))
            await desk.clock.sleep(LOOK_S)
