"""A small message of our own through each provider in turn, to see that mail gets through before a customer misses it.

It comes in by the door of all messages: it is on disk, routed by the same rules, recorded, and counted against the
quotas of the provider that carries it; it is on behalf of no key. Time is cut into turns; each turn is a provider's.
Every process hands in the canary of every turn under the same idempotency key, so that the store takes one of them,
whoever lives, starts or stops meanwhile; and every process looks at the same record, and so knows the same.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from posthouse.clock import Clock
from posthouse.intake.accept import Intake
from posthouse.intake.caller import Caller
from posthouse.intake.policy import PoolPolicy
from posthouse.mail.event import UNFINISHED, EventType, Status
from posthouse.mail.problem import Refusal
from posthouse.metrics.tally import Tally
from posthouse.routing.board import Board
from posthouse.store.contract import Reading, StoreDown
from posthouse.store.values import Mismatch, Receipt, Record
from posthouse.telemetry import log, warn

TAG: Final = "posthouse-canary"
"""On each of them: a list of messages is asked for it, or for all others."""

LOOK_S: Final = 1.0
"""How often one that is under way is looked at."""

PATIENCE: Final = 0.8
"""It expires after this share of a turn: the next one is not to wait behind it."""

WATCHED_S: Final = 3600.0
"""How long one that was sent is looked at for what a provider tells of it."""

KEPT: Final = 100
"""How many are looked at, at most: the newest."""

WORKS: Final[frozenset[Status]] = frozenset({"sent", "delivered"})

_NOBODY: Final = "canary"


class Rounds(msgspec.Struct, frozen=True):
    """Through which pool, to whom, how long a turn is, and whose turns they are, one after the other."""

    pool: str
    to: str
    every_s: float
    providers: tuple[str, ...]

    def turn(self, now: float) -> int:
        return int(now // self.every_s)

    def provider(self, turn: int) -> str:
        """Whose turn it is: known from the time alone, so that all processes agree, before and after a restart."""
        return self.providers[turn % len(self.providers)]


class Shown(msgspec.Struct, frozen=True):
    """What the canaries through one provider show. id, status: of the newest that ended, and where it stands.

    failures: how many failed in a row until now. worked_at: when the provider took one last, epoch seconds.
    """

    id: str
    status: Status
    failures: int = 0
    worked_at: float | None = None


class Flown(msgspec.Struct, frozen=True):
    """One that was handed in. ours: by this process, which counts it."""

    id: str
    provider: str
    at: float
    ours: bool
    status: Status = "queued"


class Canary:
    """board: of a pool, for what operators have paused."""

    def __init__(
        self, clock: Clock, intake: Intake, store: Reading, board: Callable[[str], Board], tally: Tally
    ) -> None:
        self._clock, self._intake, self._store, self._board, self._tally = clock, intake, store, board, tally
        self.rounds: Rounds | None = None
        self._shown: dict[str, Shown] = {}
        self._flown: list[Flown] = []
        self._turn: int | None = None

    def reconfigure(self, rounds: Rounds | None) -> None:
        """Other rounds from now on; what is known of providers that stay is kept."""
        if rounds == self.rounds:
            return
        same_pool = rounds is not None and self.rounds is not None and rounds.pool == self.rounds.pool
        stay = rounds.providers if rounds is not None and same_pool else ()
        self._shown = {provider: shown for provider, shown in self._shown.items() if provider in stay}
        self._flown = [flown for flown in self._flown if flown.provider in stay]
        self.rounds, self._turn = rounds, None

    def shown(self) -> dict[tuple[str, str], Shown]:
        """(pool, provider) → what its canaries show, of those of which one has ended."""
        return {} if self.rounds is None else {(self.rounds.pool, name): each for name, each in self._shown.items()}

    async def watching(self) -> None:
        """Hand in and look, until cancelled."""
        while True:
            try:
                await self.step()
            except StoreDown as error:
                if error.fatal:
                    raise
                warn("the canary could not reach the store", reason=str(error))
            await self._clock.sleep(LOOK_S)

    async def step(self) -> None:
        """Hand in what this turn asks for, and look at what is under way; at what was sent, once a turn."""
        rounds, now = self.rounds, self._clock.now()
        if rounds is None:
            return
        turn = rounds.turn(now)
        begins = turn != self._turn
        if begins:
            flown = await self._handed_in(rounds, turn, now)
            if self.rounds is not rounds:
                return  # a reload came between
            self._turn = turn
            self._flown += [] if flown is None else [flown]
        self._flown = [flown for flown in self._flown if now - flown.at < WATCHED_S][-KEPT:]
        for flown in [flown for flown in self._flown if begins or flown.status in UNFINISHED]:
            record = await self._store.find(flown.id, rounds.pool)
            if self.rounds is not rounds:
                return
            if record is not None and record.status != flown.status:
                self._learn(rounds.pool, flown, record)

    async def _handed_in(self, rounds: Rounds, turn: int, now: float) -> Flown | None:
        provider, pool = rounds.provider(turn), self._intake.pools[rounds.pool]
        if self._board(pool.name).switch(provider).held == "pause":
            return None  # an operator has said that nothing goes there
        # No caller can have this idempotency key: the door takes none with a space.
        caller, once_key = Caller(_NOBODY, pool.name), f"{_NOBODY} {turn}"
        match await self._intake.accept(letter(rounds, provider, pool), pool, caller, once_key):
            case Receipt(id, _, replayed):
                return Flown(id, provider, now, ours=not replayed)
            case Refusal(problems):
                codes = ", ".join(sorted({problem.code for problem in problems}))
                warn("the canary was not accepted", pool=pool.name, provider=provider, reason=codes)
            case Mismatch():
                pass  # another process, with another configuration, had this turn
        return None

    def _learn(self, pool: str, flown: Flown, record: Record) -> None:
        """Take over where one stands now, and count it where it is ours to count."""
        before, status = self._shown.get(flown.provider), record.status
        after = moved(before, flown, record)
        self._flown[self._flown.index(flown)] = msgspec.structs.replace(flown, status=status)
        if after is None:
            return
        self._shown[flown.provider] = after
        if not flown.ours:
            return
        line = pool, flown.provider
        self._tally.canaries[*line, status] += 1
        if flown.status in UNFINISHED and (at := _first(record, "sent")) is not None:
            self._tally.canary_seconds[*line, "accepted"].add(max(0.0, at - record.accepted_at))
        if status == "delivered" and (at := _first(record, "delivered")) is not None:
            self._tally.canary_seconds[*line, "delivered"].add(max(0.0, at - record.accepted_at))
        if after.failures:
            warn("canary failed", pool=pool, provider=flown.provider, id=record.id, status=status, count=after.failures)
        elif before is not None and before.failures:
            log("canary gets through again", pool=pool, provider=flown.provider, id=record.id)


def letter(rounds: Rounds, provider: str, pool: PoolPolicy) -> dict[str, object]:
    """The fields of a canary, as a caller would send them: alike in every process, or they would be two messages."""
    sender = {} if pool.default_from is not None else {"from": f"posthouse@{pool.name}"}
    text = (
        f"Posthouse sends this now and then, to see that mail through {provider} gets through. Nobody needs to answer."
    )
    return {
        **sender,
        "to": rounds.to,
        "subject": f"Posthouse canary through {provider}",
        "text": text,
        "html": f"<p>{text}</p>",
        "tags": [TAG],
        "provider": provider,
        "lane": "critical",  # a backlog is no provider's fault, and has a figure of its own
        "expires_in": f"{int(rounds.every_s * PATIENCE)}s",
    }


def moved(before: Shown | None, flown: Flown, record: Record) -> Shown | None:
    """What a provider's canaries show after this news of one; None where it says nothing yet."""
    status = record.status
    if status in UNFINISHED:
        return None
    sent_at = _first(record, "sent")
    worked_at = max(
        (at for at in (None if before is None else before.worked_at, sent_at) if at is not None), default=None
    )
    if before is not None and flown.id < before.id:  # late news of an older one: ids are in the order of time
        return msgspec.structs.replace(before, worked_at=worked_at)
    failures = 0 if before is None else before.failures
    if status in WORKS:
        return Shown(flown.id, status, 0, worked_at)
    known = before is not None and before.id == flown.id and before.status not in WORKS
    return Shown(flown.id, status, failures if known else failures + 1, worked_at)


def failing(shown: Iterable[Shown]) -> int:
    """Through how many providers the last canary failed."""
    return sum(each.failures > 0 for each in shown)


def _first(record: Record, event: EventType) -> float | None:
    return next((each.at for each in record.events if each.type == event), None)
