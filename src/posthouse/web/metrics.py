"""What this process counts and sees, for Prometheus. Not one of the API's calls: `docs/reference/metrics.md` tells it.

`snapshot` is the whole of it as a value: a process that stands for several asks each, and renders them `merged`.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from posthouse import __version__
from posthouse.intake.canary import Canary
from posthouse.mail.event import UNFINISHED
from posthouse.metrics.described import CANARIES
from posthouse.metrics.otlp import Bridge
from posthouse.metrics.render import render
from posthouse.metrics.shelf import EVERY_S, Shelf
from posthouse.metrics.snapshot import Numbers, Snapshot
from posthouse.metrics.standing import counted, spread, standing
from posthouse.metrics.tally import Tally
from posthouse.store.contract import StoreDown
from posthouse.store.values import LANES, Backlog
from posthouse.telemetry import warn
from posthouse.web.answer import Answer
from posthouse.web.auth import admit, presented
from posthouse.web.door import Door
from posthouse.web.request import Headers, Request
from posthouse.web.route import Route

PASSED_ON: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")
"""Headers by which a proxy says that somebody else is asking."""


async def shown(door: Door, request: Request) -> Answer:
    """GET /metrics. Without a key only from this machine itself: it names every pool."""
    if not door.local or _passed_on(request.headers):
        admit(door, "admin", request.headers, presented(request.headers))
    found = await snapshot(door)
    if door.shelf is not None:
        found = await asyncio.to_thread(door.shelf.with_others, found)
    accept = request.headers.get(b"accept", b"").decode("latin-1")
    # Some milliseconds for thousands of series, and the first time much longer: not on the loop.
    text, kind = await asyncio.to_thread(render, found, accept)
    return Answer(200, text, ((b"content-type", kind.encode()),))


SCRAPE: Final = Route(
    *("GET", "/metrics", "anyone", shown),
    summary="What Prometheus reads.",
    answers={200: "The metrics.", 401: "There is no valid key.", 403: "The key is no administrator's."},
)


async def snapshot(door: Door) -> Snapshot:
    """Everything about this process, at this moment."""
    now = door.clock.now()
    boards = [door.board(pool) for pool in door.intake.pools]
    try:
        backlog: Backlog | None = await door.backlogs.now(door.store, door.clock)
    except StoreDown:
        backlog = None
    return Snapshot(
        at=now,
        numbers={
            **counted(door.tally, boards),
            **standing(boards, now),
            **_canaries(door.canary, door.tally),
            **({} if backlog is None else _unfinished(backlog, door.intake.pools)),
            "posthouse_store_up": {(): float(backlog is not None)},
            "posthouse_config_reload_failed": {(): float(bool(door.administration.last.problems))},
            "posthouse_build_info": {(__version__,): 1.0},
        },
        spreads=spread(door.tally),
    )


async def shelving(door: Door, shelf: Shelf) -> None:
    """Leave the figures of this worker where the others find them, until cancelled."""
    while True:
        try:
            shelf.put(await snapshot(door))
        except OSError as error:
            warn("the metrics of this worker could not be left for the others", reason=error.strerror)
        await door.clock.sleep(EVERY_S)


def _canaries(canary: Canary, tally: Tally) -> dict[str, Numbers]:
    """Nothing at all where none is sent, and none was."""
    rounds, shown = canary.rounds, canary.shown()
    providers = () if rounds is None else rounds.providers
    pool = "" if rounds is None else rounds.pool
    none: Numbers = {(pool, provider, outcome): 0 for provider in providers for outcome in CANARIES}
    worked = {line: each.worked_at for line, each in shown.items() if each.worked_at is not None}
    found: dict[str, Numbers] = {
        "posthouse_canary_total": none | dict(tally.canaries.items()),
        "posthouse_canary_failures": {line: each.failures for line, each in shown.items()},
        "posthouse_canary_last_success_timestamp_seconds": dict(worked.items()),
    }
    return {name: numbers for name, numbers in found.items() if numbers}


async def exporting(door: Door, bridge: Bridge) -> None:
    """Send the figures of this process to OpenTelemetry, until cancelled."""
    while True:
        await door.clock.sleep(bridge.every_s)
        bridge.put(await snapshot(door))


def _unfinished(backlog: Backlog, pools: Iterable[str]) -> dict[str, Numbers]:
    none: Numbers = {(pool, status): 0 for pool in pools for status in UNFINISHED}
    return {
        "posthouse_messages": none | dict(backlog.unfinished.items()),
        "posthouse_queue_oldest_seconds": {(name,): backlog.oldest_s[lane] for name, lane in LANES.items()},
    }


def _passed_on(headers: Headers) -> bool:
    return any(name in headers for name in PASSED_ON)
