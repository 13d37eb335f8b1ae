"""Carries messages to one SMTP server over a few kept connections. The rules are told in `posthouse.providers.smtp`."""

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Final

import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from posthouse.mail.message import Envelope
from posthouse.providers.base import NotSent
from posthouse.providers.replies import Reply, at_the_door
from posthouse.providers.session import Errand, Visit, ask, command, deliver, enter, goodbye, lost, pack
from posthouse.providers.smtp import Settings
from posthouse.routing.outcome import Deferred, Outcome

if TYPE_CHECKING:
    from posthouse.clock import Clock

OPEN_S: Final = 15.0
"""For all of connect, TLS, EHLO and AUTH; a send has its own deadline besides."""
IDLE_S: Final = 30.0
"""A kept connection that rested longer is not used again: a firewall between may have forgotten it without a word."""


class Kept(msgspec.Struct, frozen=True):
    """A connection at rest, since an instant in monotonic seconds."""

    client: SMTP
    since: float
    in_mail: bool


class SmtpProvider:
    """Connections to one server: a few at a time, kept from one message to the next."""

    def __init__(self, settings: Settings, clock: "Clock") -> None:
        self._settings = settings
        self._clock = clock
        self._room = asyncio.Semaphore(settings.connections)
        self._kept: list[Kept] = []
        self._sign_in = (settings.username, settings.password) if settings.username and settings.password else None
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    async def send(self, envelope: Envelope, timeout_s: float) -> Outcome:
        """Hand the message over. Raises nothing but NotSent (no byte has left) and CancelledError."""
        try:
            parcel = pack(envelope)
        except Exception as error:
            raise NotSent("smtp: the message could not be written") from error
        return await self._visit(lambda client, visit: deliver(client, visit, parcel), timeout_s)

    async def probe(self, timeout_s: float) -> Outcome:
        """Connect and sign in, or ask a kept connection for a sign of life."""
        return await self._visit(ask, timeout_s)

    async def close(self) -> None:
        """Say goodbye on the kept connections; those in use go when their errand is done."""
        self._closed = True
        kept, self._kept = self._kept, []
        await asyncio.gather(*[goodbye(one.client) for one in kept])

    async def _visit(self, errand: Errand, timeout_s: float) -> Outcome:
        visit = Visit()
        try:
            async with asyncio.timeout(timeout_s), self._room:
                return await self._run(errand, visit)
        except Exception as error:
            if visit.doubtful or isinstance(error, OSError | SMTPException):
                return lost(visit.stage, error)
            raise NotSent("smtp: the conversation broke before anything was taken") from error

    async def _run(self, errand: Errand, visit: Visit) -> Outcome:
        kept = self._take()
        if kept is not None:
            visit.stage = "envelope"
            try:
                return await self._use(kept, errand, visit)
            except ConnectionError:
                if visit.doubtful:
                    raise
        visit.stage = "connect"  # found dead before the dot, or none kept: nothing was taken, so a fresh one is safe
        visit.in_mail = False
        opened = await self._open()
        if not isinstance(opened, Kept):
            return opened
        visit.stage = "envelope"
        return await self._use(opened, errand, visit)

    async def _use(self, kept: Kept, errand: Errand, visit: Visit) -> Outcome:
        client = kept.client
        try:
            if kept.in_mail:
                await command(client, b"RSET")
            outcome = await errand(client, visit)
        except BaseException:
            client.close()
            raise
        if self._closed or not client.is_connected:
            client.close()
        else:
            self._kept.append(Kept(client, self._clock.monotonic(), visit.in_mail))
        return outcome

    def _take(self) -> Kept | None:
        """The connection used last, unless it rested too long; then all others did too."""
        now = self._clock.monotonic()
        while self._kept:
            kept = self._kept.pop()
            if kept.client.is_connected and now - kept.since < IDLE_S:
                return kept
            kept.client.close()
        return None

    async def _open(self) -> Kept | Outcome:
        """A fresh connection: secured, greeted, signed in. Or why not."""
        host, port, tls = self._settings.endpoint
        client = SMTP(
            hostname=host,
            port=port,
            local_hostname=self._settings.helo or socket.gethostname(),
            timeout=None,
            use_tls=tls == "tls",
            start_tls=False,
            tls_context=await self._context(),
        )
        refusal: Outcome | None = None
        try:
            async with asyncio.timeout(OPEN_S):
                await client.connect()
                refusal = await enter(client, host, tls == "starttls", self._sign_in)
        except SMTPResponseException as error:
            reply = Reply(error.code, error.message)
            # The library gives a line that is no reply the code -1.
            refusal = at_the_door(reply, "connect") if error.code > 0 else Deferred(detail=f"connect: {reply.text}")
        except BaseException:
            client.close()
            raise
        if refusal is not None:
            client.close()
            return refusal
        return Kept(client, self._clock.monotonic(), in_mail=False)

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = await asyncio.to_thread(ssl.create_default_context)  # reads the roots from disk
            if not self._settings.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._tls = context
        return self._tls
