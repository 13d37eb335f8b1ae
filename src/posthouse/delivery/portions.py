"""How much of each pool the next claim may take, so that none is kept waiting by another one, however slow that is."""

from collections.abc import Mapping
from typing import NamedTuple

from posthouse.store.values import Portion


class Held(NamedTuple):
    """What is in hand of one pool."""

    messages: int
    size: int


NOTHING = Held(0, 0)


class Free(NamedTuple):
    """What is left of the places, and of the bytes, that all pools share."""

    places: int
    size: int


def most(free: Free, pools: int) -> Free:
    """What one claim may take. Of several pools never more than half: the rest is there for whoever comes meanwhile."""
    return free if pools <= 1 else Free((free.places + 1) // 2, (free.size + 1) // 2)


def portions(rooms: Mapping[str, int], held: Mapping[str, Held], free: Free) -> tuple[Portion, ...]:
    """rooms: pool → how many of its messages its providers could take.

    Of several pools none comes to hold more than it leaves free: with slow providers a pool alone ends up with half of
    all places, two with a third each, and so on; the last third, or tenth, is for one that has nothing yet.
    """
    if len(rooms) <= 1:
        return tuple([Portion(pool, room, held.get(pool, NOTHING).messages) for pool, room in rooms.items()])
    found = []
    for pool, room in rooms.items():
        has = held.get(pool, NOTHING)
        fair = max(0, free.places - has.messages + 1) // 2 if has.size <= free.size else 0
        found.append(Portion(pool, min(room, fair), has.messages))
    return tuple(found)
