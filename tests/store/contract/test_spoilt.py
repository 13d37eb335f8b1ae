"""What a disk has spoilt of one message ends that message, and holds up no other."""

import msgspec
import pytest

from posthouse.store.contract import Store
from posthouse.store.values import Renewal, pack
from tests.store.conftest import Dialect
from tests.store.contract.test_claim import numbers
from tests.store.letters import LEASE_S, NOW, PLAIN, claimed, letter, wanted

NO_UTF8 = pack(msgspec.structs.replace(PLAIN, text="spoilt")).replace(b"spoilt", b"spo\xf9lt")  # one bit flipped


async def fails(store: Store) -> None:
    """Number 2 of three ends alone, and says why."""
    claims = await store.claim(wanted())
    assert numbers(claims) == [1, 3]
    assert await store.renew([Renewal(claim.job.id, claim.fence, NOW + 1) for claim in claims]) == [True, True]
    record = await store.find(letter(2).id, None)
    assert record is not None
    assert record.status == "failed"
    assert (record.events[-1].type, record.events[-1].detail) == (
        "failed",
        "what the store holds of it cannot be read any more",
    )
    assert await store.claim(wanted(NOW + 10 * LEASE_S)) == []


@pytest.mark.parametrize("content", [b"\xc1 spoilt", b"", NO_UTF8, pack(PLAIN)[:-1]])
async def test_a_content_that_cannot_be_read(store: Store, content: bytes) -> None:
    await store.add([letter(1), letter(2, content=content), letter(3)])
    await fails(store)


@pytest.mark.parametrize(
    "spoilt",
    [
        "DELETE FROM contents WHERE id = '{id}'",
        "UPDATE messages SET course = 'x' WHERE id = '{id}'",
        "UPDATE messages SET owed = '[1]' WHERE id = '{id}'",
        "UPDATE messages SET wanted = '{{' WHERE id = '{id}'",
    ],
)
async def test_a_state_that_cannot_be_read(dialect: Dialect, spoilt: str) -> None:
    store = await dialect.open()
    await store.add([letter(1), letter(2), letter(3)])
    await store.close()
    await dialect.run(spoilt.format(id=letter(2).id))
    store = await dialect.open()
    await fails(store)
    await store.close()


async def test_a_message_in_hand_that_a_sweep_finds_spoilt(dialect: Dialect) -> None:
    store = await dialect.open()
    await claimed(store, letter(2))
    await store.close()
    await dialect.run(f"DELETE FROM contents WHERE id = '{letter(2).id}'")
    store = await dialect.open()
    assert await store.sweep(wanted(NOW + 10 * LEASE_S)) == []
    record = await store.find(letter(2).id, None)
    assert record is not None
    assert record.status == "failed"
    await store.close()
