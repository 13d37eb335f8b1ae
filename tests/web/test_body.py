import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from posthouse.web import body
from posthouse.web.answer import Refused
from posthouse.web.body import Budget, announced, read

Receive = Callable[[], Awaitable[dict[str, Any]]]


def arriving(*pieces: bytes, then: str | None = None) -> Receive:
    """A body in pieces. then: `stall` or `leave` in place of its end."""
    last = None if then else len(pieces) - 1
    waiting = [{"type": "http.request", "body": piece, "more_body": n != last} for n, piece in enumerate(pieces)]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        if then == "stall":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return receive


def status(refused: "pytest.ExceptionInfo[Refused]") -> int:
    return refused.value.answer.status


def headers(refused: "pytest.ExceptionInfo[Refused]") -> dict[bytes, bytes]:
    return dict(refused.value.answer.headers)


async def test_a_body_is_read_whole_in_however_many_pieces_it_comes() -> None:
    assert await read(arriving(b"whole"), 10, 5) == b"whole"
    assert await read(arriving(b"", b"wh", b"", b"ole", b""), 10, None) == b"whole"
    assert await read(arriving(b""), 10, None) == b""
    assert await read(arriving(b"0123456789"), 10, None) == b"0123456789"


@pytest.mark.parametrize("pieces", [(b"01234567890",), (b"0123456789", b"0"), (b"0",) * 11])
async def test_one_byte_more_than_allowed_is_refused(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(Refused) as refused:
        await read(arriving(*pieces), 10, None)
    assert status(refused) == 413
    assert "at most 10 bytes" in msgspec.json.decode(refused.value.answer.body)["detail"]


async def test_what_is_too_long_is_refused_before_its_end_has_come() -> None:
    with pytest.raises(Refused) as refused:
        await read(arriving(b"0" * 11, then="stall"), 10, None)
    assert status(refused) == 413


@pytest.mark.parametrize("pieces", [(), (b"ha",), (b"ha", b"lf")])
async def test_a_body_that_does_not_come_ends_the_connection_with_408(
    pieces: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "PATIENCE_S", 0.0)
    monkeypatch.setattr(body, "LONGEST_S", 0.01)
    for expected in (10, None):
        with pytest.raises(Refused) as refused:
            await read(arriving(*pieces, then="stall"), 10, expected)
        assert status(refused) == 408
        assert headers(refused)[b"connection"] == b"close"


async def test_patience_grows_with_the_announced_length_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float | None] = []
    timeout = asyncio.timeout

    def remembered(delay: float | None) -> asyncio.Timeout:
        asked.append(delay)
        return timeout(delay)

    monkeypatch.setattr(asyncio, "timeout", remembered)
    for expected in (0, 100 * body.SLOWEST, 10**9, None):
        await read(arriving(b""), 10, expected)
    assert asked == [body.PATIENCE_S, body.PATIENCE_S + 100, body.LONGEST_S, body.LONGEST_S]


@pytest.mark.parametrize("pieces", [(), (b"ha",), (b"ha", b"lf")])
async def test_a_client_that_leaves_is_told_nothing(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(ConnectionResetError):
        await read(arriving(*pieces, then="leave"), 10, None)


def test_the_announced_length_is_known_before_anything_is_read() -> None:
    assert announced({}, 10) is None
    assert announced({b"content-length": b"10"}, 10) == 10
    for text, expected in ((b"11", 413), (b"4294967296", 413), (b"-1", 400), (b"+5", 400), (b"1e1", 400), (b"", 400)):
        with pytest.raises(Refused) as refused:
            announced({b"content-length": text}, 10)
        assert status(refused) == expected


async def test_the_budget_lets_in_what_fits_and_the_rest_when_there_is_room() -> None:
    budget, order = Budget(100), list[str]()

    async def hold(name: str, size: int, until: asyncio.Event) -> None:
        async with budget.hold(size):
            order.append(name)
            await until.wait()

    first, second = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(hold("first", 60, first))
        await asyncio.sleep(0)
        group.create_task(hold("too large for now", 60, second))
        group.create_task(hold("small", 40, second))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == ["first", "small"]
        first.set()
        second.set()
    assert order == ["first", "small", "too large for now"]


async def test_what_does_not_fit_in_time_is_turned_away_with_503_and_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(body, "QUEUE_S", 0.01)
    budget = Budget(100)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(budget.hold(100))
        with pytest.raises(Refused) as refused:
            await stack.enter_async_context(budget.hold(1))
        assert status(refused) == 503
        assert headers(refused)[b"retry-after"] == b"2"
    async with budget.hold(100):
        pass


async def test_one_alone_may_be_larger_than_the_budget() -> None:
    async with Budget(100).hold(1000):
        pass


async def test_what_is_held_is_given_back_whatever_ends_the_reading() -> None:
    budget = Budget(100)
    with pytest.raises(ConnectionResetError):
        async with budget.hold(100):
            await read(arriving(then="leave"), 10, None)
    async with budget.hold(100):
        pass
