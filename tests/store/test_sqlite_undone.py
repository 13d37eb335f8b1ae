"""Claims that were answered, and whose commit then failed."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from posthouse.store.sqlite import file
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Claim
from tests.store.letters import NOW, delay, ending, intent, letter, renewal, wanted


class Full:
    """A disk with no room for the next commit; it is tried when `let_through` is set."""

    def __init__(self) -> None:
        self.let_through = threading.Event()
        self._left = 1

    @contextmanager
    def transaction(self, db: apsw.Connection) -> Iterator[None]:
        with _transaction(db):
            yield
            if self._left:
                self._left = 0
                self.let_through.wait(10)
                raise apsw.FullError


_transaction = file.transaction


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "posthouse.db")
    await opened.add([letter()])
    yield opened
    await opened.close()


async def undone(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> Claim:
    """A claim that is answered and never on disk."""
    disk = Full()
    monkeypatch.setattr(file, "transaction", disk.transaction)
    [claim] = await store.claim(wanted())
    disk.let_through.set()
    return claim


async def test_whoever_holds_one_does_nothing_to_the_next_that_has_the_message(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await undone(store, monkeypatch)
    [claim] = await store.claim(wanted())
    assert claim.job.id == before.job.id
    assert await store.intend([intent(claim)]) == [True]
    assert await store.postpone([delay(before, NOW, unsent=1)]) == [False]
    assert await store.finish([ending(before)]) == [False]
    assert await store.renew([renewal(before, NOW + 600)]) == [False]
    record = await store.find(claim.job.id, None)
    assert record is not None
    assert (record.status, record.attempts[0].outcome) == ("sending", None)


async def test_nor_to_whoever_ends_it_because_its_time_is_over(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await undone(store, monkeypatch)
    [claim] = await store.overdue(wanted(before.job.give_up_at))
    assert await store.postpone([delay(before, NOW)]) == [False]
    assert await store.finish([ending(claim)]) == [True]
