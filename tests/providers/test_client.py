"""The client over real sockets: which connections are kept, what is let go, how a request is written."""

import asyncio
from pathlib import Path

import pytest

from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Call, Client, Origin, prepare
from posthouse.providers.wire import Cut
from posthouse.routing.outcome import Deferred, Unsure
from tests.providers.server import Peer, Server, answer, answering, certificate, serving

LONG_S = 20.0


def post(server: Server, body: bytes = b"Hello") -> Call:
    return prepare(HttpRequest("POST", f"{server.url}/mail", {"X-Key": "a"}, body))


async def statuses(server: Server, client: Client, count: int) -> list[int]:
    """The statuses of so many calls, one after the other."""
    found = []
    for _ in range(count):
        response = await client.call(post(server), LONG_S)
        assert isinstance(response, HttpResponse)
        found.append(response.status)
    return found


# How a request is written.


def test_a_request_names_host_and_length_and_then_its_own_headers() -> None:
    call = prepare(HttpRequest("POST", "https://api.example.com/v3/mail?x=1", {"X-Key": "a"}, b"Hello"))
    assert call.origin == Origin("api.example.com", 443, tls=True)
    lines = call.head.decode().split("\r\n")
    assert lines[:2] == ["POST /v3/mail?x=1 HTTP/1.1", "Host: api.example.com"]
    assert lines[2].startswith("User-Agent: posthouse/")
    assert lines[3:] == ["X-Key: a", "Content-Length: 5", "", ""]


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        ("http://127.0.0.1", Origin("127.0.0.1", 80, tls=False), "127.0.0.1"),
        ("http://[::1]:8025/a", Origin("::1", 8025, tls=False), "[::1]:8025"),
        ("https://API.example.com:8443/", Origin("api.example.com", 8443, tls=True), "api.example.com:8443"),
    ],
)
def test_a_host_is_written_with_the_port_its_url_names(url: str, origin: Origin, host: str) -> None:
    call = prepare(HttpRequest("GET", url, {}))
    assert call.origin == origin
    assert f"\r\nHost: {host}\r\n".encode() in call.head


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("GET", "https://example.com", {"X-A": "b\r\nX-C: d"}),
        HttpRequest("GET", "https://example.com", {"X-A\nX-C": "b"}),
        HttpRequest("GET", "https://example.com", {"X-A": "b\rc"}),
        HttpRequest("GET", "https://example.com", {"X-A": "b\0c"}),
        HttpRequest("GET", "https://example.com", {"X-A": "Grüße"}),
        HttpRequest("GET", "https://example.com", {"host": "example.net"}),
        HttpRequest("GET", "https://example.com", {"Content-length": "0"}),
        HttpRequest("GET", "https://example.com/a b", {}),
        HttpRequest("GET", "https://example.com/a\x01b", {}),
        HttpRequest("GET", "ftp://example.com", {}),
        HttpRequest("GET", "https:///path", {}),
    ],
)
def test_what_cannot_be_written_safely_is_refused(request_: HttpRequest) -> None:
    with pytest.raises(ValueError):
        prepare(request_)


# Which connections are kept.


async def test_a_connection_the_server_wants_closed_is_not_used_again() -> None:
    async with answering(answer(202, [("Connection", "close")])) as server, Client(2) as client:
        assert await statuses(server, client, 2) == [202, 202]
        assert server.connections == 2


async def test_an_answer_in_chunks_leaves_its_connection_usable() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with answering(chunked) as server, Client(2) as client:
        response = await client.call(post(server), LONG_S)
        assert isinstance(response, HttpResponse)
        assert response.body == b"abc"
        assert await statuses(server, client, 1) == [200]
        assert server.connections == 1


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\nabc")

    async with serving(script) as server, Client(2) as client:
        response = await client.call(post(server), LONG_S)
    assert response == HttpResponse(200, {}, b"abc")


async def test_a_server_that_speaks_unasked_is_let_go_of() -> None:
    """Or its words would be taken for the answer to the next message."""
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(202))
        if peer.number == 1:
            await peer.say(answer(500))
            await peer.gone()
            gone.set()
        await peer.gone()

    async with serving(script) as server, Client(2) as client:
        assert await statuses(server, client, 1) == [202]
        await gone.wait()
        assert await statuses(server, client, 1) == [202]
        assert server.connections == 2


async def test_a_second_answer_in_the_same_breath_is_not_taken_for_one() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(202) + answer(500))
        await peer.gone()

    async with serving(script) as server, Client(2) as client:
        assert await statuses(server, client, 2) == [202, 202]
        assert server.connections == 2


async def test_a_connection_at_rest_is_let_go_of_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.providers.client.IDLE_S", 0.05)
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(202))
        await peer.gone()
        gone.set()

    async with serving(script) as server, Client(2) as client:
        assert await statuses(server, client, 1) == [202]
        await gone.wait()


async def test_closing_the_client_lets_go_of_what_rests() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer(202))
        await peer.gone()
        gone.set()

    async with serving(script) as server:
        async with Client(2) as client:
            assert await statuses(server, client, 1) == [202]
        await gone.wait()


async def test_a_cancelled_call_is_cut_off_where_it_stands() -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        arrived.set()
        await peer.gone()
        gone.set()

    async with serving(script) as server, Client(1) as client:
        calling = asyncio.create_task(client.call(post(server), LONG_S))
        await arrived.wait()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        await gone.wait()


async def test_a_tls_connection_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    async with answering(answer(202), tls=context) as server, Client(2) as client:
        assert await statuses(server, client, 3) == [202, 202, 202]
        assert server.connections == 1


async def test_a_large_request_arrives_whole() -> None:
    body = bytes(range(256)) * 20_000
    async with answering(answer(202)) as server, Client(2) as client:
        assert isinstance(await client.call(post(server, body), LONG_S), HttpResponse)
    assert server.requests[0].body == body


# What is told where it fails.


async def test_another_protocol_is_no_answer() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")
        await peer.gone()

    async with serving(script) as server, Client(2) as client:
        assert await client.call(post(server), LONG_S) == Unsure(detail="no answer: it is not HTTP")


async def test_a_gzip_that_ends_early_is_cut() -> None:
    async with answering(answer(200, [("Content-Encoding", "gzip")], b"\x1f\x8b\x08")) as server, Client(2) as client:
        response = await client.call(post(server), LONG_S)
    assert isinstance(response, Cut)
    assert response.why == "answer cut: its gzip ends early"


async def test_a_host_name_that_is_none_never_leaves() -> None:
    async with Client(2) as client:
        outcome = await client.call(prepare(HttpRequest("GET", f"https://{'a' * 70}.example.com", {})), LONG_S)
    assert isinstance(outcome, Deferred)
    assert str(outcome.detail).startswith("not connected: ")
