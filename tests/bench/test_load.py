"""The load generator: what it sends, what it counts, when it stops."""

import asyncio
import json
from collections.abc import Callable
from statistics import median_low
from typing import ClassVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.bench.carrier import Book, Carrier
from posthouse.bench.door import Door
from posthouse.bench.load import Load, Plan, load, percentile, request

values = st.lists(st.floats(0, 1e6), min_size=1).map(sorted)


async def shoot(door: Callable[[], Door], **plan: float) -> Load:
    """The load on a server in this very event loop."""
    server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", 0)
    async with server:
        return await load(Plan(server.sockets[0].getsockname()[1], **plan))  # type: ignore[arg-type]


class Accepting(Door):
    """Answers everything with 202, and keeps what it was told."""

    def __init__(self, seen: list[bytes]) -> None:
        self.seen = seen

    def asked(self, method: bytes) -> None:
        assert (method, self.target) == (b"POST", b"/email")
        self.seen.append(self.body)
        self.say(b"202 Accepted")


class HangingUp(Door):
    """Takes a message and hangs up without an answer."""

    def asked(self, method: bytes) -> None:
        self.transport.close()


@given(values, st.floats(0.001, 1))
def test_a_percentile_is_a_value_that_enough_others_do_not_exceed(ordered: list[float], share: float) -> None:
    found = percentile(ordered, share)
    assert sum(value <= found for value in ordered) >= share * len(ordered) - 1e-9
    assert sum(value < found for value in ordered) < share * len(ordered)


@given(values)
def test_the_half_is_the_median_and_the_whole_is_the_greatest(ordered: list[float]) -> None:
    assert percentile(ordered, 0.5) == median_low(ordered)
    assert percentile(ordered, 1) == ordered[-1]


async def test_every_message_is_another_json_document_of_1_4_kb_and_is_answered() -> None:
    seen: list[bytes] = []
    shot = await shoot(lambda: Accepting(seen), messages=200, connections=8)
    assert (shot.accepted, shot.statuses, shot.lost) == (200, {202: 200}, 0)
    assert len(set(seen)) == 200
    first = json.loads(seen[0])
    assert set(first) == {"from", "to", "subject", "text", "html"}
    assert first["to"] == "reader-0000000001@example.net"
    assert all(1400 <= len(body) < 1500 for body in seen)
    assert 0 < shot.p50_ms <= shot.p99_ms <= shot.max_ms <= shot.seconds * 1e3 + 1
    assert shot.rate == pytest.approx(200 / shot.seconds)


async def test_an_answer_that_is_not_202_is_counted_but_not_accepted() -> None:
    book = Book()
    shot = await shoot(lambda: Carrier(book), messages=200, connections=64)
    assert (shot.accepted, shot.statuses) == (0, {200: 200})
    assert book.messages == 200


async def test_a_message_without_an_answer_is_lost() -> None:
    shot = await shoot(HangingUp, messages=50, connections=4)
    assert (shot.accepted, shot.lost, shot.statuses) == (0, 50, {})
    assert shot.p99_ms == 0


async def test_time_ends_the_load_and_every_message_sent_is_answered() -> None:
    seen: list[bytes] = []
    shot = await shoot(lambda: Accepting(seen), seconds=0.05, connections=4)
    assert shot.accepted == len(seen)
    assert shot.lost == 0
    assert 0.05 <= shot.seconds < 5


def test_the_length_of_the_body_is_the_length_said() -> None:
    head, _, body = b"0000000042".join(request(Plan(1, key="k"))).partition(b"\r\n\r\n")
    fields = dict(cast("list[tuple[bytes, bytes]]", [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]))
    assert int(fields[b"content-length"]) == len(body)
    assert fields[b"authorization"] == b"Bearer k"


async def test_an_open_loop_sends_what_is_due_whether_it_is_answered_or_not() -> None:
    """The server answers nobody for 0.2 s: those whose messages were due meanwhile have waited since then."""

    class Sleeping(Door):
        waiting: ClassVar[list[Door]] = []
        awake = False

        def asked(self, method: bytes) -> None:
            if not self.waiting:
                asyncio.get_running_loop().call_later(0.2, self.wake)
            self.waiting.append(self)
            if Sleeping.awake:
                self.say(b"202 Accepted")

        def wake(self) -> None:
            Sleeping.awake = True
            for one in self.waiting:
                one.say(b"202 Accepted")

    shot = await shoot(Sleeping, seconds=0.4, rate=100.0, connections=2)
    assert (shot.accepted, shot.lost, shot.late) == (40, 0, 0)
    # Two connections could ask nothing more: with latencies from the sending on, only two would have been slow.
    assert 100 < shot.p90_ms < 190
    assert 190 < shot.max_ms < 400
    assert 0.35 < shot.seconds < 2


async def test_an_open_loop_keeps_to_its_rate() -> None:
    seen: list[bytes] = []
    shot = await shoot(lambda: Accepting(seen), seconds=0.5, rate=400.0, connections=16)
    assert len(seen) == shot.accepted == 200
    assert 0.49 < shot.seconds < 1.5


async def test_a_server_that_closes_after_each_answer_is_connected_to_again() -> None:
    class Once(Door):
        def asked(self, method: bytes) -> None:
            self.say(b"202 Accepted", headers=b"connection: close\r\n")
            self.transport.close()

    shot = await shoot(Once, messages=50, connections=4)
    assert (shot.accepted, shot.lost) == (50, 0)
