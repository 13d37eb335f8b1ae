"""The content of a message, for sending it again; and the trace that this leaves."""

from posthouse.mail.message import Address, Attachment, Message
from posthouse.store.contract import Store
from posthouse.store.values import Query, Stored, Wanted
from tests.store.conftest import Dialect
from tests.store.letters import NOW, OTHER_POOL, POOL, begun, ended, letter

FULL = Message(
    Address("post@example.com"),
    to=(Address("ann@example.org", "Ann"),),
    text="Hello.",
    attachments=(Attachment("a.bin", b"\0\xff" * 1000),),
)
WISHES = Wanted("first", ("eu",), "hold")


async def test_there_is_nothing_of_what_is_not_there(store: Store) -> None:
    assert await store.content(letter().id, POOL) is None


async def test_another_pool_s_message_is_not_there(store: Store) -> None:
    await store.add([letter()])
    assert await store.content(letter().id, OTHER_POOL) is None
    assert await store.content(letter().id, None) is not None


async def test_a_message_comes_back_as_it_was_accepted_with_its_wishes(store: Store) -> None:
    entry = letter(message=FULL, wanted=WISHES)
    await store.add([entry])
    record = await store.find(entry.id, POOL)
    assert record is not None
    assert await store.content(entry.id, POOL) == Stored(FULL, record, WISHES)


async def test_the_whole_record_comes_along(store: Store) -> None:
    [claim] = await begun(store, letter())
    stored = await store.content(claim.job.id, POOL)
    assert stored is not None
    assert stored.record == await store.find(claim.job.id, POOL)
    assert len(stored.record.attempts) == 1
    assert stored.wanted is None


async def test_when_the_content_is_gone_the_record_is_left(store: Store) -> None:
    [claim] = await ended(store, letter(wanted=WISHES))
    await store.retire(NOW + 1, NOW, 10)
    stored = await store.content(claim.job.id, POOL)
    assert stored is not None
    assert (stored.message, stored.record.status, stored.wanted) == (None, "sent", WISHES)


async def test_a_content_that_cannot_be_read_is_as_good_as_gone(store: Store) -> None:
    entry = letter(content=b"\xc1 spoilt")
    await store.add([entry])
    stored = await store.content(entry.id, POOL)
    assert stored is not None
    assert stored.message is None


async def test_a_record_says_what_it_was_resent_from(dialect: Dialect) -> None:
    store = await dialect.open()
    first, second = letter(1), letter(2, resent_from=letter(1).id)
    await store.add([first, second])
    await store.close()
    store = await dialect.open()
    found = [await store.find(entry.id, POOL) for entry in (first, second)]
    assert [record and record.resent_from for record in found] == [None, first.id]
    assert [record.resent_from for record in await store.page(Query())] == [first.id, None]
    await store.close()
