import asyncio

from posthouse.store.signal import Settlements, signalled


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
