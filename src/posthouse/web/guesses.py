"""Wrong keys from one address: after so many in a minute they are answered with 429.

A right key passes all the same: behind a proxy many callers have one address, and nobody is locked out by a neighbour.
"""

from typing import Final

from posthouse.web.answer import Answer, problem, retry_after

MOST: Final = 20

MINUTE_S: Final = 60.0

ADDRESSES: Final = 10_000
"""So many addresses are remembered; then those of this minute are forgotten, which costs an attacker more than us."""


class Guesses:
    """What was guessed in the running minute. most: wrong keys from one address in a minute."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._minute = 0
        self._wrong: dict[str, int] = {}

    def wrong(self, address: str, now: float) -> Answer | None:
        """One more wrong key; 429 where it was one too many."""
        minute = int(now // MINUTE_S)
        if minute != self._minute or len(self._wrong) > ADDRESSES:
            self._minute, self._wrong = minute, {}
        count = self._wrong[address] = self._wrong.get(address, 0) + 1
        if count <= self.most:
            return None
        wait_s = max(1, int((minute + 1) * MINUTE_S - now))
        return problem(429, "too-many-wrong-keys", "Too many wrong keys from this address.", retry_after(wait_s))
