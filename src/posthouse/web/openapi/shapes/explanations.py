"""What an explanation looks like: each provider's part in a decision, and what came of it."""

from typing import Annotated, Literal

from posthouse.mail.event import Status
from posthouse.routing.breaker import State
from posthouse.web.openapi.shapes.messages import Attempt
from posthouse.web.openapi.shapes.shape import Count, Id, Instant, Shape, said


class Check(Shape):
    """What one rule says of a message at a provider."""

    name: str
    ok: bool
    why: str | None


class Candidate(Shape):
    """One provider's part in a decision. place: 1 for who is asked next, null for who is not available."""

    name: str
    chosen: bool
    place: int | None
    filters: list[Check]
    tier: float
    weight: float
    score: float
    circuit: State
    circuit_until: Instant | None
    distrusted: Annotated[bool, said("Whether it has failed lately, and its circuit is closed all the same.")]
    doubt: Annotated[str | None, said("Why this message asks the others before it.")]
    ready_at: Annotated[Instant | None, said("When nothing that passes with time is against it; null for never.")]
    in_flight: Count
    concurrency: int
    today_left: int | None
    month_left: int | None


class Foreseen(Shape):
    """Where a message would go, and why."""

    pool: str
    decision: Literal["send", "wait", "fail", "none"]
    provider: str | None
    until: Annotated[Instant | None, said("When it is decided again, while it waits.")]
    reason: Annotated[str | None, said("Why nobody carries it now.")]
    if_failed: Annotated[str | None, said("Who would be asked at once if `provider` failed.")]
    candidates: list[Candidate]


class Explained(Foreseen, kw_only=True):
    """Where a message goes, and why. `none`: it is over, and its attempts tell the rest."""

    id: Id
    status: Status
    attempts: list[Attempt]
