"""A provider in every mood, beside one that is well: each message arrives, and one that may have come twice says so."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults import carrier as moods
from tests.faults.auditor import Audit, audit
from tests.faults.carrier import Manner, carrying, slowly
from tests.faults.driver import Caller, Ledger
from tests.faults.ground import stored
from tests.faults.mutant import program
from tests.faults.server import POSTHOUSE, STORE, configured, sendgrid, serving

MESSAGES = 12
TIMEOUT_S = 0.5


async def deliver(folder: Path, manner: Manner, python: Sequence[str] = POSTHOUSE) -> Audit:
    """Post messages, one after the other, through a first provider of that manner and a second one that accepts."""
    ledger = Ledger()
    async with carrying(manner) as first, carrying() as second:
        one, other = sendgrid(first.port, timeout_s=TIMEOUT_S), sendgrid(second.port)
        async with serving(configured(folder, {"first": one, "second": other}), program=python) as server:
            caller = Caller(server.port)
            for ref in range(MESSAGES):
                answer = await caller.post(str(ref), wait_s=20)
                assert answer.state == "sent", answer
                await ledger.enter(answer)
            await caller.close()
            assert await server.stopped() == 0, server.words()
        return audit(ledger.answers, [*first.arrivals, *second.arrivals], stored(folder / STORE))


@pytest.mark.parametrize("manner", [moods.ACCEPT, slowly(0.1)], ids=["accepts", "accepts slowly"])
async def test_what_the_first_provider_takes_the_second_never_sees(tmp_path: Path, manner: Manner) -> None:
    found = await deliver(tmp_path, manner)
    assert not found.violations, found.violations
    assert (found.arrivals, found.marked) == (MESSAGES, 0)


@pytest.mark.parametrize("manner", [moods.UNAVAILABLE, moods.THROTTLE, moods.UNAUTHORISED], ids=["503", "429", "401"])
async def test_what_the_first_provider_does_not_take_the_second_does_and_nothing_is_in_doubt(
    tmp_path: Path, manner: Manner
) -> None:
    found = await deliver(tmp_path, manner)
    assert not found.violations, found.violations
    assert (found.duplicates, found.marked) == (0, 0)


@pytest.mark.parametrize("manner", [moods.HANG, moods.HANG_UP], ids=["hangs", "hangs up"])
async def test_what_the_first_provider_takes_without_a_word_is_sent_again_and_marked(
    tmp_path: Path, manner: Manner
) -> None:
    found = await deliver(tmp_path, manner)
    assert not found.violations, found.violations
    assert 0 < found.duplicates == found.marked


async def test_an_error_inside_a_success_is_a_doubt(tmp_path: Path) -> None:
    found = await deliver(tmp_path, moods.ERROR_INSIDE)
    assert not found.violations, found.violations
    assert found.duplicates == 0 < found.marked


async def test_the_auditor_sees_a_server_that_takes_silence_for_no(tmp_path: Path) -> None:
    found = await deliver(tmp_path, moods.HANG_UP, program("takes_silence_for_no"))
    assert any(sentence.endswith("is not marked") for sentence in found.violations)
