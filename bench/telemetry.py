"""What it costs a message to be told of: log lines under load, counts, its trace, spans off and on.

    python -m bench.telemetry

Two tables, each measured in turns within one run: µs a call of each part; then the two halves of a message's way in one
process, the door (an ASGI call that is stored) and the attempt (claimed, begun, sent, recorded), with a real store on
disk and a provider that answers at once. Medians of the rounds; `%` compares pair by pair.
"""

import asyncio
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from timeit import repeat
from typing import Any

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from posthouse.clock import SystemClock
from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.delivery.attempt import attempt
from posthouse.delivery.desk import Carrier
from posthouse.delivery.traced import Traced
from posthouse.gateway import Gateway
from posthouse.metrics.tally import Tally
from posthouse.providers.catalogue import SPECS
from posthouse.routing.outcome import Accepted
from posthouse.store.values import ClaimRequest
from posthouse.telemetry import log, set_up, success
from posthouse.telemetry.otel import OtelTracer
from posthouse.telemetry.trace import Tracer

CALLS, ROUNDS = 20_000, 5
MESSAGES, TURNS, AT_ONCE = 2_048, 25, 64
TRACE = "0123456789ab-17"
SAID: dict[str, Any] = {"id": "01a20ace-acae-70a7-8c34-261662c5721b", "pool": "example.com"}
BODY = json.dumps({"from": "a@example.com", "to": "b@example.org", "subject": "Hello", "text": "x" * 1000}).encode()
HEAD = [
    (b"authorization", b"Bearer key"),
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(BODY)),
]
SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/email",
    "raw_path": b"/email",
    "query_string": b"",
    "headers": HEAD,
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
    "scheme": "http",
}


def cost(call: Callable[[], object]) -> float:
    """µs a call."""
    return min(repeat(call, timer=process_time, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


class Swift:
    """A provider that answers at once."""

    async def send(self, envelope: object, timeout_s: float) -> Accepted:
        return Accepted(200, message_id="id")

    async def probe(self, timeout_s: float) -> Accepted:
        return Accepted(200)

    async def close(self) -> None:
        pass


class Forgetful(SpanProcessor):
    """Spans are made in full, and go nowhere: what sends them has a thread of its own."""


def lines() -> dict[str, float]:
    """What a line costs that is written, and one that is left out."""
    set_up(form="json", first=0, one_in=0)
    left_out = cost(lambda: success("accepted", trace=TRACE, **SAID))
    written = cost(lambda: log("accepted", trace=TRACE, **SAID))
    set_up(form="json")
    sampled = cost(lambda: success("accepted", trace=TRACE, **SAID))
    set_up(logging.WARNING)
    off = cost(lambda: success("accepted", trace=TRACE, **SAID))
    return {"line written": written, "left out": left_out, "20/s, then one in 100": sampled, "log off": off}


def counts() -> dict[str, float]:
    """What all counting of one message costs: it is accepted, answered, attempted, ends, and is in three commits."""
    tally = Tally()

    def counted() -> None:
        tally.accepted["example.com", "http"] += 1
        tally.requested("/email", 202, 0.0123)
        tally.attempted("example.com", "sendgrid", "accepted", 0.0871)
        tally.ended["example.com", "sent"] += 1
        for spread in (tally.commit_seconds, tally.commit_items) * 3:  # shared by all messages of a commit: at the most
            spread.add(0.004)

    return {"counted for the metrics": cost(counted)}


async def gateway(folder: Path) -> Gateway:
    given = {
        "store": f"sqlite:///{folder / 'posthouse.db'}",
        "pools": {"example.com": {"keys": {"web": "key"}, "providers": {"sandbox": {"concurrency": 10_000}}}},
    }
    config = read(json.dumps(given), {}, SPECS, SystemClock.now())
    if not isinstance(config, Config):
        raise SystemExit(f"{config}")
    return await Gateway.open(config)


async def door(made: Gateway) -> None:
    """Hand the messages in."""

    async def send(message: dict[str, Any]) -> None:
        if message.get("status", 202) != 202:
            raise SystemExit(f"{message}")

    async def some(count: int) -> None:
        for _ in range(count):
            await made.app({**SCOPE}, receive, send)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    await asyncio.gather(*[some(MESSAGES // AT_ONCE) for _ in range(AT_ONCE)])


async def attempts(made: Gateway) -> None:
    """Send all that is due."""
    desk = made._desk
    while claims := await desk.work.claim(ClaimRequest(256, 2**30, SystemClock.now(), 90.0)):
        await asyncio.gather(*[attempt(claim, desk) for claim in claims])


async def ways(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """name → (door, attempt) of each turn, µs of CPU a message, all threads."""
    made = await gateway(folder)
    desk = made._desk
    desk.carriers = {line: Carrier(Swift(), 30.0) for line in desk.carriers}
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Forgetful())
    tracer = OtelTracer(provider.get_tracer("bench"))

    def as_told(level: int, first: int, spans: Tracer | None) -> None:
        set_up(level, form="json", first=first)
        made.app.door.tracer, desk.traced = spans, None if spans is None else Traced(spans)

    settings: dict[str, Callable[[], None]] = {
        "log off, spans off": lambda: as_told(logging.WARNING, 0, None),
        "log on, spans off (as it comes)": lambda: as_told(logging.INFO, 20, None),
        "every line written, spans off": lambda: as_told(logging.INFO, 10**9, None),
        "log on, spans on": lambda: as_told(logging.INFO, 20, tracer),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in settings}
    count = MESSAGES // AT_ONCE * AT_ONCE
    for turn in range(TURNS + 1):
        for name, chosen in settings.items():
            chosen()
            began = process_time()
            await door(made)
            between = process_time()
            await attempts(made)
            ended = process_time()
            if turn:  # the first warms up
                found[name].append(((between - began) / count * 1e6, (ended - between) / count * 1e6))
    await made.close()
    return found


def main() -> None:
    out = os.fdopen(os.dup(sys.stderr.fileno()), "w")
    with open(os.devnull, "w") as nowhere, tempfile.TemporaryDirectory(dir=".") as folder:
        os.dup2(nowhere.fileno(), sys.stderr.fileno())  # a log that costs its writing, and no more
        began = perf_counter()
        for name, each in (lines() | counts()).items():
            print(f"{name:<32} {each:6.2f} µs", file=out)
        found = asyncio.run(ways(Path(folder)))
        first, *_ = found.values()
        print(f"\n{'CPU a message':<32} {'door':>8} {'attempt':>8} {'both':>8}", file=out)
        for name, turns in found.items():
            pairs = [sum(turn) / sum(base) - 1 for turn, base in zip(turns, first, strict=True)]
            came, sent, both = (median(each) for each in zip(*[(a, b, a + b) for a, b in turns], strict=True))
            print(f"{name:<32} {came:8.1f} {sent:8.1f} {both:8.1f} µs {median(pairs):+7.1%}", file=out)
        print(f"{perf_counter() - began:.0f} s", file=out)


if __name__ == "__main__":
    main()
