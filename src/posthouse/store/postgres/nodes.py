"""The processes that send from this database."""

from posthouse.store.postgres.statement import Db, ask

Beat = tuple[str, float]
"""(name of the process, seconds after which one that was not heard of is gone)"""


async def beat(db: Db, items: list[Beat]) -> list[list[str]]:
    answers = []
    for node, gone_s in items:
        await ask(db, "beat", node)
        answers.append([name for (name,) in await ask(db, "live", gone_s)])
    return answers


async def leave(db: Db, items: list[str]) -> list[None]:
    for node in items:
        await ask(db, "leave", node)
    return [None for _ in items]


async def take_probe(db: Db, items: list[tuple[str, str, str, float]]) -> list[bool]:
    """(pool, provider, process, how long in seconds) → whether that process has it now."""
    return [bool(await ask(db, "take_probe", *item)) for item in items]
