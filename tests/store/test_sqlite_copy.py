"""A copy of a store in use: whole, as of one moment, marked as a copy, and held back when it is put to use."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from posthouse.store.contract import StoreRefused
from posthouse.store.sql import migrations
from posthouse.store.sqlite import copy as copying
from posthouse.store.sqlite import file, restored
from posthouse.store.sqlite.copy import copy, last_known
from posthouse.store.sqlite.store import SqliteStore
from tests.store.letters import NOW, POOL, ended, letter, letters, status, wanted


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "posthouse.db")
    yield opened
    await opened.close()


def schema(path: Path) -> int:
    with closing(apsw.Connection(str(path))) as db:
        return int(db.pragma("user_version"))


async def test_a_copy_is_one_file_that_holds_what_was_there(store: SqliteStore, tmp_path: Path) -> None:
    [sent] = await ended(store, letter(1))
    await store.add(letters(3, first=2))
    (folder := tmp_path / "backups").mkdir()
    found = await asyncio.to_thread(copy, tmp_path / "posthouse.db", folder / "copy.db", NOW)
    assert [path.name for path in folder.iterdir()] == ["copy.db"]
    assert (found.unfinished, found.at, found.schema) == (3, NOW, schema(found.path))
    assert found.bytes == found.path.stat().st_size
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    await store.add([letter(9)])
    opened = SqliteStore(found.path)
    assert await status(opened, sent) == "sent"
    assert await opened.find(letter(9).id, POOL) is None
    await opened.close()


async def test_who_opens_a_copy_finds_held_what_was_unfinished_in_it(store: SqliteStore, tmp_path: Path) -> None:
    await store.add(letters(2))
    copy(tmp_path / "posthouse.db", target := tmp_path / "copy.db", NOW + 5)
    for _ in range(2):
        opened = SqliteStore(target)
        doubts = await opened.doubts()
        assert (doubts.pools, doubts.copied_at) == ({POOL: 2}, NOW + 5)
        assert await opened.claim(wanted(NOW + 9e9)) == []
        assert await status(opened, letter()) == "held"
        await opened.close()
    assert await store.claim(wanted()) != [], "the original goes on"


async def test_a_copy_is_one_only_until_it_is_put_to_use(store: SqliteStore, tmp_path: Path) -> None:
    await store.add([letter(1)])
    copy(tmp_path / "posthouse.db", target := tmp_path / "copy.db", NOW)
    opened = SqliteStore(target)
    await opened.add([letter(2)])
    await opened.close()
    opened = SqliteStore(target)
    assert [claim.job.id for claim in await opened.claim(wanted())] == [letter(2).id], "it was never in doubt"
    await opened.close()


async def test_a_copy_of_a_copy_shows_the_moment_of_the_first(store: SqliteStore, tmp_path: Path) -> None:
    copy(tmp_path / "posthouse.db", tmp_path / "first.db", NOW)
    assert copy(tmp_path / "first.db", tmp_path / "second.db", NOW + 99).at == NOW


async def test_a_copy_is_made_of_a_store_that_nobody_has_open(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "posthouse.db")
    await store.add([letter()])
    await store.close()
    assert copy(tmp_path / "posthouse.db", tmp_path / "copy.db", NOW).unfinished == 1
    assert last_known(tmp_path / "posthouse.db") == NOW


async def test_it_is_of_one_moment_though_messages_keep_coming(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "STEP", 1)
    await store.add(letters(200))
    loop, came = asyncio.get_running_loop(), list[int]()
    steps: list[tuple[int, int]] = []

    async def added(number: int) -> None:
        await store.add([letter(number)])

    def told(done: int, of: int) -> None:
        """One more message between any two pages: it is on disk before the copy goes on."""
        steps.append((done, of))
        if len(came) < 20:
            came.append(1000 + len(came))
            asyncio.run_coroutine_threadsafe(added(came[-1]), loop).result()

    found = await asyncio.to_thread(copy, tmp_path / "posthouse.db", tmp_path / "copy.db", NOW, told)
    assert len(came) == 20
    assert found.unfinished == 200
    assert steps == [(n, steps[-1][1]) for n in range(1, steps[-1][1] + 1)]


def test_what_is_there_is_not_replaced_unless_that_is_said(tmp_path: Path) -> None:
    file.connect(tmp_path / "posthouse.db").close()
    (target := tmp_path / "copy.db").write_text("precious")
    with pytest.raises(FileExistsError):
        copy(tmp_path / "posthouse.db", target, NOW)
    assert target.read_text() == "precious"
    copy(tmp_path / "posthouse.db", target, NOW, replace=True)
    assert schema(target) == len(migrations("posthouse.store.sqlite"))


def spoilt(path: Path) -> None:
    """A store with a page that holds something else."""
    db = file.connect(path)
    with file.transaction(db):
        for number in range(300):
            db.execute("INSERT INTO contents VALUES (?, zeroblob(5000))", (str(number),))
    db.close()
    with path.open("r+b") as opened:
        opened.seek(file.PAGE_BYTES * 20)
        opened.write(b"\xff" * file.PAGE_BYTES)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        ("spoilt", "damaged"),
        ("foreign", "no store of Posthouse"),
        ("text", "not a database"),
        ("newer", "newer Posthouse"),
        ("none", "no such file"),
    ],
)
def test_what_is_no_good_is_refused_and_leaves_nothing_behind(tmp_path: Path, make: str, why: str) -> None:
    source = tmp_path / "posthouse.db"
    (folder := tmp_path / "backups").mkdir()
    match make:
        case "spoilt":
            spoilt(source)
        case "foreign":
            with closing(apsw.Connection(str(source))) as db:
                db.execute("CREATE TABLE t (x)")
        case "text":
            source.write_bytes(b"something else entirely" * 1000)
        case "newer":
            file.connect(source).close()
            with closing(apsw.Connection(str(source))) as db:
                db.pragma("user_version", 999)
    with pytest.raises(StoreRefused, match=why):
        copy(source, folder / "copy.db", NOW)
    assert list(folder.iterdir()) == []


def test_an_older_schema_is_copied_as_it_is(tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / "old.db"))) as db:
        for number, sql in migrations("posthouse.store.sqlite")[: copying.FIRST_MARKED - 1]:
            db.execute(sql).fetchall()
            db.pragma("user_version", number)
        db.pragma("application_id", file.APPLICATION_ID)
    found = copy(tmp_path / "old.db", tmp_path / "copy.db", NOW)
    assert found.schema == schema(found.path) == copying.FIRST_MARKED - 1


def test_the_first_schema_that_can_be_marked_is_known(tmp_path: Path) -> None:
    with closing(apsw.Connection(str(tmp_path / "old.db"))) as db:
        for _, sql in migrations("posthouse.store.sqlite")[: copying.FIRST_MARKED]:
            db.execute(sql).fetchall()
        restored.set_mark(db, NOW)
        assert restored.mark(db) == NOW
