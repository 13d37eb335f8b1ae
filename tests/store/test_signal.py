import asyncio
from typing import Any

import pytest

from posthouse.store.signal import Settlements, news_of, signalled
from posthouse.store.values import Receipt, Release, Who
from tests.store.letters import (
    NOW,
    deferred,
    delay,
    ending,
    in_hand,
    intent,
    leaving,
    letter,
    renewal,
    result,
    suppression,
    taken_back,
)

CLAIM = in_hand(leaving())
ID = CLAIM.job.id
BEGUN, WAITING = Receipt(ID, "queued", begun=True), Receipt(ID, "queued")


@pytest.mark.parametrize(
    ("item", "answer", "due", "ended"),
    [
        (letter(), WAITING, True, []),
        (leaving(), BEGUN, False, []),
        (leaving(), WAITING, True, []),  # a recipient is suppressed
        (intent(CLAIM), True, False, []),
        (intent(CLAIM), False, True, []),  # it may have been given back
        (delay(CLAIM, NOW), True, True, []),
        (Release("send", NOW, Who("command")), 3, True, []),
        (deferred(CLAIM, NOW), True, True, []),
        (result(CLAIM), True, False, [ID]),
        (result(CLAIM), False, False, []),
        (ending(CLAIM), True, False, [ID]),
        (ending(CLAIM), False, False, []),
        (taken_back(leaving()), "cancelled", False, [ID]),
        (taken_back(leaving()), "sending", False, []),
        (taken_back(leaving()), None, False, []),
        (renewal(CLAIM, NOW), True, False, []),
        (suppression("ann@example.org"), True, False, []),
    ],
)
def test_a_commit_tells_whether_something_may_be_due_and_what_may_be_over(
    item: Any, answer: Any, due: bool, ended: list[str]
) -> None:
    assert news_of([item], [answer]) == (due, ended)


@pytest.mark.parametrize("answers", [[BEGUN, WAITING], [WAITING, BEGUN]])
def test_where_one_of_several_did_not_begin_something_may_be_due(answers: list[Receipt]) -> None:
    assert news_of([leaving(1), leaving(2)], answers) == (True, [])
    assert news_of([leaving(1), leaving(2)], [BEGUN, BEGUN]) == (False, [])


def test_each_of_several_that_ended_is_told() -> None:
    claims = [in_hand(leaving(number)) for number in range(3)]
    news = news_of([result(claims[0]), deferred(claims[1], NOW), result(claims[2])], [True, True, True])
    assert news == (True, [claims[0].job.id, claims[2].job.id])


async def test_whoever_watches_a_message_hears_of_its_end() -> None:
    settlements = Settlements()
    with settlements.watch("a") as one, settlements.watch("a") as two, settlements.watch("b") as other:
        settlements.settle("a")
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)


async def test_an_end_that_nobody_watches_is_nothing() -> None:
    Settlements().settle("a")


async def test_an_end_before_the_watch_is_not_heard() -> None:
    settlements = Settlements()
    settlements.settle("a")
    with settlements.watch("a") as event:
        assert not event.is_set()


async def test_whoever_stops_watching_leaves_the_others_watching() -> None:
    settlements = Settlements()
    with settlements.watch("a") as stays:
        with settlements.watch("a") as leaves:
            pass
        settlements.settle("a")
        assert (stays.is_set(), leaves.is_set()) == (True, False)


async def test_nothing_is_kept_of_those_who_stopped_watching() -> None:
    settlements = Settlements()
    with settlements.watch("a"), settlements.watch("a"):
        pass
    assert settlements._watched == {}


async def test_an_event_is_signalled_in_time_or_it_is_not() -> None:
    event = asyncio.Event()
    assert not await signalled(event, 0.001)
    event.set()
    assert await signalled(event, 60)
    assert await signalled(event, 0)
