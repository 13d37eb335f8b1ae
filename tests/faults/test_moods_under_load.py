"""Providers that are slow, hang, are cut amid their answer or answer when nobody waits any more; all under load."""

from collections.abc import Callable
from itertools import count
from random import Random

import pytest

from tests.faults import carrier as moods
from tests.faults.auditor import audit, unfinished
from tests.faults.carrier import Manner, carrying, cut_after, slowly
from tests.faults.driver import Ledger, load, settle
from tests.faults.ground import Ground
from tests.faults.report import Line
from tests.faults.server import configured, sendgrid, serving
from tests.faults.soak import chance, rounds

MESSAGES = rounds("MOODS", 150, 10_000)
CALLERS = 8
TIMEOUT_S = 0.5
ANSWER = 60
"""Bytes of an answer, and somewhat more: where it is cut is drawn."""


def bad(random: Random) -> Callable[[], Manner]:
    """Most are taken well. The rest is treated in any way there is."""

    def manner() -> Manner:
        if random.random() < 0.7:
            return slowly(random.uniform(0, 0.02))
        return random.choice(
            (
                slowly(random.uniform(0.1, 0.4)),
                slowly(TIMEOUT_S + random.uniform(0, 0.2)),
                cut_after(random.randrange(1, ANSWER)),
                moods.HANG,
                moods.HANG_UP,
                moods.UNAVAILABLE,
                moods.THROTTLE,
                moods.ERROR_INSIDE,
            )
        )

    return manner


@pytest.mark.timeout(120 + MESSAGES // 20)
async def test_whatever_providers_do_nothing_is_lost_and_what_may_have_come_twice_says_so(
    ground: Ground, tell: Callable[[Line], None]
) -> None:
    ledger, refs = Ledger(), map(str, count())
    async with carrying(bad(chance("first"))) as first, carrying(bad(chance("second"))) as second:
        providers = {
            name: sendgrid(carrier.port, timeout_s=TIMEOUT_S)
            for name, carrier in (("first", first), ("second", second))
        }
        breaker = {"probe_every_s": 0.5, "failures": 20}
        config = configured(ground.folder, providers, store=ground.store, breaker=breaker)
        async with serving(config, program=ground.program, words=ground.words) as server:
            await load(server.port, refs, ledger, CALLERS, lambda: len(ledger.answers) < MESSAGES, once=True)
            first.manner = second.manner = lambda: moods.ACCEPT
            await settle(server.port, unfinished(await ground.stored()), ledger)
            assert await server.stopped() == 0, server.words()
        messages = await ground.stored()
        found = audit(ledger.answers, [*first.arrivals, *second.arrivals], messages)
    doubts = sum("unsure" in message.attempts for message in messages.values())
    tell(Line.of(f"providers in bad moods, {ground.name}", MESSAGES, found, doubts))
    assert not found.violations, found.violations[:10]
    assert {answer.status for answer in ledger.answers} <= {200, 202}
    assert 0 < found.duplicates <= found.marked <= doubts
