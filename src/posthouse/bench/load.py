"""The load: kept connections, each posting its next message as soon as the last is answered (closed loop).

Run as a process of its own: `python -m posthouse.bench.load '{"port": 8080, "seconds": 4}'` prints a `Load` as JSON.
A closed loop waits for a slow server instead of piling up, so its latencies are those of a queue of
`connections` callers, not of callers who come when they like.
"""

import asyncio
import math
import sys
import time
from array import array
from collections.abc import Sequence
from typing import cast

import httptools
import msgspec
import uvloop

from posthouse.clock import SystemClock

monotonic = SystemClock.monotonic

PATIENCE_S = 30.0
"""How long the last answers may take before they count as lost."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to load and how: for `seconds`, or until `messages` have been sent, whichever comes first."""

    port: int
    key: str = "bench"
    connections: int = 64
    seconds: float = 4.0
    messages: int = sys.maxsize


class Load(msgspec.Struct, frozen=True):
    """What came of it.

    began: the monotonic clock of the machine at the first message. seconds: from there to the last answer.
    Latencies are of all answers, 0 where there was none. statuses: answers by HTTP status. lost: messages without
    an answer. cpu_us: of the generator, a message.
    """

    accepted: int
    began: float
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    statuses: dict[int, int]
    lost: int
    cpu_us: float

    @property
    def rate(self) -> float:
        """Accepted messages a second."""
        return self.accepted / self.seconds if self.seconds else 0.0


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the ascending values that at least `share` (0 to 1) of them do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def request(plan: Plan) -> tuple[bytes, bytes, bytes]:
    """A POST of a 1.4 KB message in three parts; ten digits, different in each message, go in both gaps."""
    line = "Your order has been packed and leaves our house today; it is yours within two days. "
    message = {
        "from": "Bench <bench@example.com>",
        "to": "reader-{}@example.net",
        "subject": "Your order {} is on its way",
        "text": "Dear reader,\n\n" + line * 6 + "\n",
        "html": "<html><body><p>Dear reader,</p><p>" + line * 9 + "</p></body></html>",
    }
    first, second, third = msgspec.json.encode(message).split(b"{}")
    length = len(first) + len(second) + len(third) + 20
    head = (
        f"POST /email HTTP/1.1\r\nhost: 127.0.0.1:{plan.port}\r\nauthorization: Bearer {plan.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
    return head.encode() + first, second, third


class Volley:
    """All the connections of one load, and what they saw."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.parts = request(plan)
        self.sent = 0
        self.open = 0
        self.lost = 0
        self.latencies = array("d")
        self.statuses: dict[int, int] = {}
        self.over = asyncio.Event()

    def start(self) -> None:
        self.cpu_s = time.process_time()
        self.began = self.ended = monotonic()
        self.deadline = self.began + self.plan.seconds

    def take(self) -> bytes | None:
        """The next message to send; None when it is time to stop."""
        if self.sent >= self.plan.messages or self.ended >= self.deadline:
            return None
        self.sent += 1
        number = b"%010d" % self.sent
        return number.join(self.parts)

    def answered(self, status: int, since: float) -> None:
        self.ended = monotonic()
        self.latencies.append(self.ended - since)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def load(self) -> Load:
        ordered = sorted(self.latencies) or [0.0]
        return Load(
            accepted=self.statuses.get(202, 0),
            began=self.began,
            seconds=self.ended - self.began,
            p50_ms=percentile(ordered, 0.5) * 1e3,
            p99_ms=percentile(ordered, 0.99) * 1e3,
            max_ms=percentile(ordered, 1) * 1e3,
            statuses=self.statuses,
            lost=self.lost,
            cpu_us=(time.process_time() - self.cpu_s) * 1e6 / max(1, self.sent),
        )


class Caller(asyncio.Protocol):
    """One kept connection."""

    transport: asyncio.Transport

    def __init__(self, volley: Volley) -> None:
        self.volley = volley
        self.parser = httptools.HttpResponseParser(self)
        self.since = 0.0
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def fire(self) -> None:
        """Send the next message, or hang up where there is none."""
        message = self.volley.take()
        if message is None:
            self.transport.close()
            return
        self.waiting = True
        self.since = monotonic()
        self.transport.write(message)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_complete(self) -> None:
        self.waiting = False
        self.volley.answered(self.parser.get_status_code(), self.since)
        self.fire()

    def connection_lost(self, exc: Exception | None) -> None:
        self.volley.lost += self.waiting
        self.volley.open -= 1
        if not self.volley.open:
            self.volley.over.set()


async def load(plan: Plan) -> Load:
    """Connect first, then fire on every connection; ends when the last answer is in or given up."""
    loop = asyncio.get_running_loop()
    volley = Volley(plan)
    callers = []
    for _ in range(plan.connections):
        _, caller = await loop.create_connection(lambda: Caller(volley), "127.0.0.1", plan.port)
        volley.open += 1
        callers.append(caller)
    volley.start()
    for caller in callers:
        caller.fire()
    try:
        async with asyncio.timeout(plan.seconds + PATIENCE_S):
            await volley.over.wait()
    except TimeoutError:
        volley.lost += sum(caller.waiting for caller in callers)
    return volley.load()


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(load(msgspec.json.decode(sys.argv[1], type=Plan)))))
