"""How many messages that ask for nothing a pool could start now, so that no more is claimed than the providers take."""

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from posthouse.routing import pace, quota, ramp
from posthouse.routing.filters import ready
from posthouse.routing.rank import place

if TYPE_CHECKING:
    from posthouse.routing.board import Board, Standing
    from posthouse.routing.rules import Candidate

Tier = tuple[bool, float]
"""(distrusted, tier of the strategy): the smallest goes first."""


class Offer(NamedTuple):
    """The places of one provider, and the tier they are in; None where it offers no such.

    few: for the share of messages that a ramp or a test admits. all: for any message.
    """

    few: tuple[Tier, int] | None
    all: tuple[Tier, int] | None


def room(board: "Board", now: float) -> int:
    """That number; 0 when `decide` would send none of them.

    Only the places in the best tier count: a burst waits for those. To them come those of a better tier that ramp up
    or are tested, as far as their share goes: what they do not admit falls to the tier below. A provider that carries
    only what is bound to it (reserved, drained) and has a place makes it 1 where it would be 0, so that this is not
    stuck behind an outage of all the others.
    """
    offers: list[Offer] = []
    spare = 0
    for candidate in board.rules.candidates:
        if not ready(candidate, board, now):
            continue
        places = _places(candidate, board.standing(candidate.name), now)
        if candidate.reserved or board.switch(candidate.name).held == "drain":
            spare = max(spare, min(places, 1))
        else:
            offers.append(_offer(candidate, board, places, now))
    best = min((offer.all[0] for offer in offers if offer.all is not None), default=None)
    return sum(_taken(offer, best) for offer in offers) or spare


def _offer(candidate: "Candidate", board: "Board", places: int, now: float) -> Offer:
    standing, rules = board.standing(candidate.name), board.rules.breaker
    circuit, trust = standing.circuit, standing.trust
    tier, _ = place(candidate, standing, board.rules.strategy, now, board.rules.scoring)
    lost = trust.lost_at is not None
    tested = lost and rules.traffic and trust.may_probe(now)
    trusted, doubted = (False, tier), (True, tier)
    if ramp.ramping(circuit.closed_at, rules, now):
        admitted = min(places, ceil(ramp.share(circuit.closed_at, rules, now) * candidate.concurrency))
        return Offer((doubted if lost and not tested else trusted, admitted), None)
    if tested:
        return Offer((trusted, min(places, 1)), (doubted, places))
    if lost:
        return Offer(None, (doubted, places))
    if ramp.ramping(trust.regained_at, rules, now):
        admitted = min(places, ceil(ramp.share(trust.regained_at, rules, now) * candidate.concurrency))
        return Offer((trusted, admitted), (doubted, places))
    return Offer(None, (trusted, places))


def _taken(offer: Offer, best: Tier | None) -> int:
    """How much of an offer counts where `best` is the best tier that takes any message."""
    if offer.all is not None and offer.all[0] == best:
        return offer.all[1]
    if offer.few is not None and (best is None or offer.few[0] <= best):
        return offer.few[1]
    return 0


def one_by_one(candidate: "Candidate", standing: "Standing", now: float) -> bool:
    """Whether each start at a provider counts by itself: it has a pace, or it is a probe of an open circuit."""
    paced = candidate.rate is not None or pace.learnt(standing.tempo, now) is not None
    return paced or standing.circuit.opened_at is not None


def _places(candidate: "Candidate", standing: "Standing", now: float) -> int:
    """How many sends could start at a provider that is ready."""
    places = max(0, candidate.concurrency - standing.in_flight)
    if one_by_one(candidate, standing, now):
        return min(places, 1)
    for quota_left in quota.left(candidate, standing.spent, standing.in_flight, now):
        if quota_left is not None:
            places = min(places, quota_left)
    return places
