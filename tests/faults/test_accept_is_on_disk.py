"""Nothing is answered, and nothing leaves, before it is on disk: judged by the system calls of a real server.

From the log of its calls the state of the disk is rebuilt as a power cut would leave it at any instant. At the instant
of each `202` the message must be there, and at the instant of each request to a carrier the attempt must be.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

import apsw
import msgspec
import pytest

from tests.faults import trace
from tests.faults.carrier import carrying, slowly
from tests.faults.disk import Disk
from tests.faults.driver import Ledger, load
from tests.faults.mutant import program
from tests.faults.server import POSTHOUSE, STORE, configured, sendgrid, serving
from tests.faults.trace import Call, calls, tracing

pytestmark = pytest.mark.skipif(trace.missing() is not None, reason=trace.missing() or "")

MESSAGES = 24
CALLERS = 3
ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

ACCEPTED = "SELECT messages.id FROM messages JOIN contents USING (id) JOIN events ON message = messages.id"
BEGUN = "SELECT message FROM attempts WHERE outcome IS NULL"


class Testimony(msgspec.Struct, frozen=True):
    """What a server did, by message: was it on disk when it was acknowledged, was its attempt when it left?"""

    __test__ = False

    acknowledged: dict[str, bool]
    sent: dict[str, bool]


class Words:
    """What goes out on one kind of connection. opening: how what matters begins. query: what must be on disk then."""

    def __init__(self, end: str, opening: bytes, query: str) -> None:
        self.end, self.opening, self.query = end, opening, query
        self.found: dict[str, bool] = {}
        self._then: dict[str, set[str]] = {}

    def hear(self, call: Call, disk: Disk) -> None:
        if not call.on.startswith("TCP") or self.end not in call.on or call.result is not None:
            return
        if call.data.startswith(self.opening):
            with disk.after_a_cut() as db:
                self._then[call.on] = _ids(db, self.query)
        if call.on in self._then and (named := ID.search(call.data)) is not None:
            id_ = named[0].decode()
            self.found[id_] = id_ in self._then.pop(call.on)


def _ids(db: apsw.Connection | None, query: str) -> set[str]:
    if db is None:
        return set()
    try:
        return {id_ for (id_,) in db.execute(query)}
    except apsw.SQLError:  # cut before the tables were made
        return set()


def heard(log: Iterable[str], store: Path, port: int, carrier: int) -> Testimony:
    """Read the log of a server at `port` that delivers to a carrier."""
    disk = Disk(store)
    answers = Words(f"TCP:[127.0.0.1:{port}->", b"HTTP/1.1 202", ACCEPTED)
    requests = Words(f"->127.0.0.1:{carrier}]", b"POST /v3/mail/send", BEGUN)
    for call in calls(log):
        answers.hear(call, disk)
        requests.hear(call, disk)
        disk.see(call)
    return Testimony(answers.found, requests.found)


async def witness(folder: Path, python: Sequence[str] = POSTHOUSE) -> Testimony:
    """Run a server under strace, several callers at once, and deliver what they hand in."""
    log, store = folder / "calls", folder / STORE
    async with carrying(slowly(0.002)) as carrier:
        config = configured(folder, {"carrier": sendgrid(carrier.port)})
        async with serving(config, program=python, under=tracing(log)) as server:
            ledger, refs = Ledger(), map(str, count())
            async with asyncio.timeout(40):
                await load(server.port, refs, ledger, CALLERS, lambda: len(ledger.answers) <= MESSAGES - CALLERS)
                await carrier.arrived(len(ledger.accepted))
            assert await server.stopped() == 0, server.words()
        with log.open() as lines:
            testimony = heard(lines, store, server.port, carrier.port)
    ids = {answer.id for answer in ledger.accepted}
    assert len(ids) >= MESSAGES - CALLERS
    assert testimony.acknowledged.keys() == ids == testimony.sent.keys()
    return testimony


async def test_a_202_leaves_when_the_message_is_on_disk_and_a_message_leaves_when_its_attempt_is(
    tmp_path: Path,
) -> None:
    found = await witness(tmp_path)
    assert all(found.acknowledged.values())
    assert all(found.sent.values())


async def test_the_witness_sees_a_server_that_does_not_sync(tmp_path: Path) -> None:
    found = await witness(tmp_path, program("forgets_to_sync"))
    assert not any(found.acknowledged.values())


async def test_the_witness_sees_a_server_that_sends_what_is_not_written_down(tmp_path: Path) -> None:
    found = await witness(tmp_path, program("sends_unwritten"))
    assert all(found.acknowledged.values())
    assert not any(found.sent.values())
