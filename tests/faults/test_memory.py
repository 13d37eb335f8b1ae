"""Forty large messages at once into a server that has 512 MiB: taken or turned away, and never killed for memory.

The process is put into a control group with that limit where one can be made. Everywhere the oracle is the most memory
it ever had resident (VmHWM), as the kernel counted it.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from random import Random
from signal import SIGTERM

import msgspec
import pytest

from tests.faults.auditor import Audit, audit
from tests.faults.cage import Cage, cage
from tests.faults.carrier import carrying
from tests.faults.driver import Answer, Caller, Ledger, message
from tests.faults.ground import stored
from tests.faults.mutant import program
from tests.faults.report import Line
from tests.faults.server import POSTHOUSE, STORE, configured, sendgrid, serving
from tests.faults.soak import SOAK

LIMIT = 512 * 2**20
LARGE = 40
ATTACHMENT = 20_000_000
PIECE = 2**18
SMALL_WITHIN_S = 10.0
LONG = SOAK
"""In the long form, those that are turned away come again as they are told, until all are taken."""


def large(ref: str, content: bytes) -> list[bytes]:
    """The body of a message with an attachment, in pieces; those of the attachment are the same for all."""
    file = {"filename": "data.bin", "content": "@"}
    before, after = msgspec.json.encode(message(ref, attachments=[file])).split(b'"@"')
    pieces = [content[start : start + PIECE] for start in range(0, len(content), PIECE)]
    return [before + b'"', *pieces, b'"' + after]


class Flood(msgspec.Struct, frozen=True):
    """What came of it. peak_mib: the most memory the server had, None where it did not live. killed: for memory."""

    large: Ledger
    small: Ledger
    peak_mib: int | None
    killed: int
    audit: Audit | None


async def flood(folder: Path, caged: Cage | None, python: Sequence[str] = POSTHOUSE) -> Flood:
    """Post them all at once, and small ones meanwhile; wait until what was taken has been delivered."""
    content = b64encode(Random(1).randbytes(ATTACHMENT))
    ledger, small = Ledger(), Ledger()
    async with carrying() as carrier:
        config = configured(folder, {"carrier": sendgrid(carrier.port)})
        async with serving(config, program=python, under=caged.inside if caged is not None else ()) as server:
            async with asyncio.TaskGroup() as group:
                refs = [f"large-{number}" for number in range(LARGE)]
                posting = [group.create_task(post(server.port, ref, large(ref, content), ledger)) for ref in refs]
                group.create_task(between(server.port, small, posting))
            arriving = asyncio.create_task(carrier.arrived(len(ledger.accepted) + len(small.accepted), 120))
            ending = asyncio.create_task(server.ended(120))
            await asyncio.wait([arriving, ending], return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                arriving.cancel()
                return Flood(ledger, small, None, caged.killed if caged is not None else 0, None)
            try:
                peak_mib = server.figure("VmHWM") // 1024
            except ProcessLookupError:  # it was killed at this very moment
                await ending
                return Flood(ledger, small, None, caged.killed if caged is not None else 0, None)
            server.signal(SIGTERM)
            assert await ending == 0, server.words()
        found = audit([*ledger.answers, *small.answers], carrier.arrivals, stored(folder / STORE))
    return Flood(ledger, small, peak_mib, caged.killed if caged is not None else 0, found)


async def post(port: int, ref: str, pieces: Sequence[bytes], ledger: Ledger) -> None:
    """Post one; in the long form, as often as it takes."""
    caller = Caller(port)
    answer = await caller.send(ref, pieces)
    await ledger.enter(answer)
    while LONG and answer.retry_after is not None:
        await asyncio.sleep(float(answer.retry_after))
        answer = await caller.send(ref, pieces)
        await ledger.enter(answer)
    await caller.close()


async def between(port: int, ledger: Ledger, posting: "list[asyncio.Task[None]]") -> None:
    """Small messages, one after the other, while the large ones are posted."""
    caller, refs = Caller(port), count()
    while not all(task.done() for task in posting):
        answer = await caller.post(f"small-{next(refs)}")
        await ledger.enter(answer)
        if answer.fate != "answered":
            break
    await caller.close()


def decent(answer: Answer) -> bool:
    """Taken, or told when to come again."""
    return answer.status == 202 or (answer.status == 503 and answer.retry_after is not None)


@pytest.mark.timeout(180)
async def test_forty_large_messages_at_once_fit_into_512_mib(tmp_path: Path, tell: Callable[[Line], None]) -> None:
    with cage(LIMIT) as caged:
        run = await flood(tmp_path, caged)
    assert run.peak_mib is not None, f"it did not live: {run.killed} killed for memory"
    assert run.audit is not None
    small, slowest_s = run.small, max(answer.seconds for answer in run.small.answers)
    more = (
        f"VmHWM {run.peak_mib} MiB{'' if caged else ' (no control group)'}; large: {len(run.large.accepted)} of "
        f"{LARGE} taken in {len(run.large.answers)} posts; small: {len(small.accepted)} of {len(small.answers)} taken, "
        f"the slowest in {slowest_s:.2f} s"
    )
    tell(Line.of("memory, SQLite", 1, run.audit, 0, more))
    assert run.peak_mib < LIMIT // 2**20
    assert run.killed == 0
    assert not run.audit.violations, run.audit.violations
    assert [answer for answer in run.large.answers if not decent(answer)] == []
    assert len(run.large.accepted) >= (LARGE if LONG else 1)
    assert len(small.accepted) == len(small.answers)
    assert slowest_s < SMALL_WITHIN_S


@pytest.mark.timeout(180)
async def test_the_cage_holds_a_server_that_takes_everything_in(tmp_path: Path) -> None:
    with cage(LIMIT) as caged:
        if caged is None:
            pytest.skip("a control group for memory cannot be made here")
        run = await flood(tmp_path, caged, program("takes_everything_in"))
    assert run.peak_mib is None
    assert run.killed > 0
