"""Letters from the HTTP door to a real mail server: what is posted is what arrives, part by part."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.end_to_end.conftest import Client, MailServer
from tests.end_to_end.letters import LETTERS, WAYS, Letter, Person, compare
from tests.faults.server import KEY, configured, serving

DOTS = Letter(
    name="dots",
    sender=Person("dots@example.com", "The Post, Office"),
    to=(Person("dots@example.org"),),
    subject="Lines that begin with a dot go over SMTP with one more, and arrive without it",
    text=".\n..\n.dot\n...\n\n.\nQUIT\n.\n",
)
"""Plain ASCII, so that the lines stand in the mail as they are; the other letters are encoded and have none."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def posthouse(mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    relay = {"type": "smtp", "host": "127.0.0.1", "port": mail_server.port, "tls": "none"}
    async with serving(configured(tmp_path_factory.mktemp("posthouse"), {"relay": relay})) as server:
        yield Client(server.port, KEY)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("letter", [*LETTERS, DOTS], ids=lambda letter: letter.name)
def test_a_letter_arrives_as_it_was_posted(
    letter: Letter, way: str, posthouse: Client, mail_server: MailServer
) -> None:
    posted, expected = WAYS[way]
    record = posthouse.post(*posted(letter))
    assert (record["status"], record["provider"]) == ("sent", "relay")
    assert [attempt["outcome"] for attempt in record["attempts"]] == ["accepted"]
    arrival = mail_server.next(letter.envelope[0])
    assert arrival.sender == letter.sender[0]
    assert arrival.recipients == letter.envelope
    compare(arrival.raw, expected(letter), record["id"])
    assert not mail_server.waiting(letter.envelope[0])
