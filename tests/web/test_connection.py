"""Connections of those who send what is no request, or never finish one."""

import asyncio
import gc
import json

import pytest

from posthouse.web import connection
from tests.web.house import KEY, House, letter
from tests.web.http import Line, line, request
from tests.web.test_app import is_a_problem

GOOD = json.dumps(letter()).encode()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/3.0\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET no-slash HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_answered_like_every_other_error_and_the_connection_closed(
    house: House, nonsense: bytes
) -> None:
    async with line(house.port) as opened:
        await opened.say(nonsense)
        reply = await opened.reply()
        assert is_a_problem(reply, 400)
        assert reply.field("connection") == "close"
        assert await opened.rest() == b""


async def go_on_saying(opened: Line, piece: bytes) -> None:
    for _ in range(1000 * connection.HEAD_MAX // len(piece)):
        await opened.say(piece)


@pytest.mark.parametrize("piece", [b"X-More: " + b"a" * 100 + b"\r\n", b"a" * 1000])
async def test_a_head_without_end_is_refused_before_it_fills_the_memory(house: House, piece: bytes) -> None:
    async with line(house.port) as opened:
        await opened.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
        with pytest.raises(ConnectionError):  # whoever goes on writing may miss the answer
            await go_on_saying(opened, piece)


async def test_a_head_that_is_too_large_is_answered_with_431(house: House) -> None:
    async with line(house.port) as opened:
        await opened.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * connection.HEAD_MAX)
        assert is_a_problem(await opened.reply(), 431)
        assert await opened.rest() == b""


async def test_a_head_that_takes_too_long_is_answered_with_408(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.0)
    async with line(house.port) as opened:
        await opened.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert is_a_problem(await opened.reply(), 408)
        assert await opened.rest() == b""


async def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.0)
    async with line(house.port) as opened:
        assert await opened.rest() == b""


def hurried(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when the next connection has been looked at."""
    looked, hurry = asyncio.Event(), connection.Connection.hurry

    def seen(self: connection.Connection) -> None:
        hurry(self)
        looked.set()

    monkeypatch.setattr(connection.Connection, "hurry", seen)
    return looked


async def test_who_waits_for_an_answer_or_between_two_requests_is_not_hurried(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line(house.port) as opened:
        await opened.say(request("GET", "/healthz", {}))
        assert (await opened.reply()).status == 200
        monkeypatch.setattr(connection, "HEAD_S", 0.0)
        await hurried(monkeypatch).wait()
        await opened.say(request("GET", "/healthz", {}))
        assert (await opened.reply()).status == 200


async def test_a_connection_that_rests_for_too_long_is_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(house.port) as opened:
        await opened.say(request("GET", "/healthz", {}))
        assert (await opened.reply()).status == 200
        monkeypatch.setattr(connection, "KEPT_S", 0.0)
        assert await opened.rest() == b""


async def test_a_connection_that_carries_a_request_does_not_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(house.port) as opened:
        await opened.say(request("GET", "/healthz", {}))
        assert (await opened.reply()).status == 200
        fields = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Expect": "100-continue"}
        await opened.say(request("POST", "/email", fields | {"Content-Length": str(len(GOOD))}))
        assert (await opened.reply()).status == 100  # the head was read, and the body is waited for
        monkeypatch.setattr(connection, "KEPT_S", 0.0)
        await hurried(monkeypatch).wait()
        await opened.say(GOOD)
        assert (await opened.reply()).status == 202


async def test_a_connection_does_not_rest_where_the_next_head_began_before_the_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Content-Length": str(len(GOOD))}
    asked = request("POST", "/email", fields) + GOOD
    async with line(house.port) as opened:
        await opened.say(asked + asked[:10])
        assert (await opened.reply()).status == 202
        monkeypatch.setattr(connection, "KEPT_S", 0.0)
        for end in (len(asked) - len(GOOD), len(asked)):  # the head, and then the body
            await hurried(monkeypatch).wait()
            await opened.say(asked[10:end] if end < len(asked) else GOOD)
        assert (await opened.reply()).status == 202


async def test_trailers_are_not_headers(house: House) -> None:
    head = request("POST", "/email", {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    content = b"%x\r\n%s\r\n0\r\n" % (len(GOOD), GOOD)
    async with line(house.port) as opened:
        await opened.say(head + content + f"Authorization: Bearer {KEY}\r\n\r\n".encode())
        assert is_a_problem(await opened.reply(), 401)


async def test_who_asks_for_another_protocol_is_answered_in_this_one(house: House) -> None:
    reply = await house.get("/healthz", connection="Upgrade", upgrade="websocket")
    assert reply.json == {"status": "ok"}


OFFER = (
    b"POST /email HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    b"Content-Type: application/json\r\nContent-Length: " + str(len(GOOD)).encode() + b"\r\n\r\n"
)


async def test_an_offer_of_another_protocol_is_passed_over_and_the_body_is_read(house: House) -> None:
    async with line(house.port) as opened:
        await opened.say(OFFER + GOOD)
        assert (await opened.reply()).status == 202


async def test_a_body_behind_such_an_offer_is_never_taken_for_a_request(house: House) -> None:
    hidden = b"DELETE /email/00000000-0000-7000-8000-000000000000 HTTP/1.1\r\nHost: x\r\n\r\n"
    head = OFFER.replace(str(len(GOOD)).encode() + b"\r\n\r\n", str(len(hidden)).encode() + b"\r\n\r\n")
    async with line(house.port) as opened:
        await opened.say(head.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
        assert (await opened.reply()).status == 100  # the head was read, and the body is waited for
        await opened.say(hidden)
        assert is_a_problem(await opened.reply(), 400)  # it is no JSON, and nothing else
        await opened.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await opened.reply()).status == 200


async def test_a_request_gets_its_own_answer_whatever_comes_behind_it(house: House) -> None:
    post = OFFER.replace(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", b"")
    async with line(house.port) as opened:
        await opened.say(post + GOOD + b"\x16\x03 this is no request\r\n\r\n")
        assert (await opened.reply()).status == 202
        assert await opened.rest() == b""


async def test_a_request_leaves_nothing_behind_for_the_garbage_collector(house: House) -> None:
    fields = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Content-Length": str(len(GOOD))}
    asked = request("POST", "/email", fields) + GOOD
    try:
        async with line(house.port) as opened:
            for number in range(60):
                if number == 10:  # what is made once is there
                    gc.collect()
                    gc.disable()
                await opened.say(asked)
                assert (await opened.reply()).status == 202
        assert gc.collect() < 50
    finally:
        gc.enable()
