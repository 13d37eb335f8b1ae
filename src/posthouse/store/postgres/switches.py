"""How the operators have switched the providers."""

from collections import defaultdict

import msgspec

from posthouse.routing.switch import Switch
from posthouse.store import changes
from posthouse.store.postgres.audit import audit
from posthouse.store.postgres.statement import Db, ask, write
from posthouse.store.values import Change, Switching

_json = msgspec.json.Encoder()
_switch = msgspec.json.Decoder(Switch)


async def switch(db: Db, items: list[Switching]) -> list[Switch]:
    told, stood = list[Change](), await switches(db)
    for item in items:
        pool = stood.setdefault(item.pool, {})
        if item.who is not None:
            told.append(changes.switched(item, item.who, pool.get(item.provider)))
        pool[item.provider] = item.switch
    await audit(db, told)
    last = {(item.pool, item.provider): item.switch for item in items}
    await write(db, "set_switch", [(*place, _json.encode(set_to).decode()) for place, set_to in last.items()])
    return [last[item.pool, item.provider] for item in items]


async def switches(db: Db) -> dict[str, dict[str, Switch]]:
    found: dict[str, dict[str, Switch]] = defaultdict(dict)
    for pool, provider, text in await ask(db, "switches"):
        found[pool][provider] = _switch.decode(text)
    return dict(found)
