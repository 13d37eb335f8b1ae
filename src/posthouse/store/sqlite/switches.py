"""How the operators have switched the providers."""

from collections import defaultdict

import apsw
import msgspec

from posthouse.routing.switch import Switch
from posthouse.store import changes
from posthouse.store.sqlite.audit import audit
from posthouse.store.sqlite.statement import SQL, write
from posthouse.store.values import Change, Switching

_json = msgspec.json.Encoder()
_switch = msgspec.json.Decoder(Switch)


def switch(db: apsw.Connection, items: list[Switching]) -> list[Switch]:
    told, stood = list[Change](), switches(db)
    for item in items:
        pool = stood.setdefault(item.pool, {})
        if item.who is not None:
            told.append(changes.switched(item, item.who, pool.get(item.provider)))
        pool[item.provider] = item.switch
    audit(db, told)
    write(db, "set_switch", [(item.pool, item.provider, _json.encode(item.switch).decode()) for item in items])
    last = {(item.pool, item.provider): item.switch for item in items}
    return [last[item.pool, item.provider] for item in items]


def switches(db: apsw.Connection) -> dict[str, dict[str, Switch]]:
    found: dict[str, dict[str, Switch]] = defaultdict(dict)
    for pool, provider, text in db.execute(SQL["switches"]):
        found[pool][provider] = _switch.decode(text)
    return dict(found)
