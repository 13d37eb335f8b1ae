"""A DNS server on this machine that answers from a zone, over UDP and the real wire format."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, list[str] | str | None]
"""Name → its texts; or the name that it is an alias of; or None: asked for it, the server fails."""


class Nameserver(asyncio.DatagramProtocol):
    """asked: every name that was asked for, in order. silent: it hears, and says nothing."""

    def __init__(self, zone: Zone, *, silent: bool = False) -> None:
        self.zone, self.silent, self.asked, self.port = zone, silent, list[str](), 0

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text().lower().rstrip(".")
        self.asked.append(name)
        if not self.silent:
            self._transport.sendto(self.answer(query, name).to_wire(), addr)

    def answer(self, query: dns.message.Message, name: str) -> dns.message.Message:
        said = dns.message.make_response(query)
        said.flags |= dns.flags.RA
        while True:
            if name not in self.zone:
                below = any(known.endswith(f".{name}") for known in self.zone)
                said.set_rcode(dns.rcode.NOERROR if below else dns.rcode.NXDOMAIN)
                return said
            held = self.zone[name]
            if held is None:
                said.set_rcode(dns.rcode.SERVFAIL)
                return said
            if isinstance(held, list):
                texts = [" ".join(f'"{piece}"' for piece in pieces(text)) for text in held]
                if texts:
                    said.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *texts))
                return said
            said.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{held}."))
            name = held


def pieces(text: str) -> list[str]:
    """A text as a TXT record holds it: strings of at most 255 bytes."""
    return [text[at : at + 255] for at in range(0, len(text), 255)] or [""]


@asynccontextmanager
async def naming(zone: Zone, *, silent: bool = False) -> AsyncIterator[Nameserver]:
    """The server, while the block runs."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: Nameserver(zone, silent=silent), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()
