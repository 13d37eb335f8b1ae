"""Opening a database: who is let in, what is refused and why, and several at once."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from posthouse.clock import SystemClock
from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.postgres import migrate
from posthouse.store.postgres.server import Server
from posthouse.store.postgres.store import PostgresStore
from posthouse.store.sql import compatible_since, migrations
from tests.store import database
from tests.store.letters import LEASE_S, NOW, claimed, ids, leaving, letter, letters, wanted

STEPS = len(migrations("posthouse.store.postgres"))


@pytest.fixture
async def url() -> str:
    """A database of its own, without a schema."""
    return await database.server().create("fresh")


@pytest.fixture
async def admin(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def refusal(url: str) -> str:
    with pytest.raises(StoreRefused) as refused:
        await PostgresStore.open(url)
    return str(refused.value)


async def test_many_that_start_at_once_make_one_schema(url: str, admin: asyncpg.Connection) -> None:
    stores = await asyncio.gather(*(PostgresStore.open(url) for _ in range(6)))
    for number, store in enumerate(stores):
        await store.add([letter(number)])
    assert len(await ids(stores[0])) == 6
    assert await admin.fetchval("SELECT version FROM posthouse_schema") == STEPS
    await asyncio.gather(*(store.close() for store in stores))


async def test_a_newer_schema_is_refused_and_left_as_it_is(url: str, admin: asyncpg.Connection) -> None:
    await (await PostgresStore.open(url)).close()
    await admin.execute("UPDATE posthouse_schema SET version = version + 1, compatible_since = version + 1")
    assert f"newer Posthouse (schema {STEPS + 1}" in await refusal(url)
    assert await admin.fetchval("SELECT version FROM posthouse_schema") == STEPS + 1


COMPATIBLE = f"-- compatible-since: {STEPS}\nALTER TABLE messages ADD COLUMN colour text"
INCOMPATIBLE = "-- compatible-since: itself\nALTER TABLE messages ADD COLUMN colour text"


async def ahead(url: str, monkeypatch: pytest.MonkeyPatch, *steps: str) -> None:
    """What a newer version does to the database."""
    more = list(enumerate(steps, STEPS + 1))
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda package: [*migrations(package), *more])
        await (await PostgresStore.open(url)).close()


async def test_a_newer_schema_that_says_that_this_version_can_run_on_it_is_run_on(
    url: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ahead(url, monkeypatch, COMPATIBLE, "-- compatible-since: 1\nCREATE TABLE more (a text)")
    store = await PostgresStore.open(url)
    [claim] = await claimed(store, letter())
    assert claim.job.id == letter().id
    await store.close()
    assert await admin.fetchval("SELECT version FROM posthouse_schema") == STEPS + 2


@pytest.mark.parametrize("steps", [(INCOMPATIBLE,), (INCOMPATIBLE, COMPATIBLE), ("CREATE TABLE more (a text)",)])
async def test_one_step_that_this_version_cannot_run_on_is_enough(
    url: str, monkeypatch: pytest.MonkeyPatch, steps: tuple[str, ...]
) -> None:
    await ahead(url, monkeypatch, *(step.replace("colour", f"c{n}") for n, step in enumerate(steps)))
    assert "newer Posthouse" in await refusal(url)


async def test_a_step_that_older_versions_cannot_run_on_waits_until_they_have_stopped(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await PostgresStore.open(url)
    await store.beat("somebody", 6.0)
    with pytest.raises(StoreRefused, match="1 processes send from this database: stop them first"):
        await ahead(url, monkeypatch, INCOMPATIBLE)
    await ahead(url, monkeypatch, COMPATIBLE)
    await store.leave("somebody")
    await store.close()
    await ahead(url, monkeypatch, COMPATIBLE, INCOMPATIBLE.replace("colour", "shape"))


async def test_a_step_does_not_make_all_others_wait_behind_a_long_dump(
    url: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await PostgresStore.open(url)).close()
    monkeypatch.setattr(migrate, "LOCK_MS", 100)
    async with admin.transaction():
        await admin.execute("LOCK TABLE messages IN ACCESS SHARE MODE")
        with pytest.raises(StoreRefused, match="lock timeout"):
            await ahead(url, monkeypatch, COMPATIBLE)
    await ahead(url, monkeypatch, COMPATIBLE)


async def test_a_database_of_before_learns_what_can_run_on_it(
    url: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda package: migrations(package)[:4])
        await migrate.migrate(Server(url, SystemClock(), 10.0))
    await admin.execute("ALTER TABLE posthouse_schema DROP COLUMN compatible_since")
    await (await PostgresStore.open(url)).close()
    strictest = max(compatible_since(*step) for step in migrations("posthouse.store.postgres")[4:])
    assert await admin.fetchval("SELECT compatible_since FROM posthouse_schema") == strictest


async def test_somebody_else_s_tables_are_left_as_they_are(url: str, admin: asyncpg.Connection) -> None:
    await admin.execute("CREATE TABLE messages (theirs text)")
    assert "not Posthouse's" in await refusal(url)


async def test_a_schema_of_its_own_beside_somebody_else_s_tables(url: str, admin: asyncpg.Connection) -> None:
    await admin.execute("CREATE TABLE messages (theirs text); CREATE SCHEMA mail")
    store = await PostgresStore.open(f"{url}?search_path=mail")
    await store.add([letter()])
    await store.close()
    assert await admin.fetchval("SELECT count(*) FROM mail.messages") == 1


async def test_a_step_that_fails_is_undone_whole_and_done_again(
    url: str, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = migrations("posthouse.store.postgres")
    for step in ("CREATE TABLE more (a text); SELECT 1 FROM nowhere", "CREATE TABLE more (a text)"):
        monkeypatch.setattr(migrate, "migrations", lambda package, step=step: [*first, (STEPS + 1, step)])
        if "nowhere" in step:
            assert "nowhere" in await refusal(url)
            assert await admin.fetchval("SELECT to_regclass('more')") is None
        else:
            await (await PostgresStore.open(url)).close()
    assert await admin.fetchval("SELECT version FROM posthouse_schema") == STEPS + 1


async def test_a_database_that_is_not_there_is_refused(url: str) -> None:
    assert "nowhere" in await refusal(url.replace("/fresh", "/nowhere"))
    assert "cannot be reached" in await refusal("postgresql://postgres@127.0.0.1:1/posthouse")


@pytest.mark.parametrize("password", ["s3cret-word", "s3cret%2Fword%40"])
async def test_no_message_holds_the_password(url: str, password: str) -> None:
    port = url.rpartition(":")[2].partition("/")[0]
    bad = [
        f"postgresql://ann:{password}@127.0.0.1:1/x",
        f"postgresql://ann:{password}@127.0.0.1:{port}/x",
        f"postgresql://ann:{password}@127.0.0.1:port/x",
        f"postgresql://ann:{password}@nowhere.invalid/x",
        f"postgresql://ann:{password}@127.0.0.1:{port}/x?sslmode={password}",
        f"postgresql://ann@127.0.0.1:1/x?password={password}",
    ]
    for one in bad:
        assert "s3cret" not in await refusal(one), one


@pytest.mark.parametrize(
    ("setting", "words"),
    [({"fsync": "off"}, "fsync = off"), ({"synchronous_commit": "off"}, None), ({"full_page_writes": "off"}, None)],
)
async def test_a_server_that_loses_what_it_takes_is_refused_or_told_better(
    setting: dict[str, str], words: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    server = database.server()
    server.stop()
    server.start(**setting)
    try:
        await database.empty(server.url())
        if words:
            assert words in await refusal(server.url())
            return
        store = await PostgresStore.open(server.url())
        [[ours]] = await store._read(lambda db: db.fetch("SHOW synchronous_commit"))
        assert ours == "on"
        assert ("full_page_writes" in caplog.text) == ("full_page_writes" in setting)
        await store.close()
    finally:
        server.stop()
        server.start()


async def test_behind_a_pooler_nothing_of_a_session_is_relied_on(url: str, admin: asyncpg.Connection) -> None:
    """As far as that shows without one: no prepared statement and no listener is left on any connection."""
    store = await PostgresStore.open(f"{url}?pgbouncer=true")
    await claimed(store, *letters(3))
    assert len(await ids(store)) == 3
    prepared = await store._read(lambda db: db.fetch("SELECT name FROM pg_prepared_statements WHERE name <> ''"))
    assert len(prepared) <= 1  # this one
    assert await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE query ILIKE 'listen%'") == 0
    await store.close()


async def test_a_pooler_is_noticed_and_asked_to_be_named() -> None:
    server = Server("postgresql://ann@example.org/x", SystemClock(), 1.0)
    answers = (16, "16.1", "on", "on", "on", "UTF8", False, 4711)
    with pytest.raises(StoreRefused, match="pgbouncer=true"):
        server._judge(answers, 1)
    server._judge(answers, 4711)
    Server("postgresql://ann@example.org/x?pgbouncer=true", SystemClock(), 1.0)._judge(answers, 1)


async def test_an_old_server_and_a_standby_are_refused() -> None:
    server = Server("postgresql://ann@example.org/x", SystemClock(), 1.0)
    for answers, words in (
        ((13, "13.9", "on", "on", "on", "UTF8", False, 1), "13.9 is too old"),
        ((16, "16.1", "on", "on", "on", "UTF8", True, 1), "standby"),
        ((16, "16.1", "on", "on", "on", "SQL_ASCII", False, 1), "SQL_ASCII"),
    ):
        with pytest.raises(StoreRefused, match=words):
            server._judge(answers, 1)


async def test_whoever_cannot_connect_later_is_told_so_without_the_password() -> None:
    server = Server("postgresql://ann:s3cret@127.0.0.1:1/x", SystemClock(), 1.0)
    with pytest.raises(StoreDown) as down:
        await server.connect()
    assert "s3cret" not in str(down.value)


class Wrong:
    """A clock that is an hour ahead, or behind."""

    monotonic = staticmethod(SystemClock.monotonic)
    sleep = staticmethod(SystemClock.sleep)

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s

    def now(self) -> float:
        return SystemClock.now() + self._ahead_s


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0])
async def test_leases_do_not_depend_on_the_clocks_of_their_machines(url: str, ahead_s: float) -> None:
    """A machine whose clock is wrong sweeps nobody's lease, and nobody sweeps its own, before their time."""
    right, wrong = SystemClock(), Wrong(ahead_s)
    here, there = await PostgresStore.open(url, right), await PostgresStore.open(url, wrong)
    for store, clock, other, its in ((here, right, there, wrong), (there, wrong, here, right)):
        await store.add([letter(1, at=min(right.now(), wrong.now()))])
        assert len(await store.claim(wanted(clock.now()))) == 1
        assert await other.sweep(wanted(its.now())) == []
        assert await other.sweep(wanted(its.now() + LEASE_S - 5)) == []
        assert len(await other.sweep(wanted(its.now() + LEASE_S + 5))) == 1
        while await store.retire(NOW, NOW, 10):
            pass
        await store._writer.submit(_forget, [None])
    await asyncio.gather(here.close(), there.close())


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0])
async def test_nor_do_those_that_are_written_with_their_messages(url: str, ahead_s: float) -> None:
    right, wrong = SystemClock(), Wrong(ahead_s)
    here, there = await PostgresStore.open(url, right), await PostgresStore.open(url, wrong)
    for store, clock, other, its in ((here, right, there, wrong), (there, wrong, here, right)):
        entry = leaving(at=clock.now())
        await store.add([entry])
        assert await other.sweep(wanted(its.now() + LEASE_S - 5)) == []
        [swept] = await other.sweep(wanted(its.now() + LEASE_S + 5))
        assert swept.job.id == entry.id
    await asyncio.gather(here.close(), there.close())


async def _forget(db: object, items: list[None]) -> list[None]:
    await db.execute("TRUNCATE messages, contents")  # type: ignore[attr-defined]
    return items
