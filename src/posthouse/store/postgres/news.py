"""What providers tell of a message after they have taken it."""

from posthouse.mail.event import Status
from posthouse.store.known import Known, by_provider_id
from posthouse.store.postgres.statement import Db, read, write
from posthouse.store.values import Told


async def told(db: Db, items: list[Told]) -> list[Status | None]:
    meant = await _meant(db, items)
    met = {
        id_: (pool, Known(id_, status, earned))
        for id_, pool, status, earned in await read(db, "told_by_id", [(id_,) for id_ in sorted(set(meant.values()))])
    }
    changed: dict[str, Known] = {}
    events: dict[tuple[object, ...], tuple[object, ...]] = {}
    answers: list[Status | None] = [None] * len(items)
    for place, item in enumerate(items):
        pool, known = met.get(meant.get(place, ""), (None, None))
        if known is None or pool != item.pool:
            continue
        if known.hear(item):
            changed[known.id] = known
        answers[place] = known.status
        event = (known.id, item.at, item.type, item.provider, item.recipient, item.detail)
        events.setdefault(event[:-1], event)
    await write(db, "tell", [known.row[:3] for known in changed.values()])
    await write(db, "add_news", list(events.values()))
    return answers


async def _meant(db: Db, items: list[Told]) -> dict[int, str]:
    """The message each item is about, as far as that can be said."""
    meant = {place: item.message_id for place, item in enumerate(items) if item.message_id is not None}
    asked = [
        (place, item.pool, item.provider, item.provider_message_id)
        for place, item in enumerate(items)
        if by_provider_id(item)
    ]
    found = await read(db, "told_by_provider_id", asked)
    return meant | {place: id_ for place, id_ in found if id_ is not None}
