"""Who changed what."""

from posthouse.store import changes
from posthouse.store.postgres.statement import Db, ask, write
from posthouse.store.values import Audited, Change


async def audit(db: Db, items: list[Change]) -> list[None]:
    await write(db, "add_change", [changes.row(item) for item in items])
    return [None for _ in items]


async def page(db: Db, query: Audited) -> list[Change]:
    after = changes.NEWEST if query.after is None else query.after
    found = await ask(db, "changes", after, query.pool, query.what, query.since, query.limit)
    return [changes.change(tuple(row)) for row in found]
