"""A server that does as it is told: one script per connection, on a real socket of this machine.

A script is a coroutine that gets a `Peer` and may do what no decent server would: answer half a status line,
reset, say nothing, send a gigabyte. `serving` runs it and keeps what arrived.
"""

import asyncio
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec


class Received(msgspec.Struct, frozen=True):
    """One HTTP request as it came. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """The server's end of one connection.

    number: 1 for the first connection of this server, 2 for the second.
    """

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> Received:
        """The next HTTP request, whole."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Received(method, target, headers, body)

    async def line(self) -> bytes:
        """The next line, without its CRLF; empty at the end of the stream."""
        return (await self.reader.readline()).removesuffix(b"\r\n")

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """Send what is written, then FIN."""
        self.writer.close()

    def reset(self) -> None:
        """RST: what is not yet sent is lost."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait, reading and forgetting, until the client has let go."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def secure(self, context: ssl.SSLContext) -> None:
        """Become TLS (after STARTTLS)."""
        await self.writer.start_tls(context)


READ_MAX = 4 * 1024 * 1024
"""What one `readuntil` finds at most, and about half of what is taken off the wire before a script asks for it."""

Script = Callable[[Peer], Awaitable[None]]


class Server:
    """Where it listens (`port`, `url`), how many connections came, and which HTTP requests `answering` read."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"
        self.connections = 0
        self.requests: list[Received] = []


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Run `script` for each connection; at the end, let go of all of them."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(peer: Peer) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await script(peer)
                peer.close()
                await peer.writer.wait_closed()
        finally:
            peer.writer.transport.abort()

    # A plain function, not a coroutine: asyncio then makes no task of its own, whose cancellation it would log.
    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.create_task(serve(Peer(server.connections, reader, writer)))
        tasks.add(task)

    listener = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, limit=READ_MAX)
    server = Server(listener.sockets[0].getsockname()[1], "https" if tls else "http")
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def answer(status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    """A whole HTTP/1.1 answer as bytes."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} X\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


@asynccontextmanager
async def answering(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A decent HTTP server: request n gets answer n, the last answer is repeated; connections are kept."""

    async def script(peer: Peer) -> None:
        while True:
            received = await peer.request()
            server.requests.append(received)
            await peer.say(answers[min(len(server.requests), len(answers)) - 1])

    async with serving(script, tls) as server:
        yield server


def certificate(folder: Path, *, host: str = "127.0.0.1", days: int = 1) -> tuple[Path, ssl.SSLContext]:
    """A fresh self-signed certificate for an address or a name: its file, and the server context that uses it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    kind = "IP" if host.replace(".", "").isdigit() else "DNS"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days {days} -subj /CN={host}"
    extensions = ("-addext", f"subjectAltName={kind}:{host}", "-addext", "basicConstraints=critical,CA:FALSE")
    subprocess.run([*command.split(), *extensions], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context
