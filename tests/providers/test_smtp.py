"""The carrier over SMTP: a decent server (aiosmtpd) for the good path, a scripted one for every bad one."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP as Smtpd
from aiosmtpd.smtp import AuthResult, LoginPassword
from hypothesis import given
from hypothesis import strategies as st

from posthouse.clock import SystemClock
from posthouse.mail.message import Address, Envelope, Message
from posthouse.mail.mime import encode
from posthouse.providers.base import NotSent
from posthouse.providers.session import PIECE, stuffed
from posthouse.providers.smtp import Settings
from posthouse.providers.submission import SmtpProvider
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Recipient, Refused, Throttled, Unauthorised, Unsure
from posthouse.secret import Secret
from tests.providers.server import Peer, Server, certificate, serving

LONG_S = 20.0
SHORT_S = 1.0
LONG_TEXT = "a line of content\n" * 1_000_000  # more than all buffers between us and a server that does not read
PASSWORD = Secret("open sesame")
ANN, BOB, EVE = Address("ann@example.com", "Ann"), Address("bob@example.net"), Address("eve@example.org")


def envelope(**changes: Any) -> Envelope:
    message = Message(sender=ANN, to=(BOB,), subject="Hello", text="Hello Bob")
    return Envelope("0193", msgspec.structs.replace(message, **changes), accepted_at=1_800_000_000.0)


@asynccontextmanager
async def carrier(port: int, **settings: Any) -> AsyncIterator[SmtpProvider]:
    known: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": "none", "helo": "posthouse.example.com"}
    provider = SmtpProvider(Settings(**known | settings), SystemClock())
    try:
        yield provider
    finally:
        await provider.close()


# A server whose every answer is written down beforehand.

Act = bytes | Callable[[Peer], Awaitable[None]]
"""A reply without its CRLF, or something worse to do."""

EHLO = b"250-server.example.net\r\n250-SIZE 100000000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES"
DECENT: dict[str, Act] = {
    "greeting": b"220 server.example.net ESMTP",
    "EHLO": EHLO,
    "HELO": b"250 server.example.net",
    "MAIL": b"250 2.1.0 Ok",
    "RCPT": b"250 2.1.5 Ok",
    "DATA": b"354 Go on",
    "dot": b"250 2.0.0 Ok: queued as 4XyZ",
    "RSET": b"250 2.0.0 Ok",
    "NOOP": b"250 2.0.0 Ok",
    "QUIT": b"221 2.0.0 Bye",
}


class Relay:
    """What the scripted server heard: command lines, and whole contents still dot-stuffed."""

    def __init__(self, acts: Mapping[str, Act], later: Mapping[str, Act] | None) -> None:
        self.acts = {**DECENT, **acts}
        self.later = self.acts if later is None else {**DECENT, **later}
        self.lines: list[str] = []
        self.contents: list[bytes] = []
        self.server: Server

    @property
    def verbs(self) -> list[str]:
        return [line.partition(" ")[0].upper() for line in self.lines]

    async def talk(self, peer: Peer) -> None:
        acts = self.acts if peer.number == 1 else self.later
        await act(peer, acts["greeting"])
        while line := (await peer.line()).decode():
            self.lines.append(line)
            verb = line.partition(" ")[0].upper()
            await act(peer, acts.get(line.upper(), acts.get(verb, b"500 5.5.2 What?")))
            if verb == "QUIT":
                return
            if verb == "DATA" and acts["DATA"] == DECENT["DATA"]:
                await act(peer, acts.get("content", b""))
                self.contents.append(await peer.reader.readuntil(b"\r\n.\r\n"))
                await act(peer, acts["dot"])


async def act(peer: Peer, what: Act) -> None:
    if isinstance(what, bytes):
        await peer.say(what + b"\r\n" if what else b"")
    else:
        await what(peer)


@asynccontextmanager
async def relay(
    acts: Mapping[str, Act] | None = None, later: Mapping[str, Act] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Relay]:
    """A scripted server: `acts` on its first connection, `later` (else the same) on the others."""
    told = Relay(acts or {}, later)
    async with serving(told.talk, tls) as told.server:
        yield told


async def sent(acts: Mapping[str, Act], message: Envelope | None = None, timeout_s: float = LONG_S) -> Outcome:
    async with relay(acts) as server, carrier(server.server.port) as provider:
        return await provider.send(message or envelope(), timeout_s)


async def drop(peer: Peer) -> None:
    peer.close()


async def reset(peer: Peer) -> None:
    peer.reset()


async def say_nothing(peer: Peer) -> None:
    await peer.gone()


# The good path.


async def test_a_message_arrives_byte_for_byte() -> None:
    message = envelope(
        text=".\r\n..two dots\r\n.one dot\r\nlast line\r\n.", cc=(EVE,), tags=("welcome",), metadata=(("order", "42"),)
    )
    async with relay() as server, carrier(server.server.port) as provider:
        outcome = await provider.send(message, LONG_S)
        assert outcome == Accepted(250, "2.0.0 Ok: queued as 4XyZ", message_id="4XyZ")
    extra = (("X-Posthouse-Id", "0193"), ("X-Posthouse-Tag", "welcome"), ("X-Posthouse-Metadata-order", "42"))
    (content,) = server.contents
    assert content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.") == encode(message, extra)
    assert server.lines == [
        "EHLO posthouse.example.com",
        f"MAIL FROM:<ann@example.com> SIZE={len(encode(message, extra))}",
        "RCPT TO:<bob@example.net>",
        "RCPT TO:<eve@example.org>",
        "DATA",
        "QUIT",
    ]


async def test_only_those_still_owed_are_named_to_the_server() -> None:
    message = msgspec.structs.replace(envelope(cc=(EVE,)), recipients=(EVE.email,))
    async with relay() as server, carrier(server.server.port) as provider:
        assert isinstance(await provider.send(message, LONG_S), Accepted)
    assert [line for line in server.lines if line.startswith("RCPT")] == ["RCPT TO:<eve@example.org>"]


class Mailbox:
    """Keeps what aiosmtpd received."""

    def __init__(self) -> None:
        self.received: list[tuple[str, list[str], bytes, list[str]]] = []

    async def handle_DATA(self, server: Any, session: Any, mail: Any) -> str:
        self.received.append((mail.mail_from, mail.rcpt_tos, mail.content, mail.mail_options))
        return "250 2.0.0 OK"


def known(server: Any, session: Any, mail: Any, mechanism: str, auth_data: Any) -> AuthResult:
    ok = isinstance(auth_data, LoginPassword) and auth_data.password == PASSWORD.reveal().encode()
    return AuthResult(success=ok, handled=False)


@asynccontextmanager
async def smtpd(mailbox: Mailbox, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    protocols: list[Smtpd] = []

    def connected() -> Smtpd:
        protocols.append(Smtpd(mailbox, enable_SMTPUTF8=True, hostname="server.example.net", loop=loop, **options))
        return protocols[-1]

    listener = await loop.create_server(connected, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for protocol in protocols:
            if isinstance(protocol.transport, asyncio.Transport):
                protocol.transport.abort()
            if protocol._handler_coroutine is not None:
                await asyncio.wait([protocol._handler_coroutine])


async def test_a_decent_server_takes_it_over_starttls_and_auth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    mailbox = Mailbox()
    options = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": known}
    async with smtpd(mailbox, **options) as port:
        secured = {"tls": "starttls", "username": "posthouse"}
        async with carrier(port, password=PASSWORD, **secured) as provider:
            outcomes = [await provider.send(envelope(), LONG_S) for _ in range(3)]
            assert await provider.probe(LONG_S) == Accepted(250, "OK")
        assert outcomes == [Accepted(250, "2.0.0 OK")] * 3
        async with carrier(port, password=Secret("wrong"), **secured) as provider:
            refused = await provider.send(envelope(), LONG_S)
    assert isinstance(refused, Unauthorised)
    assert refused.status == 535
    assert [(sender, recipients) for sender, recipients, _, _ in mailbox.received] == [(ANN.email, [BOB.email])] * 3
    assert mailbox.received[0][2] == encode(envelope(), (("X-Posthouse-Id", "0193"),))


async def test_an_address_outside_ascii_goes_with_smtputf8() -> None:
    mailbox = Mailbox()
    message = envelope(to=(Address("böb@example.net"),))
    async with smtpd(mailbox) as port, carrier(port) as provider:
        assert isinstance(await provider.send(message, LONG_S), Accepted)
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
    assert mailbox.received[0][1] == ["böb@example.net"]
    assert "SMTPUTF8" in mailbox.received[0][3]
    assert "SMTPUTF8" not in mailbox.received[1][3]


async def test_an_address_outside_ascii_is_left_to_others_where_smtputf8_is_not_offered() -> None:
    message = envelope(bcc=(Address("böb@example.net"),))
    async with relay({"EHLO": b"250 server.example.net"}) as server, carrier(server.server.port) as provider:
        outcome = await provider.send(message, LONG_S)
    assert isinstance(outcome, Refused)
    assert (outcome.about, server.verbs) == ("content", ["EHLO", "QUIT"])


async def test_a_server_that_only_knows_helo_is_good_enough() -> None:
    async with relay({"EHLO": b"502 5.5.1 What?"}) as server, carrier(server.server.port) as provider:
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
    assert server.lines[:3] == [
        "EHLO posthouse.example.com",
        "HELO posthouse.example.com",
        "MAIL FROM:<ann@example.com>",
    ]


async def test_implicit_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    async with relay(tls=context) as server, carrier(server.server.port, tls="tls") as provider:
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)


async def test_a_local_server_can_be_named_by_url() -> None:
    async with relay() as server:
        settings = Settings(host="mail.example.net", base_url=f"smtp://127.0.0.1:{server.server.port}")
        provider = SmtpProvider(settings, SystemClock())
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
        await provider.close()


# Before the message: nothing was sent.

AUTH = EHLO.replace(b"250 ENHANCEDSTATUSCODES", b"250 AUTH PLAIN")


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ({"greeting": b"421 4.3.2 Too busy"}, Deferred(421, "connect: 4.3.2 Too busy")),
        ({"greeting": b"450 4.7.0 Not now"}, Deferred(450, "connect: 4.7.0 Not now")),
        ({"greeting": b"554 5.7.1 No service for you"}, Unauthorised(554, "connect: 5.7.1 No service for you")),
        (
            {"greeting": b"HTTP/1.1 400 Bad Request"},
            Deferred(detail="connect: Malformed SMTP response line: HTTP/1.1 400 Bad Request"),
        ),
        ({"greeting": drop}, Deferred),
        ({"greeting": reset}, Deferred),
        ({"EHLO": drop}, Deferred),
        ({"EHLO": b"421 4.3.2 Too busy"}, Deferred(421, "connect: 4.3.2 Too busy")),
        ({"EHLO": b"550 5.7.1 Go away", "HELO": b"550 5.7.1 Go away"}, Unauthorised(550, "connect: 5.7.1 Go away")),
        ({"MAIL": drop}, Deferred),
        ({"MAIL": b"421 4.7.0 Too many messages"}, Throttled(421, "envelope: 4.7.0 Too many messages")),
        ({"MAIL": b"452 4.3.1 No space"}, Deferred(452, "MAIL: 4.3.1 No space")),
        ({"MAIL": b"451 4.7.1 Rate exceeded"}, Throttled(451, "MAIL: 4.7.1 Rate exceeded")),
        ({"MAIL": b"550 5.7.1 Sender denied"}, Unauthorised(550, "MAIL: 5.7.1 Sender denied")),
        ({"MAIL": b"552 5.3.4 Too large"}, Refused("size", 552, "MAIL: 5.3.4 Too large")),
        ({"MAIL": b"503 5.5.1 EHLO first"}, Deferred(503, "MAIL: 5.5.1 EHLO first")),
        ({"EHLO": b"250-a\r\n250 SIZE 100"}, Refused),
    ],
)
async def test_what_goes_wrong_before_the_recipients(acts: dict[str, Act], expected: Outcome | type) -> None:
    outcome = await sent(acts)
    if isinstance(expected, type):
        assert isinstance(outcome, expected)
    else:
        assert outcome == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"535 5.7.8 Wrong", Unauthorised(535, "AUTH: 5.7.8 Wrong")),
        (b"534 5.7.9 Too weak", Unauthorised(534, "AUTH: 5.7.9 Too weak")),
        (b"530 5.7.0 STARTTLS first", Unauthorised(530, "AUTH: 5.7.0 STARTTLS first")),
        (b"454 4.7.0 Not now", Deferred(454, "AUTH: 4.7.0 Not now")),
    ],
)
async def test_a_refused_sign_in(reply: bytes, expected: Outcome) -> None:
    async with (
        relay({"EHLO": AUTH, "AUTH": reply}) as server,
        carrier(server.server.port, username="u", password=PASSWORD) as provider,
    ):
        assert await provider.send(envelope(), LONG_S) == expected
        assert await provider.probe(LONG_S) == expected


async def test_a_server_without_auth_cannot_know_us() -> None:
    async with relay() as server, carrier(server.server.port, username="u", password=PASSWORD) as provider:
        assert await provider.send(envelope(), LONG_S) == Unauthorised(detail="AUTH is not offered")
    async with (
        relay({"EHLO": AUTH.replace(b"PLAIN", b"GSSAPI")}) as server,
        carrier(server.server.port, username="u", password=PASSWORD) as provider,
    ):
        assert isinstance(await provider.send(envelope(), LONG_S), Unauthorised)


async def test_a_closed_port_is_deferred() -> None:
    async with relay() as server:
        port = server.server.port
    async with carrier(port) as provider:
        outcome = await provider.send(envelope(), LONG_S)
    assert isinstance(outcome, Deferred)
    assert str(outcome.detail).startswith("connect: ")


async def test_an_unknown_name_is_deferred() -> None:
    async with carrier(25, host="nowhere.invalid") as provider:
        assert isinstance(await provider.send(envelope(), LONG_S), Deferred)


@pytest.mark.parametrize("stage", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
async def test_silence_before_the_content_is_deferred(stage: str) -> None:
    outcome = await sent({stage: say_nothing}, timeout_s=SHORT_S)
    assert isinstance(outcome, Deferred)
    assert str(outcome.detail).endswith("no answer in time")


# TLS.


async def test_starttls_that_is_not_offered_sends_nothing() -> None:
    async with (
        relay({"EHLO": AUTH}) as server,
        carrier(server.server.port, tls="starttls", username="u", password=PASSWORD) as provider,
    ):
        outcome = await provider.send(envelope(), LONG_S)
    assert isinstance(outcome, Deferred)
    assert "STARTTLS" in str(outcome.detail)
    assert server.verbs == ["EHLO"]


OFFERING = EHLO.replace(b"250 ENHANCEDSTATUSCODES", b"250 STARTTLS")


async def test_starttls_that_is_refused_sends_nothing() -> None:
    async with (
        relay({"EHLO": OFFERING, "STARTTLS": b"454 4.7.0 TLS not available"}) as server,
        carrier(server.server.port, tls="starttls") as provider,
    ):
        outcome = await provider.send(envelope(), LONG_S)
    assert outcome == Deferred(454, "connect: 4.7.0 TLS not available")
    assert server.verbs == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("host", ["127.0.0.1", "mail.example.com"])
async def test_a_certificate_that_is_not_trusted_or_of_another_host_is_deferred(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, context = certificate(tmp_path, host=host)
    if host != "127.0.0.1":  # then the name alone is wrong
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    mailbox = Mailbox()
    async with smtpd(mailbox, tls_context=context, require_starttls=True) as port:
        async with carrier(port, tls="starttls") as provider:
            outcome = await provider.send(envelope(), LONG_S)
        async with carrier(port, tls="starttls", verify=False) as provider:
            assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
    assert isinstance(outcome, Deferred)
    assert "certificate verify failed" in str(outcome.detail)
    assert len(mailbox.received) == 1


async def test_words_slipped_in_before_tls_are_not_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))

    async def slip_in(peer: Peer) -> None:
        await peer.say(b"220 Go on\r\n250-evil.example.org\r\n250 AUTH PLAIN\r\n")
        await peer.secure(context)

    async with (
        relay({"EHLO": OFFERING, "STARTTLS": slip_in}) as server,
        carrier(server.server.port, tls="starttls", username="u", password=PASSWORD) as provider,
    ):
        outcome = await provider.send(envelope(), LONG_S)
    assert outcome == Unauthorised(detail="AUTH is not offered")
    assert server.verbs == ["EHLO", "STARTTLS", "EHLO"]


# Recipients.


def to(*emails: str) -> Envelope:
    return envelope(to=tuple(Address(email) for email in emails))


async def test_those_who_are_refused_do_not_hold_up_the_others() -> None:
    acts: dict[str, Act] = {
        "RCPT TO:<B@EXAMPLE.NET>": b"450 4.2.1 Greylisted",
        "RCPT TO:<C@EXAMPLE.NET>": b"550 5.1.1 No such user",
        "RCPT TO:<D@EXAMPLE.NET>": b"452 4.5.3 Too many recipients",
        "RCPT TO:<E@EXAMPLE.NET>": b"554 5.7.1 Relay access denied",
    }
    outcome = await sent(acts, to(*[f"{name}@example.net" for name in "abcde"]))
    assert isinstance(outcome, Accepted)
    assert outcome.unserved == (
        Recipient("b@example.net", permanent=False, detail="450 4.2.1 Greylisted"),
        Recipient("c@example.net", permanent=True, detail="550 5.1.1 No such user"),
        Recipient("d@example.net", permanent=False, detail="452 4.5.3 Too many recipients"),
        Recipient("e@example.net", permanent=False, detail="554 5.7.1 Relay access denied"),
    )


async def test_a_message_that_nobody_may_have_is_not_begun_and_the_next_one_goes_out() -> None:
    acts: dict[str, Act] = {"RCPT TO:<B@EXAMPLE.NET>": b"550 5.1.1 No such user"}
    async with relay(acts) as server, carrier(server.server.port) as provider:
        assert await provider.send(to("b@example.net"), LONG_S) == Refused("recipient", 550, "RCPT: 5.1.1 No such user")
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
    assert server.verbs == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_a_server_that_closes_among_the_recipients_has_taken_nothing() -> None:
    outcome = await sent({"RCPT TO:<B@EXAMPLE.NET>": b"421 4.4.2 Bye"}, to("a@example.net", "b@example.net"))
    assert outcome == Deferred(421, "envelope: 4.4.2 Bye")


# The content.


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"451 4.3.0 Try later", Deferred(451, "DATA: 4.3.0 Try later")),
        (b"421 4.3.2 Closing", Deferred(421, "DATA: 4.3.2 Closing")),
        (
            b"454 Throttling failure: Daily message quota exceeded.",
            Throttled(454, "DATA: Throttling failure: Daily message quota exceeded.", quota=True),
        ),
        (b"552 5.3.4 Too large", Refused("size", 552, "DATA: 5.3.4 Too large")),
        (b"554 5.7.1 Spam", Refused("content", 554, "DATA: 5.7.1 Spam")),
        (b"550 5.6.0 Not a message", Refused("message", 550, "DATA: 5.6.0 Not a message")),
        (b"999 What", Unsure(999, "DATA: What")),
    ],
)
async def test_an_answer_to_the_final_dot(reply: bytes, expected: Outcome) -> None:
    assert await sent({"dot": reply}) == expected


@pytest.mark.parametrize("reply", [b"451 4.3.0 Try later", b"503 5.5.1 No", b"250 What"])
async def test_content_that_is_not_asked_for_is_not_sent(reply: bytes) -> None:
    async with relay({"DATA": reply}) as server, carrier(server.server.port) as provider:
        outcome = await provider.send(envelope(), LONG_S)
    assert isinstance(outcome, Deferred)
    assert outcome.status == int(reply[:3])
    assert server.contents == []


@pytest.mark.parametrize("fault", [drop, reset])
async def test_an_answer_to_the_final_dot_that_is_lost_leaves_doubt(fault: Act) -> None:
    outcome = await sent({"dot": fault})
    assert isinstance(outcome, Unsure)
    assert str(outcome.detail).startswith("no answer to the final dot: ")


async def test_an_answer_to_the_final_dot_that_never_comes_leaves_doubt() -> None:
    assert await sent({"dot": say_nothing}, timeout_s=SHORT_S) == Unsure(
        detail="no answer to the final dot: no answer in time"
    )


async def test_an_answer_to_the_final_dot_that_is_no_reply_leaves_doubt() -> None:
    assert isinstance(await sent({"dot": b"Accepted, thanks"}), Unsure)


@pytest.mark.parametrize("fault", [drop, reset])
async def test_a_connection_lost_in_the_middle_of_the_content_has_taken_nothing(fault: Act) -> None:
    outcome = await sent({"content": fault}, envelope(text=LONG_TEXT))
    assert isinstance(outcome, Deferred)
    assert str(outcome.detail).startswith("data: ")


async def test_a_server_that_does_not_read_the_content_has_taken_nothing() -> None:
    stop = asyncio.Event()

    async def wait(peer: Peer) -> None:
        await stop.wait()

    outcome = await sent({"content": wait}, envelope(text=LONG_TEXT), SHORT_S)
    assert outcome == Deferred(detail="data: no answer in time")


async def test_a_message_of_many_pieces_arrives_whole() -> None:
    message = envelope(text=".a line that begins with a dot\r\n" * 20_000)
    async with relay() as server, carrier(server.server.port) as provider:
        assert isinstance(await provider.send(message, LONG_S), Accepted)
    (content,) = server.contents
    assert len(content) > 3 * PIECE
    assert content == stuffed(encode(message, (("X-Posthouse-Id", "0193"),)))


# Kept connections.


async def test_a_connection_is_kept_from_one_message_to_the_next() -> None:
    async with relay() as server, carrier(server.server.port) as provider:
        for _ in range(3):
            assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
    assert server.server.connections == 1
    assert server.verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]


@pytest.mark.parametrize("fault", [drop, reset, b"421 4.7.0 Enough messages on this connection"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
async def test_a_kept_connection_that_ends_before_the_dot_is_replaced_once(stage: str, fault: Act) -> None:
    seen = 0

    async def second_time(peer: Peer) -> None:
        nonlocal seen
        seen += 1
        await act(peer, DECENT[stage] if seen == 1 else fault)

    acts: dict[str, Act] = {stage: second_time}
    if stage == "DATA":  # the script reads content only after the usual answer
        acts = {"dot": second_time_after_dot(fault)}
    async with relay(acts, later={}) as server, carrier(server.server.port) as provider:
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
        assert (server.server.connections, len(server.contents)) == (2, 2)


def second_time_after_dot(fault: Act) -> Act:
    """Take the first message, and end the connection on the next DATA."""

    async def script(peer: Peer) -> None:
        await act(peer, DECENT["dot"])
        for verb in ("MAIL", "RCPT"):
            await peer.line()
            await act(peer, DECENT[verb])
        await peer.line()
        await act(peer, fault)

    return script


async def test_a_fresh_connection_that_ends_is_not_replaced() -> None:
    async with relay({"MAIL": drop}) as server, carrier(server.server.port) as provider:
        assert isinstance(await provider.send(envelope(), LONG_S), Deferred)
        assert server.server.connections == 1


async def test_a_kept_connection_that_ends_after_the_dot_leaves_doubt_and_is_not_tried_again() -> None:
    seen = 0

    async def second_time(peer: Peer) -> None:
        nonlocal seen
        seen += 1
        await act(peer, DECENT["dot"] if seen == 1 else drop)

    async with relay({"dot": second_time}, later={}) as server, carrier(server.server.port) as provider:
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
        assert isinstance(await provider.send(envelope(), LONG_S), Unsure)
        assert (server.server.connections, len(server.contents)) == (1, 2)


class Later:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return 1_800_000_000.0 + self.ahead_s

    def monotonic(self) -> float:
        return self.ahead_s

    async def sleep(self, seconds: float) -> None:
        self.ahead_s += seconds


async def test_a_connection_that_rested_too_long_is_not_used_again() -> None:
    clock = Later()
    async with relay() as server:
        provider = SmtpProvider(Settings(host="127.0.0.1", port=server.server.port, tls="none"), clock)
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
        clock.ahead_s = 31.0
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
        await provider.close()
        assert server.server.connections == 2


async def test_no_more_connections_are_opened_than_allowed() -> None:
    async with relay() as server, carrier(server.server.port, connections=2) as provider:
        outcomes = await asyncio.gather(*[provider.send(envelope(), LONG_S) for _ in range(10)])
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert server.server.connections == 2


async def test_a_message_that_finds_no_free_connection_is_throttled() -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def wait(peer: Peer) -> None:
        arrived.set()
        await release.wait()
        await act(peer, DECENT["dot"])

    async with relay({"dot": wait}) as server, carrier(server.server.port, connections=1) as provider:
        first = asyncio.create_task(provider.send(envelope(), LONG_S))
        await arrived.wait()
        second = await provider.send(envelope(), 0.1)
        release.set()
        assert isinstance(second, Throttled)
        assert isinstance(await first, Accepted)


async def test_cancelling_passes_through_and_the_connection_is_let_go() -> None:
    arrived, left = asyncio.Event(), asyncio.Event()

    async def wait(peer: Peer) -> None:
        arrived.set()
        await peer.gone()
        left.set()

    async with relay({"dot": wait}, later={}) as server, carrier(server.server.port) as provider:
        task = asyncio.create_task(provider.send(envelope(), LONG_S))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await left.wait()
        assert isinstance(await provider.send(envelope(), LONG_S), Accepted)
        assert server.server.connections == 2


@pytest.mark.parametrize(("verb", "reply"), [("EHLO", b""), ("AUTH", b"535 5.7.8 Wrong")])
async def test_a_connection_that_does_not_get_in_is_let_go(verb: str, reply: bytes) -> None:
    left = asyncio.Event()

    async def reply_and_listen(peer: Peer) -> None:
        await act(peer, reply)
        await peer.gone()
        left.set()

    acts: dict[str, Act] = {"EHLO": AUTH, verb: reply_and_listen}
    async with relay(acts) as server, carrier(server.server.port, username="u", password=PASSWORD) as provider:
        assert not isinstance(await provider.send(envelope(), SHORT_S), Accepted)
        await left.wait()


async def test_closing_lets_a_message_on_its_way_arrive_and_keeps_no_connection() -> None:
    arrived, release, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait(peer: Peer) -> None:
        arrived.set()
        await release.wait()
        await act(peer, DECENT["dot"])
        await peer.gone()
        left.set()

    async with relay({"dot": wait}) as server, carrier(server.server.port) as provider:
        task = asyncio.create_task(provider.send(envelope(), LONG_S))
        await arrived.wait()
        await provider.close()
        release.set()
        assert isinstance(await task, Accepted)
        await left.wait()


# Our own faults, and the settings.


@pytest.mark.parametrize(
    "email", ["b@example.net> NOTIFY=NEVER", "b@example.net\r\nRCPT TO:<eve@example.org>", "<b@example.net", "b"]
)
async def test_an_address_that_says_more_than_an_address_is_not_sent(email: str) -> None:
    async with relay() as server, carrier(server.server.port) as provider:
        with pytest.raises(NotSent):
            await provider.send(envelope(bcc=(Address(email),)), LONG_S)
        assert server.server.connections == 0


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "host: expected"),
        ({"host": "a", "username": "u"}, "username, password: expected both"),
        ({"base_url": "http://127.0.0.1:25"}, "base_url: expected smtp://"),
        ({"base_url": "smtp://u:p@127.0.0.1:25"}, "base_url: expected smtp://"),
        ({"base_url": "smtp://127.0.0.1:port"}, "base_url: expected smtp://"),
        ({"base_url": "smtp://"}, "base_url: expected smtp://"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, str], problem: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.convert(settings, Settings)


@pytest.mark.parametrize(
    ("settings", "endpoint"),
    [
        (Settings(host="a"), ("a", 587, "starttls")),
        (Settings(host="a", tls="tls"), ("a", 465, "tls")),
        (Settings(host="a", base_url="smtp://b:2525"), ("b", 2525, "starttls")),
        (Settings(base_url="smtp://localhost:2525"), ("localhost", 2525, "none")),
        (Settings(base_url="smtp://[::1]"), ("::1", 587, "none")),
        (Settings(base_url="smtps://127.0.0.1"), ("127.0.0.1", 465, "tls")),
    ],
)
def test_the_endpoint(settings: Settings, endpoint: tuple[str, int, str]) -> None:
    assert settings.endpoint == endpoint


# Dot-stuffing is pure.

PIECES = st.lists(st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"a", b".."])).map(b"".join)


@given(PIECES)
def test_stuffed_content_ends_at_its_last_line_only_and_reads_back(content: bytes) -> None:
    lines = stuffed(content).split(b"\r\n")
    assert lines[-2:] == [b".", b""]
    assert b"." not in lines[:-2]
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    read = b"\r\n".join(line.removeprefix(b".") for line in lines[:-2])
    plain = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert read == plain.removesuffix(b"\r\n")


def test_settings_do_not_show_the_password() -> None:
    assert "open sesame" not in repr(Settings(host="a", username="u", password=PASSWORD))
