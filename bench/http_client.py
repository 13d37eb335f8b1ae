"""What a call costs: `HttpProvider` with our client, pyreqwest, and aiohttp where it is installed.

    python -m bench.http_client [--rounds 9] [--calls 4000]

Everything stays on the loopback address. A server in a process of its own answers an empty 202. Each round runs every
client, in the opposite order to the round before; CPU is this process's own (pyreqwest's threads included).
"""

import argparse
import asyncio
import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import uvloop
from pyreqwest.client import Client as Reqwest
from pyreqwest.client import ClientBuilder

from posthouse.clock import SystemClock
from posthouse.mail.message import Address, Envelope, Message
from posthouse.providers.base import HttpRequest, HttpResponse, Spec, by_status
from posthouse.providers.client import Client
from posthouse.providers.http import HttpProvider
from posthouse.routing.capability import EVERYTHING
from posthouse.routing.outcome import Accepted, Outcome

aiohttp: Any = importlib.import_module("aiohttp") if importlib.util.find_spec("aiohttp") else None

CONNECTIONS = 64
BODY = b"x" * 1458
HEADERS = {"Authorization": "Bearer key", "Content-Type": "application/json", "Accept": "application/json"}
ANSWER = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: abc\r\nServer: bench\r\nContent-Length: 0\r\n\r\n"
ENVELOPE = Envelope(
    "0193", Message(sender=Address("ann@example.com"), to=(Address("bob@example.net"),), text="Hi"), 0.0
)
Call = Callable[[str], Awaitable[Any]]


class Settings(msgspec.Struct, frozen=True):
    base_url: str


class Plain:
    """An adapter that does next to nothing, so that what is left is the carrier."""

    SPEC = Spec("plain", "Plain", Settings, EVERYTHING, 10**7, 1000)

    def request(self, envelope: Envelope, settings: Any, now: float) -> HttpRequest:
        return HttpRequest("POST", settings.base_url, HEADERS, BODY)

    def outcome(self, response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
        return Accepted(response.status, message_id=response.headers["x-message-id"])

    def probe(self, settings: Any, now: float) -> HttpRequest:
        return HttpRequest("GET", settings.base_url, HEADERS)

    def probed(self, response: HttpResponse) -> Outcome:
        return by_status(response)


class Answering(asyncio.Protocol):
    """Answers each request of our own clients; it reads no more of HTTP than that needs."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0 and len(self.buffer) >= end + 4 + len(BODY):
            self.buffer = self.buffer[end + 4 + len(BODY) :]
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def serve() -> None:
    listener = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    say(str(listener.sockets[0].getsockname()[1]))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until our parent lets go


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def cost(call: Call, url: str, calls: int) -> tuple[float, float]:
    """CPU and wall clock of one call, in microseconds, over `CONNECTIONS` at a time."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await call(url)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*[work() for _ in range(CONNECTIONS)])
    return (time.process_time() - cpu) / calls * 1e6, (time.perf_counter() - wall) / calls * 1e6


def clients(client: Client, reqwest: Reqwest, url: str, session: Any) -> dict[str, Call]:
    deadline = timedelta(seconds=30)

    async def bare(url: str) -> None:
        answer = await reqwest.post(url).headers(HEADERS).body_bytes(BODY).timeout(deadline).build().send()
        await answer.bytes()

    provider = HttpProvider(Plain(), Settings(url), client, SystemClock())

    async def ours(url: str) -> None:
        outcome = await provider.send(ENVELOPE, 30.0)
        if not isinstance(outcome, Accepted):
            raise TypeError(outcome)

    async def other(url: str) -> None:
        async with session.post(url, data=BODY, headers=HEADERS) as answer:
            await answer.read()

    found: dict[str, Call] = {"HttpProvider": ours, "pyreqwest": bare}
    return found | {"aiohttp": other} if session else found


async def compare(url: str, rounds: int, calls: int) -> None:
    session = None
    if aiohttp:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))
    async with Client(CONNECTIONS) as client, ClientBuilder().build() as reqwest:
        found = clients(client, reqwest, url, session)
        measured: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
        for number in range(rounds + 1):
            for name, call in list(found.items())[:: 1 if number % 2 else -1]:
                result = await cost(call, url, calls)
                if number:  # the first round warms up
                    measured[name].append(result)
        say(f"{'client':18} {'CPU us a call: min':>18} {'median':>8} {'max':>8} {'calls/s: median':>16}")
        for name, results in measured.items():
            cpu, wall = [cpu for cpu, _ in results], [wall for _, wall in results]
            rate = 1e6 / statistics.median(wall)
            say(f"{name:18} {min(cpu):18.1f} {statistics.median(cpu):8.1f} {max(cpu):8.1f} {rate:16.0f}")
    if session:
        await session.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=4000, help="a round and client")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        uvloop.run(serve())
        return
    command = [sys.executable, "-m", "bench.http_client", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  ourselves
        port = server.stdout.readline().strip() if server.stdout else ""
        uvloop.run(compare(f"http://127.0.0.1:{port}/mail", asked.rounds, asked.calls))


if __name__ == "__main__":
    main()
