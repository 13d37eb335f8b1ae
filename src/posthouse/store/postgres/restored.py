"""A database that was restored from a copy: what is unfinished in it is set aside until somebody gives a verdict.

A dump does not know that it is one: `posthouse restore --mark` says so, before anybody sends from it.
"""

from typing import assert_never

from posthouse.clock import SystemClock
from posthouse.store import changes
from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.doubt import CALLED_OFF, COURSE, LET_GO, SLICE, why
from posthouse.store.postgres.audit import audit
from posthouse.store.postgres.connection import Session
from posthouse.store.postgres.migrate import migrate
from posthouse.store.postgres.server import DEADLINE_S, LONG, LOST, Server
from posthouse.store.postgres.statement import Db, ask, write
from posthouse.store.values import Doubts, Release, Restoring


async def restored(db: Db, items: list[Restoring]) -> list[int]:
    counts = []
    for item in items:
        await ask(db, "doubt_events", item.at, why(item))
        await ask(db, "doubt_attempts", item.at, why(item))
        count = len(await ask(db, "set_aside", item.at))
        await ask(db, "hold_unfinished", COURSE)
        await ask(db, "add_restore", item.copied_at, item.at)
        await audit(db, [changes.restored(item, count)])
        counts.append(count)
    return counts


async def doubts(db: Db) -> Doubts:
    pools = dict(map(tuple, await ask(db, "doubts")))
    last = await ask(db, "last_restore")
    return Doubts(pools, *last[0]) if last else Doubts(pools)


async def release(db: Db, items: list[Release]) -> list[int]:
    return [await _released(db, item) for item in items]


async def _released(db: Db, item: Release) -> int:
    ids = None if item.ids is None else list(item.ids)
    while found := await ask(db, "doubtful", item.pool, ids, SLICE):
        held = [id_ for id_, is_held in found if is_held]
        await _judge(db, item, held)
        await ask(db, "settle_doubt", [id_ for id_, _ in found])
        if held:
            await audit(db, [changes.released(item, len(held))])
            return len(held)
    return 0


async def _judge(db: Db, item: Release, ids: list[str]) -> None:
    match item.verdict:
        case "send":
            await write(db, "let_go", [(id_, item.at) for id_ in ids])
            await write(db, "add_event", [(id_, item.at, "deferred", None, None, LET_GO) for id_ in ids])
        case "cancel":
            await ask(db, "call_off", ids)
            await write(db, "add_event", [(id_, item.at, "cancelled", None, None, CALLED_OFF) for id_ in ids])
        case "hold":
            pass  # as they are
        case _:
            assert_never(item.verdict)


async def mark(url: str, item: Restoring, gone_s: float) -> int:
    """Set aside what is unfinished in a database that was restored, however long that takes; how many messages.

    StoreRefused: it cannot be reached, is another's, or a process says that it sends from it. gone_s: one that has not
    said so for so long is gone.
    """
    server = Server(url, SystemClock(), DEADLINE_S)
    await server.check()
    await migrate(server)
    try:
        connection = await server.connect(LONG)
    except StoreDown as error:
        raise StoreRefused(str(error)) from None
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 0")
            session = Session(connection, server)
            if live := await ask(session, "live", gone_s):
                raise StoreRefused(f"{len(live)} Posthouse processes send from this database: stop them first")
            [count] = await restored(session, [item])
            return count
    except LOST as error:
        raise StoreRefused(f"the database could not be marked: {server.said(error)}") from None
    finally:
        connection.terminate()
