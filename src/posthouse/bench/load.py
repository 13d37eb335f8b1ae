"""The load: kept connections that post messages, in a closed or in an open loop.

Closed: each connection posts its next message as soon as the last is answered. A closed loop waits for a slow server
instead of piling up, so its latencies are those of a queue of `connections` callers. Open, where a `rate` is given:
messages are due at constant intervals, whether the server keeps up or not, and each latency counts from the instant
its message was due. Run as a process of its own: `python -m posthouse.bench.load '{"port": 8080, "seconds": 4}'`
prints a `Load` as JSON.
"""

import asyncio
import math
import ssl
import sys
import time
from array import array
from collections.abc import Sequence

import msgspec
import uvloop

from posthouse.bench.caller import Caller
from posthouse.clock import SystemClock

monotonic = SystemClock.monotonic

PATIENCE_S = 30.0
"""How long the last answers may take before they count as lost."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to load and how: for `seconds`, or until `messages` have been sent, whichever comes first.

    rate: messages a second in an open loop; None: a closed one. tls: over HTTPS. path: what is posted to.
    """

    port: int
    key: str = "bench"
    connections: int = 64
    seconds: float = 4.0
    messages: int = sys.maxsize
    rate: float | None = None
    host: str = "127.0.0.1"
    tls: bool = False
    path: str = "/email"
    sender: str = "Bench <bench@example.com>"


class Load(msgspec.Struct, frozen=True):
    """What came of it.

    began: the monotonic clock of the machine at the first message. seconds: from there to the last answer.
    Latencies are of all answers, 0 where there was none. statuses: answers by HTTP status. lost: messages without
    an answer. late: due and never sent, for want of a connection that was free. cpu_us: of the generator, a message.
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
    late: int = 0
    p90_ms: float = 0.0
    p999_ms: float = 0.0

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
        "from": plan.sender,
        "to": "reader-{}@example.net",
        "subject": "Your order {} is on its way",
        "text": "Dear reader,\n\n" + line * 6 + "\n",
        "html": "<html><body><p>Dear reader,</p><p>" + line * 9 + "</p></body></html>",
    }
    first, second, third = msgspec.json.encode(message).split(b"{}")
    length = len(first) + len(second) + len(third) + 20
    host = f"[{plan.host}]" if ":" in plan.host else plan.host
    head = (
        f"POST {plan.path} HTTP/1.1\r\nhost: {host}:{plan.port}\r\nauthorization: Bearer {plan.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
    return head.encode() + first, second, third


class Volley:
    """All the connections of one load, and what they saw."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.parts = request(plan)
        self.total = plan.messages if plan.rate is None else min(plan.messages, math.ceil(plan.seconds * plan.rate))
        self.sent = self.due = self.lost = 0
        self.latencies = array("d")
        self.statuses: dict[int, int] = {}
        self.callers: set[Caller] = set()
        self.idle: list[Caller] = []
        self.coming: set[asyncio.Task[None]] = set()
        self.over = asyncio.Event()

    async def connect(self) -> Caller:
        """One more caller. OSError where nobody listens."""
        plan, context = self.plan, ssl.create_default_context() if self.plan.tls else None
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(lambda: Caller(self), plan.host, plan.port, ssl=context)
        return caller

    def start(self) -> None:
        """Begin, with the callers that are connected."""
        self.cpu_s = time.process_time()
        self.began = self.ended = monotonic()
        self.deadline = self.began + self.plan.seconds
        for caller in [*self.callers]:
            self.next(caller)
        if self.plan.rate is not None:
            self.beat(self.plan.rate)

    def beat(self, rate: float) -> None:
        """Open loop: hand what is due by now to whoever is free, and come again when more is."""
        self.due = min(self.total, int((monotonic() - self.began) * rate) + 1)
        while self.idle and self.sent < self.due:
            self.next(self.idle.pop())
        if self.due < self.total:
            asyncio.get_running_loop().call_later(self.began + self.due / rate - monotonic(), self.beat, rate)
        elif self.sent >= self.total:
            for caller in self.idle:
                caller.hang_up()

    @property
    def ending(self) -> bool:
        """Whether nothing more is to be sent. What was due in an open loop is sent after the time as well."""
        return self.sent >= self.total or (self.plan.rate is None and monotonic() >= self.deadline)

    def next(self, caller: Caller) -> None:
        """Have a caller that is free send its next message, wait, or hang up."""
        if self.ending:
            caller.hang_up()
        elif self.plan.rate is not None and self.sent >= self.due:
            self.idle.append(caller)
        else:
            since = monotonic() if self.plan.rate is None else self.began + self.sent / self.plan.rate
            self.sent += 1
            caller.send((b"%010d" % self.sent).join(self.parts), since)

    def answered(self, status: int, since: float) -> None:
        self.ended = monotonic()
        self.latencies.append(self.ended - since)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def gone(self, caller: Caller) -> None:
        """A connection has ended. Another takes its place while there is something to send, and somebody to listen."""
        self.lost += caller.waiting
        self.callers.discard(caller)
        if caller in self.idle:
            self.idle.remove(caller)
        if not self.ending:
            task = asyncio.get_running_loop().create_task(self.again())
            self.coming.add(task)
            task.add_done_callback(self.coming.discard)
        elif not self.callers:
            self.over.set()

    async def again(self) -> None:
        try:
            self.next(await self.connect())
        except OSError:
            if not self.callers:
                self.over.set()

    def load(self) -> Load:
        ordered = sorted(self.latencies) or [0.0]
        p50, p90, p99, p999, most = (percentile(ordered, share) * 1e3 for share in (0.5, 0.9, 0.99, 0.999, 1))
        return Load(
            accepted=self.statuses.get(202, 0),
            began=self.began,
            seconds=self.ended - self.began,
            p50_ms=p50,
            p90_ms=p90,
            p99_ms=p99,
            p999_ms=p999,
            max_ms=most,
            statuses=self.statuses,
            lost=self.lost,
            late=max(0, self.due - self.sent),
            cpu_us=(time.process_time() - self.cpu_s) * 1e6 / max(1, self.sent),
        )


async def load(plan: Plan) -> Load:
    """Connect first, then fire on every connection; ends when the last answer is in or given up."""
    volley = Volley(plan)
    for _ in range(plan.connections):
        await volley.connect()
    volley.start()
    try:
        async with asyncio.timeout(plan.seconds + PATIENCE_S):
            await volley.over.wait()
    except TimeoutError:
        volley.lost += sum(caller.waiting for caller in volley.callers)
    return volley.load()


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(load(msgspec.json.decode(sys.argv[1], type=Plan)))))
