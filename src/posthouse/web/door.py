"""What all handlers stand on."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from posthouse.clock import Clock
from posthouse.intake.accept import Intake
from posthouse.intake.allowance import Allowances
from posthouse.intake.caller import Caller, Callers
from posthouse.intake.canary import Canary
from posthouse.metrics.described import DOOR
from posthouse.metrics.shelf import Shelf
from posthouse.metrics.tally import Tally
from posthouse.routing.board import Board
from posthouse.routing.explain import Explanation
from posthouse.secret import Secret
from posthouse.store.contract import Store
from posthouse.store.values import Entry
from posthouse.telemetry import success
from posthouse.telemetry.trace import Tracer
from posthouse.web.administration import Administration
from posthouse.web.answer import Answer, Refused, problem, retry_after
from posthouse.web.backlog import Backlogs
from posthouse.web.body import Budget
from posthouse.web.cors import NO_ORIGINS, Cors
from posthouse.web.guesses import Guesses
from posthouse.web.health import Readiness
from posthouse.web.request import Request

Outlook = Callable[[Entry], Explanation | None]
"""Why a message would have to wait, were it stored at this moment; None where it would not."""


class Kind(msgspec.Struct, frozen=True):
    """What a provider of a pool is. secrets: by name, only where the operator wants admins to see them."""

    type: str
    secrets: Mapping[str, Secret] = {}


class Door(msgspec.Struct, kw_only=True):
    """The rest of the house as the HTTP door sees it. A reload replaces single members; a handler asks for each anew.

    max_body: bytes of one request; budget: memory for large ones together. board: of a pool. kinds: pool → provider →
    what it is. stopping: set when the server stops. switching: held while a switch is read and written. tally: what is
    counted. local: whether it listens on a loopback address, where nobody else can call. tracer: None where requests
    are not traced.
    """

    clock: Clock
    store: Store
    intake: Intake
    callers: Callers
    allowances: Allowances
    canary: Canary
    readiness: Readiness
    max_body: int
    budget: Budget
    board: Callable[[str], Board]
    outlook: Outlook
    kinds: Mapping[str, Mapping[str, Kind]]
    administration: Administration
    stopping: asyncio.Event
    cors: Cors = NO_ORIGINS
    shelf: Shelf | None = None
    guesses: Guesses = msgspec.field(default_factory=Guesses)
    switching: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)
    tally: Tally = msgspec.field(default_factory=Tally)
    backlogs: Backlogs = msgspec.field(default_factory=Backlogs)
    local: bool = False
    tracer: Tracer | None = None

    def must_be_open(self) -> None:
        """Refused with 503 where the server stops: what came now might not be written any more."""
        if self.stopping.is_set():
            detail = "This server is stopping; send it again."
            raise Refused(problem(503, "stopping", detail, retry_after(1), (b"connection", b"close")))

    def charge(self, caller: Caller, count: int) -> Answer | None:
        """Count so many messages of a key; 429 where its limits leave no room for them now."""
        if caller.rate is None and caller.daily is None:
            return None
        excess = self.allowances.take(caller, count, self.clock.now())
        if excess is None:
            return None
        detail = f"This key may hand in {excess.expected}; send it again later."
        wait = retry_after(excess.retry_after_s)
        told = (
            (b"ratelimit-limit", str(excess.most).encode()),
            (b"ratelimit-remaining", b"0"),
            (b"ratelimit-reset", str(excess.retry_after_s).encode()),
        )
        return problem(429, "key-limit", detail, wait, *told, limit=excess.limit)

    def accepted(self, entry: Entry, request: Request) -> None:
        """A message that is on disk: count it, and say so."""
        self.tally.accepted[entry.pool, DOOR] += 1
        success("accepted", trace=entry.trace, id=entry.id, pool=entry.pool)
        if request.arrival is not None:
            request.arrival.accepted(entry)

    def give_back(self, caller: Caller, count: int) -> None:
        """So many messages that were charged for were not accepted."""
        if caller.daily is not None and count:
            self.allowances.give_back(caller, count, self.clock.now())
