"""The table of faults: what a provider's server may do to us, and the exact outcome of each."""

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.clock import SystemClock
from posthouse.mail.message import Address, Envelope, Message
from posthouse.providers.base import HttpRequest, HttpResponse, NotSent, Spec, by_status
from posthouse.providers.client import Client
from posthouse.providers.http import HttpProvider, judge_cut
from posthouse.providers.wire import BODY_MAX, Cut
from posthouse.routing.capability import EVERYTHING
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure
from tests.providers.server import Peer, Script, answer, answering, certificate, serving

ENVELOPE = Envelope(
    id="0193",
    message=Message(sender=Address("ann@example.com"), to=(Address("bob@example.net"),), text="Hello"),
    accepted_at=1_800_000_000.0,
)
SHORT_S = 0.5
LONG_S = 20.0


class Settings(msgspec.Struct, frozen=True):
    base_url: str


class Plain:
    """The plainest adapter there can be: posts the text, reads the id from a header."""

    SPEC = Spec("plain", "Plain", Settings, EVERYTHING, 10**7, 1000)

    def request(self, envelope: Envelope, settings: Any, now: float) -> HttpRequest:
        headers = {"Authorization": "Bearer secret", "Content-Type": "text/plain"}
        return HttpRequest("POST", f"{settings.base_url}/mail", headers, (envelope.message.text or "").encode())

    def outcome(self, response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
        if response.status == 400:
            return Refused(status=400, detail=response.text())
        verdict = by_status(response)
        if isinstance(verdict, Accepted):
            message_id = response.headers.get("x-message-id")
            return Accepted(status=response.status, detail=response.text() or None, message_id=message_id)
        return verdict

    def probe(self, settings: Any, now: float) -> HttpRequest:
        return HttpRequest("GET", f"{settings.base_url}/probe", {"Authorization": "Bearer secret"})

    def probed(self, response: HttpResponse) -> Outcome:
        return by_status(response)


@asynccontextmanager
async def client(max_connections: int = 8) -> AsyncIterator[Client]:
    async with Client(max_connections) as opened:
        yield opened


def provider(url: str, opened: Client, adapter: Plain | None = None) -> HttpProvider:
    return HttpProvider(adapter or Plain(), Settings(url), opened, SystemClock())


async def sent_to(url: str, timeout_s: float = LONG_S, envelope: Envelope = ENVELOPE) -> Outcome:
    async with client() as opened:
        return await provider(url, opened).send(envelope, timeout_s)


async def sent_through(script: Script, timeout_s: float = LONG_S, envelope: Envelope = ENVELOPE) -> Outcome:
    async with serving(script) as server:
        return await sent_to(server.url, timeout_s, envelope)


def closed_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# What never left: Deferred.


async def test_a_closed_port_is_deferred() -> None:
    outcome = await sent_to(f"http://127.0.0.1:{closed_port()}")
    assert outcome == Deferred(detail="not connected: Connection refused")


async def test_an_unknown_name_is_deferred() -> None:
    outcome = await sent_to("https://nowhere.invalid")
    assert isinstance(outcome, Deferred)
    assert str(outcome.detail).startswith("not connected: ")


async def test_a_tls_handshake_that_is_reset_is_deferred() -> None:
    async def script(peer: Peer) -> None:
        peer.reset()

    async with serving(script) as server:
        outcome = await sent_to(server.url.replace("http:", "https:"))
    assert isinstance(outcome, Deferred)


async def test_a_tls_handshake_that_is_never_answered_is_deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.providers.client.CONNECT_S", 0.2)

    async def script(peer: Peer) -> None:
        await peer.gone()

    async with serving(script) as server:
        outcome = await sent_to(server.url.replace("http:", "https:"))
    assert outcome == Deferred(detail="not connected: operation timed out")


async def test_a_certificate_nobody_vouches_for_is_deferred(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    async with answering(answer(202), tls=context) as server:
        outcome = await sent_to(server.url)
        assert server.requests == []
    assert isinstance(outcome, Deferred)
    assert "certificate" in str(outcome.detail)


async def test_a_certificate_of_another_host_is_deferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, context = certificate(tmp_path, host="mail.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    async with answering(answer(202), tls=context) as server:
        outcome = await sent_to(server.url)
        assert server.requests == []
    assert isinstance(outcome, Deferred)
    assert "certificate" in str(outcome.detail)


async def test_a_certificate_the_system_trusts_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    async with answering(answer(202), tls=context) as server:
        assert await sent_to(server.url) == Accepted(status=202)


# What may have left, and no answer tells: Unsure.


async def accept_and_close(peer: Peer) -> None:
    peer.close()


async def accept_and_reset(peer: Peer) -> None:
    peer.reset()


async def read_and_close(peer: Peer) -> None:
    await peer.request()


async def read_and_reset(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def cut_in_the_status_line(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 20")


async def cut_in_the_headers(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 202 Accepted\r\nX-Message-Id: ab")


async def not_http(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"220 mail.example.com ESMTP\r\n")


async def a_hundred_thousand_headers(peer: Peer) -> None:
    await peer.request()
    await peer.say(answer(202, [(f"X-{number}", "a") for number in range(100_000)]))


async def a_huge_header(peer: Peer) -> None:
    await peer.request()
    await peer.say(answer(202, [("X-Huge", "a" * 1_000_000)]))


@pytest.mark.parametrize(
    "script",
    [
        accept_and_close,
        accept_and_reset,
        read_and_close,
        read_and_reset,
        cut_in_the_status_line,
        cut_in_the_headers,
        not_http,
        a_hundred_thousand_headers,
        a_huge_header,
    ],
)
async def test_no_whole_head_of_an_answer_is_unsure(script: Script) -> None:
    outcome = await sent_through(script)
    assert isinstance(outcome, Unsure)
    assert outcome.status is None
    assert str(outcome.detail).startswith("no answer: ")
    assert "127.0.0.1" not in str(outcome.detail)


async def test_a_request_that_is_read_and_never_answered_is_unsure() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    assert await sent_through(script, SHORT_S) == Unsure(detail="no answer: operation timed out")


async def test_a_request_that_is_never_read_is_unsure() -> None:
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await seen.wait()

    text = msgspec.structs.replace(ENVELOPE.message, text="a" * 20_000_000)
    outcome = await sent_through(script, SHORT_S, msgspec.structs.replace(ENVELOPE, message=text))
    assert outcome == Unsure(detail="no answer: operation timed out")


async def test_a_deadline_shorter_than_the_time_to_connect_leaves_no_doubt() -> None:
    async def script(peer: Peer) -> None:
        await peer.gone()

    async with serving(script) as server:
        outcome = await sent_to(server.url.replace("http:", "https:"), SHORT_S)
    assert outcome == Deferred(detail="not connected: operation timed out")


async def test_an_answer_beyond_the_deadline_is_unsure() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        for byte in answer(202, body=b"late"):
            await peer.say(bytes([byte]))
            await asyncio.sleep(0.02)

    assert isinstance(await sent_through(script, SHORT_S), Unsure)


# Head whole, body not.


def cut_body(status: int, headers: str = "") -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(f"HTTP/1.1 {status} X\r\n{headers}Content-Length: 10\r\n\r\nabc".encode())

    return script


def stalled_body(status: int, headers: str = "") -> Script:
    async def script(peer: Peer) -> None:
        await cut_body(status, headers)(peer)
        await peer.gone()

    return script


async def chunks_without_an_end(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")


@pytest.mark.parametrize("script", [cut_body(202), stalled_body(202), chunks_without_an_end])
async def test_a_success_cut_in_its_body_is_unsure(script: Script) -> None:
    outcome = await sent_through(script, SHORT_S)
    assert isinstance(outcome, Unsure)
    assert outcome.status == 202
    assert str(outcome.detail).startswith("answer cut: ")


@pytest.mark.parametrize("script", [cut_body(202, "X-Message-Id: ab\r\n"), stalled_body(202, "X-Message-Id: ab\r\n")])
async def test_a_success_cut_in_its_body_whose_head_names_the_message_is_accepted(script: Script) -> None:
    assert await sent_through(script, SHORT_S) == Accepted(status=202, message_id="ab")


async def test_a_failure_cut_in_its_body_is_judged_by_its_status() -> None:
    assert await sent_through(cut_body(503)) == Deferred(status=503)
    assert await sent_through(cut_body(401)) == Unauthorised(status=401)
    assert await sent_through(cut_body(429, "Retry-After: 7\r\n")) == Throttled(status=429, retry_after_s=7.0)


async def test_a_refusal_cut_in_its_body_is_not_final() -> None:
    outcome = await sent_through(cut_body(400))
    assert isinstance(outcome, Deferred)
    assert outcome.status == 400


async def test_an_answer_of_a_gigabyte_is_not_read_to_its_end() -> None:
    written = 0

    async def script(peer: Peer) -> None:
        nonlocal written
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(1024):
            await peer.say(bytes(1 << 20))
            written += 1

    outcome = await sent_through(script)
    assert outcome == Unsure(status=200, detail=f"answer cut: longer than {BODY_MAX} bytes")
    assert written < 64


async def test_a_gzip_bomb_is_not_unpacked_to_its_end() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    async with answering(answer(200, [("Content-Encoding", "gzip")], bomb)) as server:
        outcome = await sent_to(server.url)
    assert outcome == Unsure(status=200, detail=f"answer cut: longer than {BODY_MAX} bytes")


async def test_an_answer_that_is_not_the_gzip_it_says_is_unsure() -> None:
    async with answering(answer(200, [("Content-Encoding", "gzip")], b"plain")) as server:
        assert isinstance(await sent_to(server.url), Unsure)


# Whole answers.


async def test_a_whole_answer_is_judged_by_the_adapter() -> None:
    async with answering(answer(202, [("X-Message-Id", "ab")], b"thanks")) as server:
        assert await sent_to(server.url) == Accepted(status=202, detail="thanks", message_id="ab")
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/mail", b"Hello")
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["user-agent"].startswith("posthouse/")


async def test_an_answer_of_exactly_the_cap_is_whole() -> None:
    async with answering(answer(200, body=b"a" * BODY_MAX)) as server:
        assert isinstance(await sent_to(server.url), Accepted)


async def test_an_answer_in_pieces_is_whole() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        for piece in (b"HTTP/1.1 20", b"2 X\r\nContent-", b"Length: 6\r\n\r\nab", b"cd", b"ef"):
            await peer.say(piece)
            await asyncio.sleep(0)

    assert await sent_through(script) == Accepted(status=202, detail="abcdef")


async def test_interim_answers_are_passed_over() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(202))

    assert await sent_through(script) == Accepted(status=202)


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with answering(answer(202)) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            async with answering(answer(status, [("Location", f"{elsewhere.url}/mail")])) as server:
                outcome = await sent_to(server.url)
            assert outcome == Deferred(status=status)
        assert elsewhere.connections == 0


async def test_a_header_that_is_not_ascii_does_not_hide_the_others() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 202 X\r\nServer: \xff\xfe\r\nX-Message-Id: ab\r\nContent-Length: 0\r\n\r\n")

    assert await sent_through(script) == Accepted(status=202, message_id="ab")


async def test_repeated_headers_are_joined() -> None:
    async with answering(answer(202, [("X-Message-Id", "a"), ("X-Message-Id", "b")])) as server:
        assert await sent_to(server.url) == Accepted(status=202, message_id="a, b")


async def test_a_cookie_is_not_sent_back() -> None:
    async with answering(answer(202, [("Set-Cookie", "session=1")])) as server, client() as opened:
        carrier = provider(server.url, opened)
        await carrier.send(ENVELOPE, LONG_S)
        await carrier.send(ENVELOPE, LONG_S)
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(answer(502)) as proxy, answering(answer(202)) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert await sent_to(server.url) == Accepted(status=202)
        assert proxy.connections == 0


# Kept connections.


async def test_a_connection_is_kept_from_one_message_to_the_next() -> None:
    async with answering(answer(202, body=b"thanks")) as server, client() as opened:
        carrier = provider(server.url, opened)
        for _ in range(5):
            assert isinstance(await carrier.send(ENVELOPE, LONG_S), Accepted)
    assert (len(server.requests), server.connections) == (5, 1)


async def test_a_kept_connection_that_was_closed_is_replaced() -> None:
    noticed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(202))
        if peer.number == 1:
            peer.writer.write_eof()
            await peer.gone()  # until then, a request may still be on its way: see the next test
            noticed.set()
        else:
            await peer.gone()

    async with serving(script) as server, client() as opened:
        carrier = provider(server.url, opened)
        assert isinstance(await carrier.send(ENVELOPE, LONG_S), Accepted)
        await noticed.wait()
        assert isinstance(await carrier.send(ENVELOPE, LONG_S), Accepted)
        assert server.connections == 2


async def test_a_request_on_a_kept_connection_that_is_not_answered_is_never_repeated() -> None:
    taken = 0

    async def script(peer: Peer) -> None:
        nonlocal taken
        await peer.request()
        taken += 1
        await peer.say(answer(202))
        await peer.request()
        taken += 1

    async with serving(script) as server, client() as opened:
        carrier = provider(server.url, opened)
        assert isinstance(await carrier.send(ENVELOPE, LONG_S), Accepted)
        assert isinstance(await carrier.send(ENVELOPE, LONG_S), Unsure)
        assert (taken, server.connections) == (2, 1)


async def test_a_call_that_finds_no_room_is_throttled_and_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.providers.client.ROOM_S", 0.1)
    arrived, release = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        arrived.set()
        await release.wait()
        await peer.say(answer(202))

    async with serving(script) as server, client(max_connections=1) as opened:
        carrier = provider(server.url, opened)
        first = asyncio.create_task(carrier.send(ENVELOPE, LONG_S))
        await arrived.wait()
        second = await carrier.send(ENVELOPE, LONG_S)
        release.set()
        assert isinstance(second, Throttled)
        assert await first == Accepted(status=202)
        assert server.connections == 1


# Our own faults.


async def test_a_request_that_cannot_be_made_raises_and_nothing_is_sent() -> None:
    class Broken(Plain):
        def request(self, envelope: Envelope, settings: Any, now: float) -> HttpRequest:
            raise KeyError("broken")

    class Split(Plain):
        def request(self, envelope: Envelope, settings: Any, now: float) -> HttpRequest:
            return HttpRequest("POST", settings.base_url, {"X-A": "b\r\nX-C: d"})

    async with answering(answer(202)) as server, client() as opened:
        for adapter, cause in ((Broken(), KeyError), (Split(), ValueError)):
            with pytest.raises(NotSent, match="plain: the request could not be written") as caught:
                await provider(server.url, opened, adapter).send(ENVELOPE, LONG_S)
            assert isinstance(caught.value.__cause__, cause)
        assert server.connections == 0


async def test_an_adapter_that_breaks_on_an_answer_leaves_doubt_and_raises_nothing() -> None:
    class Broken(Plain):
        def outcome(self, response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
            raise KeyError("broken")

    async with answering(answer(202)) as server, client() as opened:
        outcome = await provider(server.url, opened, Broken()).send(ENVELOPE, LONG_S)
    assert outcome == Unsure(status=202, detail="answer not understood: KeyError")


async def test_cancelling_passes_through() -> None:
    arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        arrived.set()
        await peer.gone()

    async with serving(script) as server, client() as opened:
        task = asyncio.create_task(provider(server.url, opened).send(ENVELOPE, LONG_S))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "ftp://example.com", "api.example.com", "https://", "http://127.0.0.1.example.com", ""],
)
async def test_an_address_that_would_send_the_key_in_clear_is_refused(url: str) -> None:
    async with client() as opened:
        with pytest.raises(ValueError, match="base_url: expected https://"):
            provider(url, opened)


@pytest.mark.parametrize(
    "url", ["https://api.example.com", "http://localhost:8025", "http://[::1]:80", "http://127.9.9.9"]
)
async def test_https_and_the_own_machine_are_taken(url: str) -> None:
    async with client() as opened:
        provider(url, opened)


async def test_a_refused_address_does_not_show_its_password() -> None:
    async with client() as opened:
        with pytest.raises(ValueError) as caught:
            provider("http://user:hush@api.example.com", opened)
    assert "hush" not in str(caught.value)


# Probes.


async def test_a_probe_is_judged_by_the_adapter() -> None:
    async with answering(answer(200), answer(401)) as server, client() as opened:
        carrier = provider(server.url, opened)
        assert await carrier.probe(LONG_S) == Accepted(status=200)
        assert await carrier.probe(LONG_S) == Unauthorised(status=401)
    assert [(request.method, request.target) for request in server.requests] == [("GET", "/probe")] * 2


@pytest.mark.parametrize("script", [accept_and_close, read_and_close, cut_body(200), not_http])
async def test_a_probe_without_a_whole_answer_is_deferred(script: Script) -> None:
    async with serving(script) as server, client() as opened:
        assert isinstance(await provider(server.url, opened).probe(LONG_S), Deferred)


# Judging a cut answer is pure.

VERDICTS = st.one_of(
    st.builds(Accepted, message_id=st.none() | st.text()),
    st.builds(Refused, about=st.sampled_from(["recipient", "message", "content", "size"])),
    st.builds(Deferred),
    st.builds(Throttled),
    st.builds(Unauthorised),
    st.builds(Unsure),
)


@given(st.integers(100, 999), VERDICTS)
def test_a_cut_answer_is_never_final_and_accepted_only_by_its_id(status: int, verdict: Outcome) -> None:
    judged = judge_cut(Cut(HttpResponse(status, {}, b""), "answer cut"), verdict)
    assert not isinstance(judged, Refused)
    if isinstance(judged, Accepted):
        assert 200 <= status < 300
        assert judged.message_id is not None
    if 200 <= status < 300:
        assert isinstance(judged, Accepted | Unsure)
