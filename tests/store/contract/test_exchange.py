"""What the processes on one store tell each other; where there is only one, nothing."""

from posthouse.routing.board import Fact
from posthouse.routing.outcome import Accepted, Deferred
from posthouse.store.contract import Store
from posthouse.store.values import Lessons
from tests.store.letters import NOW, POOL

FACTS = {POOL: [Fact.of("first", Deferred(503), NOW, NOW - 1), Fact.of("first", Accepted(202), NOW + 1)]}


async def test_a_process_does_not_hear_what_it_has_told_itself(store: Store) -> None:
    assert await store.exchange(Lessons("one", 1, FACTS), {}) == []
    assert await store.exchange(Lessons("one", 1, {}), {}) == []


async def test_who_is_alone_may_always_ask(store: Store) -> None:
    assert await store.take_probe(POOL, "first", "one", 60.0)
    assert await store.take_probe(POOL, "first", "one", 0.0)
