"""A client that sends whatever it is told to, byte for byte, and reads one answer at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """One answer as it came. fields: (name in lower case, value), in order."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str | None:
        """The value of a header that may be there once."""
        found = [value for given, value in self.fields if given == name]
        assert len(found) < 2, found
        return found[0] if found else None

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """(code, field) of each of its problems."""
        return [(problem["code"], problem["field"]) for problem in self.json["problems"]]


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def reply(self, method: str = "GET") -> Reply:
        """The next answer, whole. method: of the request; the answer to HEAD has no body."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        fields = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
        length = 0 if method == "HEAD" else int(dict(fields).get("content-length", "0"))
        return Reply(int(first.split(" ")[1]), fields, await self._reader.readexactly(length))

    async def rest(self) -> bytes:
        """Everything until the server lets go."""
        return await self._reader.read()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        self._writer.transport.abort()


@asynccontextmanager
async def line(port: int) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


Fields = dict[str, str] | list[tuple[str, str]]


def request(method: str, target: str, fields: Fields, body: bytes | None = None) -> bytes:
    """A request as bytes; Content-Length is added where there is a body and nothing else is said."""
    pairs = list(fields.items()) if isinstance(fields, dict) else list(fields)
    names = {name.lower() for name, _ in pairs}
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        pairs.append(("Content-Length", str(len(body))))
    lines = "".join(f"{name}: {value}\r\n" for name, value in [("Host", "posthouse.example.com"), *pairs])
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + (body or b"")


async def call(port: int, method: str, target: str, fields: Fields, body: bytes | None = None) -> Reply:
    """One request on a connection of its own."""
    async with line(port) as opened:
        await opened.say(request(method, target, fields, body))
        return await opened.reply(method)
