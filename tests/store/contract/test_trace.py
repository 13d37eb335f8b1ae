"""What a message's log lines and spans are found by: it stays with the message until nothing is tried any more."""

from posthouse.store.contract import Store
from tests.store.conftest import Dialect
from tests.store.letters import LEASE_S, NOW, begun, deferred, letter, wanted

TRACE = "request-17 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_claim_says_what_its_message_was_accepted_with(store: Store) -> None:
    traced, named, nameless = letter(1, trace=TRACE), letter(2, trace="request-18"), letter(3)
    await store.add([traced, named, nameless])
    claims = {claim.job.id: claim.trace for claim in await store.claim(wanted())}
    assert claims == {traced.id: TRACE, named.id: "request-18", nameless.id: None}


async def test_it_outlives_the_process(dialect: Dialect) -> None:
    store = await dialect.open()
    await store.add([letter(trace=TRACE)])
    await store.close()
    store = await dialect.open()
    (claim,) = await store.claim(wanted())
    assert claim.trace == TRACE
    await store.close()


async def test_the_next_attempt_and_whoever_sweeps_know_it_too(store: Store) -> None:
    (claim,) = await begun(store, letter(trace=TRACE))
    assert await store.record([deferred(claim, NOW + 5)]) == [True]
    (again,) = await store.claim(wanted(NOW + 5))
    (swept,) = await store.sweep(wanted(NOW + 6 + LEASE_S))
    assert (again.trace, swept.trace) == (TRACE, TRACE)
