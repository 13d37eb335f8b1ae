"""How much of each pool the next claim may take, so that none is kept waiting by another one, however slow that is."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from posthouse.store.values import Claim, ClaimRequest, Portion


class Held(NamedTuple):
    """What is in hand of one pool."""

    messages: int
    size: int


NOTHING = Held(0, 0)


class Free(NamedTuple):
    """What is left of the places, and of the bytes, that all pools share."""

    places: int
    size: int


def most(free: Free, *, half: bool) -> Free:
    """What one claim may take. half: no more than that, the rest is there for whoever comes meanwhile."""
    return Free((free.places + 1) // 2, (free.size + 1) // 2) if half else free


def portions(
    rooms: Mapping[str, int], held: Mapping[str, Held], free: Free, empty: Collection[str] = ()
) -> tuple[Portion, ...]:
    """rooms: pool → how many of its messages its providers could take; of those where nothing waits, half of that.

    Of several pools none comes to hold more than it leaves free: with slow providers a pool alone ends up with half of
    all places, two with a third each, and so on; the last third, or tenth, is for one that has nothing yet.
    """
    rooms = {pool: (room + 1) // 2 if pool in empty else room for pool, room in rooms.items()}
    if len(rooms) <= 1:
        return tuple([Portion(pool, room, held.get(pool, NOTHING).messages) for pool, room in rooms.items()])
    found = []
    for pool, room in rooms.items():
        has = held.get(pool, NOTHING)
        fair = max(0, free.places - has.messages + 1) // 2 if has.size <= free.size else 0
        found.append(Portion(pool, min(room, fair), has.messages))
    return tuple(found)


def fits(free: Free, has: Held, size: int, *, alone: bool) -> bool:
    """Whether one more message of a pool has a place, by the same measure. alone: it is the only pool."""
    if alone:
        return free.places > 0 and free.size >= size
    return free.places > has.messages and free.size - size >= has.size


def emptied(request: ClaimRequest, claims: Sequence[Claim]) -> frozenset[str]:
    """The pools of which nothing is left that was due when this was claimed."""
    # A claim may have been cut where the next message would have been too much. One that is larger than half of all
    # the bytes is not thought of: it waits for one claim more.
    if len(claims) >= request.limit or 2 * sum(claim.job.size for claim in claims) > request.max_bytes:
        return frozenset()
    counts = Counter(claim.job.pool for claim in claims)
    return frozenset(portion.pool for portion in request.portions if counts[portion.pool] < portion.room)
