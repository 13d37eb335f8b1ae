"""Whatever was handed in comes out of the store as it was, to the byte."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posthouse.mail.message import Address, Attachment, Message
from posthouse.store.contract import Store
from posthouse.store.values import Summary
from tests.store.letters import POOL, claimed, letter

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
ADDRESS = st.builds(Address, TEXT, TEXT)
ATTACHMENT = st.builds(Attachment, TEXT, st.binary(max_size=300), TEXT, st.none() | TEXT)
MESSAGE = st.builds(
    Message,
    sender=ADDRESS,
    to=st.lists(ADDRESS, max_size=2).map(tuple),
    subject=TEXT,
    text=st.none() | TEXT,
    html=st.none() | TEXT,
    headers=PAIRS,
    attachments=st.lists(ATTACHMENT, max_size=2).map(tuple),
    tags=TEXTS,
    metadata=PAIRS,
)
SUMMARY = st.builds(Summary, sender=TEXT, recipients=TEXTS, subject=TEXT, tags=TEXTS, metadata=PAIRS)

NUMBERS = count()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(MESSAGE, SUMMARY), min_size=1, max_size=8))
async def test_any_text_and_any_bytes_come_back_identical(store: Store, given: list[tuple[Message, Summary]]) -> None:
    entries = [letter(next(NUMBERS), message=message, summary=summary) for message, summary in given]
    claims = await claimed(store, *entries)
    records = [await store.find(entry.id, POOL) for entry in entries]
    assert [claim.message for claim in claims] == [message for message, _ in given]
    assert [record.summary for record in records if record] == [summary for _, summary in given]


async def test_an_attachment_of_25_mb_comes_back_identical(store: Store) -> None:
    content = bytes(range(256)) * (25 * 2**20 // 256)
    film = Message(Address("post@example.com"), text="See?", attachments=(Attachment("film.mp4", content),))
    entry = letter(message=film)
    [claim] = await claimed(store, entry)
    assert claim.message == film
    assert claim.job.size == len(entry.content)


async def test_a_thousand_recipients_and_their_names_come_back_in_order(store: Store) -> None:
    people = tuple(Address(f"person{number}@example.org", f"Person № {number}") for number in range(1000))
    crowd = Message(Address("post@example.com"), bcc=people, text="Hello, all.")
    entry = letter(message=crowd)
    [claim] = await claimed(store, entry)
    record = await store.find(entry.id, POOL)
    assert claim.message == crowd
    assert claim.job.recipients == 1000
    assert record is not None
    assert record.summary.recipients == tuple(person.email for person in people)
