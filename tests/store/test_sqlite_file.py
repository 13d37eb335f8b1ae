"""The file: whose it may be, how it is set up, and what becomes of it when a process dies."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest

from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.sql import migrations
from posthouse.store.sqlite import file
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Opened
from tests.store.letters import LEASE_S, NOW, claimed, ids, intent, letter, letters, wanted

ROOT = Path(__file__).parents[2]
DIALECT = "posthouse.store.sqlite"
NEWER = 1000


def almighty() -> bool:
    """Whether permissions do not bind this process."""
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o500)
        return os.access(folder, os.W_OK)


not_as_root = pytest.mark.skipif(almighty(), reason="root may write everywhere: run the tests as another user")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "posthouse.db"


@contextmanager
def held(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that holds the file with three messages in it: begun, claimed, queued."""
    command = [sys.executable, "-m", "tests.store.doomed", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"holding\n"
        yield process
        process.kill()


def foreign(path: Path, sql: str) -> bytes:
    """Another application's database at that place: its bytes."""
    with closing(apsw.Connection(str(path))) as db:
        db.execute(sql).fetchall()
    return path.read_bytes()


def prose(path: Path) -> bytes:
    """A file that is no database."""
    path.write_bytes(b"Dear Ann, this is a letter. " * 1000)
    return path.read_bytes()


def content(path: Path) -> bytes:
    return path.read_bytes()


def folder_of(path: Path) -> set[str]:
    return {found.name for found in path.parent.iterdir()}


def schema(path: Path) -> list[tuple[object, ...]]:
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        versions = (db.pragma("application_id"), db.pragma("user_version"))
        return [versions, *db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1, 2")]


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """The file or folder under those permissions."""
    before = path.stat().st_mode
    path.chmod(bits)
    yield
    path.chmod(before)


def refusal(path: Path) -> str:
    """The words with which the file is refused. A second time, too: a refused file is not left in use."""
    words = []
    for _ in range(2):
        with pytest.raises(StoreRefused) as caught:
            SqliteStore(path)
        words.append(str(caught.value))
    assert words[0] == words[1]
    assert str(path) in words[0]
    return words[0]


async def test_a_new_file_is_ours_and_durable(path: Path) -> None:
    store = SqliteStore(path)
    db = store._db
    assert db.pragma("application_id") == file.APPLICATION_ID
    assert db.pragma("user_version") == len(migrations(DIALECT))
    assert db.pragma("journal_mode") == "wal"
    assert db.pragma("synchronous") == 2
    assert db.pragma("page_size") == 8192
    assert db.pragma("integrity_check") == "ok"
    await store.close()


async def test_a_new_file_and_what_lies_beside_it_are_for_their_owner_alone(path: Path) -> None:
    before = os.umask(0o022)
    try:
        store = SqliteStore(path)
        await store.add([letter()])
        with closing(file.reader(path)):
            rights = {name.name: name.stat().st_mode & 0o777 for name in path.parent.glob("posthouse.db*")}
        await store.close()
    finally:
        os.umask(before)
    del rights["posthouse.db.lock"]  # it holds the number of a process
    assert rights == {"posthouse.db": 0o600, "posthouse.db-wal": 0o600, "posthouse.db-shm": 0o600}


async def test_a_closed_file_is_one_file_and_may_be_opened_again(path: Path) -> None:
    for _ in range(3):
        store = SqliteStore(path)
        await store.close()
        assert folder_of(path) == {"posthouse.db", "posthouse.db.lock"}


async def test_opening_again_changes_nothing_of_the_schema(path: Path) -> None:
    schemas = []
    for _ in range(2):
        await SqliteStore(path).close()
        schemas.append(schema(path))
    assert schemas[0] == schemas[1]


async def test_a_file_in_use_by_another_process_is_refused_and_the_process_named(path: Path) -> None:
    with held(path) as process:
        words = refusal(path)
        assert "in use" in words
        assert f"pid {process.pid}" in words


async def test_a_file_in_use_is_refused_under_another_name(path: Path, tmp_path: Path) -> None:
    store = SqliteStore(path)
    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / "elsewhere" / "other.db"
    other.symlink_to(path)
    (tmp_path / "folder").symlink_to(tmp_path)
    assert "in use" in refusal(other)
    assert "in use" in refusal(tmp_path / "folder" / "posthouse.db")
    await store.close()


async def test_a_file_is_free_when_it_was_closed(path: Path) -> None:
    store = SqliteStore(path)
    assert f"pid {os.getpid()}" in refusal(path)
    await store.close()
    await SqliteStore(path).close()


async def test_after_kill_9_what_was_leased_is_swept_at_once_and_nothing_is_lost(path: Path) -> None:
    with held(path) as process:
        process.kill()
    store = SqliteStore(path)
    swept = {claim.job.id: claim for claim in await store.sweep(wanted(NOW))}
    assert set(swept) == {letter(1).id, letter(2).id}
    assert swept[letter(1).id].opened == Opened(1, "first", NOW)
    assert swept[letter(2).id].opened is None
    assert [claim.job.id for claim in await store.claim(wanted(NOW))] == [letter(3).id]
    await store.close()


async def test_after_a_close_what_was_leased_is_swept_at_once(path: Path) -> None:
    store = SqliteStore(path)
    [stale] = await claimed(store, letter())
    await store.close()
    store = SqliteStore(path)
    assert [claim.job.id for claim in await store.sweep(wanted(NOW))] == [stale.job.id]
    assert await store.intend([intent(stale)]) == [False]
    assert await store.sweep(wanted(NOW + LEASE_S - 1)) == []
    await store.close()


async def test_a_newer_schema_is_refused_with_its_number(path: Path) -> None:
    await SqliteStore(path).close()
    with closing(apsw.Connection(str(path))) as db:
        db.pragma("user_version", NEWER)
    before = content(path)
    words = refusal(path)
    assert "newer" in words
    assert str(NEWER) in words
    assert content(path) == before


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)",
        "PRAGMA application_id = 7; CREATE TABLE theirs (a)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 1",
        "CREATE TABLE messages (id)",
        "PRAGMA journal_mode = wal; CREATE TABLE theirs (a)",
    ],
)
async def test_a_foreign_database_is_refused_and_left_as_it_is_to_the_byte(path: Path, sql: str) -> None:
    before = foreign(path, sql)
    assert "another application" in refusal(path)
    assert content(path) == before
    assert folder_of(path) == {"posthouse.db", "posthouse.db.lock"}


async def test_what_is_not_a_database_is_refused_and_left_as_it_is(path: Path) -> None:
    before = prose(path)
    assert "not a database" in refusal(path)
    assert content(path) == before


async def test_an_empty_file_becomes_a_store(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT))
    store = SqliteStore(path)
    await store.add([letter()])
    await store.close()


async def test_a_missing_folder_is_refused_and_not_made(tmp_path: Path) -> None:
    assert "folder" in refusal(tmp_path / "missing" / "posthouse.db")
    assert not (tmp_path / "missing").exists()


async def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "posthouse.db").mkdir()
    assert "cannot be opened" in refusal(tmp_path / "posthouse.db")


async def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    assert "cannot be opened" in refusal(tmp_path / "folder" / "posthouse.db")


@not_as_root
async def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    with mode(tmp_path, 0o500):
        assert "cannot be opened" in refusal(tmp_path / "posthouse.db")


@not_as_root
async def test_a_file_that_cannot_be_written_to_is_refused(path: Path) -> None:
    await SqliteStore(path).close()
    with mode(path, 0o400):
        assert "readonly" in refusal(path)


async def test_a_file_locked_by_another_program_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "BUSY_MS", 10)
    await SqliteStore(path).close()
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in refusal(path)
    await SqliteStore(path).close()


async def test_a_file_that_another_program_locks_for_a_while_takes_no_writes_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "BUSY_MS", 10)
    store = SqliteStore(path)
    with closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(*(store.add([entry]) for entry in letters(5)), return_exceptions=True)
        assert all(isinstance(answer, StoreDown) and "locked" in str(answer) for answer in answers)
    assert not store.failed.is_set()
    await store.add(letters(5))
    assert len(await ids(store)) == 5
    await store.close()


async def test_a_full_disk_takes_no_writes_until_there_is_room(path: Path) -> None:
    store = SqliteStore(path)
    room = store._db.pragma("page_count") + 20
    assert store._db.pragma("max_page_count", room) == room
    with pytest.raises(StoreDown, match="full"):
        await store.add([letter(1, content=bytes(1_000_000))])
    assert not store.failed.is_set()
    await store.add([letter(2)])
    store._db.pragma("max_page_count", 1_000_000)
    await store.add([letter(1)])
    assert await ids(store) == [letter(2).id, letter(1).id]
    await store.close()


async def test_a_weaker_sync_than_asked_for_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite takes a word it does not know for NORMAL, and says nothing: only reading it back tells."""
    monkeypatch.setattr(file, "SYNCHRONOUS", "THOROUGH")
    monkeypatch.setattr(file, "_LEVELS", {"THOROUGH": 2})
    assert "durability" in refusal(path)


async def test_a_place_without_a_write_ahead_log_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`unix-none` is SQLite's file system layer for places that share no memory between processes."""
    monkeypatch.setattr(apsw, "Connection", partial(apsw.Connection, vfs="unix-none"))
    assert "durability" in refusal(path)


@pytest.fixture
def interrupted(tmp_path: Path) -> list[Path]:
    """New files, each left by kill -9 before another statement of its opening; the last one is whole."""
    subprocess.run([sys.executable, "-m", "tests.store.interrupted", str(tmp_path)], cwd=ROOT, check=True)
    return sorted(tmp_path.glob("*.db"), key=lambda path: int(path.stem))


async def test_a_migration_interrupted_before_any_of_its_statements_is_done_again(interrupted: list[Path]) -> None:
    assert len(interrupted) > sum(sql.count("CREATE") for _, sql in migrations(DIALECT))
    whole = schema(interrupted[-1])
    for path in interrupted:
        store = SqliteStore(path)
        await store.add([letter()])
        await store.close()
        assert schema(path) == whole


STEP = (
    "ALTER TABLE messages ADD COLUMN more TEXT; UPDATE messages SET more = 'x'; CREATE INDEX more ON messages (more);"
)


@pytest.mark.parametrize("place", range(4))
async def test_a_step_that_fails_is_undone_whole_and_done_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    store = SqliteStore(path)
    await store.add(letters(2))
    await store.close()
    before = schema(path)
    statements = STEP.split(";")
    broken = ";".join([*statements[:place], "SELECT 1 FROM nowhere", *statements[place:]])
    first = migrations(DIALECT)
    following = len(first) + 1
    monkeypatch.setattr(file, "migrations", lambda package: [*first, (following, broken)])
    assert "nowhere" in refusal(path)
    assert schema(path) == before
    monkeypatch.setattr(file, "migrations", lambda package: [*first, (following, STEP)])
    store = SqliteStore(path)
    assert store._db.pragma("user_version") == following
    assert store._db.execute("SELECT count(*) FROM messages WHERE more = 'x'").get == 2
    await store.close()


async def test_a_step_is_done_to_its_end_where_a_statement_of_it_answers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = migrations(DIALECT)
    asking = "SELECT count(*) FROM messages; PRAGMA user_version; CREATE TABLE more (a);"
    monkeypatch.setattr(file, "migrations", lambda package: [*first, (len(first) + 1, asking)])
    await SqliteStore(path).close()
    assert ("table", "more", "CREATE TABLE more (a)") in schema(path)


@pytest.mark.parametrize("kilobytes", [2.1, 2.6, 10])
async def test_messages_take_not_much_more_room_than_they_are_large(path: Path, kilobytes: float) -> None:
    store = SqliteStore(path)
    size = int(kilobytes * 1024)
    await store.add([letter(number, content=bytes(size)) for number in range(1000)])
    await store.close()
    assert os.stat(path).st_size < 1000 * (1.7 * size + 1000)


async def test_a_reader_cannot_write(path: Path) -> None:
    store = SqliteStore(path)
    await store.add([letter()])
    reader = file.reader(path)
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM messages")
    reader.close()
    assert len(await ids(store)) == 1
    await store.close()
