"""What a claim may still take of each pool, while it goes from lane to lane."""

from collections.abc import Iterable

from posthouse.store.values import ClaimRequest

Due = tuple[str, int, str]
"""(id, size, pool)"""


class Turns:
    """left: how many messages the claim may still take in all."""

    def __init__(self, request: ClaimRequest) -> None:
        self.left = self._limit = request.limit
        self._portions = {portion.pool: (portion.room, portion.held) for portion in request.portions}

    def took(self, found: Iterable[Due]) -> None:
        """Those were found in the last lane."""
        for _, _, pool in found:
            room, held = self._portions.get(pool, (self._limit, 0))
            self._portions[pool] = (room - 1, held + 1)
            self.left -= 1

    def room(self, pool: str) -> int:
        """How many messages of that pool the claim may still take."""
        room, _ = self._portions.get(pool, (self._limit, 0))
        return max(0, min(room, self.left))

    def rows(self) -> list[tuple[str, int, int]]:
        """(pool, room, held) of each pool of which it matters."""
        return [(pool, room, held) for pool, (room, held) in self._portions.items()]
