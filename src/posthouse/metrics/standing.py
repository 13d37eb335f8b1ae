"""What the boards and a tally say at one moment, as numbers under their names. Pure."""

from collections.abc import Iterable

from posthouse.metrics.described import CIRCUIT, DOOR, ENDS, OUTCOMES
from posthouse.metrics.snapshot import Labels, Numbers, Spread
from posthouse.metrics.tally import Tally
from posthouse.routing.board import Board
from posthouse.routing.quota import left, next_day, next_month
from posthouse.routing.score import score

PERIODS = ("day", "month")


def standing(boards: Iterable[Board], now: float) -> dict[str, Numbers]:
    """How the providers stand: those that are enabled and carry whatever comes."""
    breaker, held, doubted, scores, in_flight, limit, remains = (Numbers() for _ in range(7))
    for board in boards:
        for candidate in board.rules.candidates:
            if not candidate.enabled or candidate.reserved:
                continue
            line, found = (board.rules.pool, candidate.name), board.standing(candidate.name)
            breaker[line] = CIRCUIT[found.circuit.state(now)]
            held[line] = float(board.switch(candidate.name).held != "no")
            doubted[line] = float(found.trust.lost_at is not None)
            scores[line] = score(found.health, candidate.score, now, board.rules.scoring)
            in_flight[line] = found.in_flight
            limits = (candidate.daily, candidate.monthly)
            for period, most, rest in zip(
                PERIODS, limits, left(candidate, found.spent, found.in_flight, now), strict=True
            ):
                if most is not None and rest is not None:
                    limit[*line, period], remains[*line, period] = most, rest
    return {
        "posthouse_breaker_state": breaker,
        "posthouse_provider_held": held,
        "posthouse_provider_distrusted": doubted,
        "posthouse_provider_score": scores,
        "posthouse_in_flight": in_flight,
        "posthouse_quota_limit": limit,
        "posthouse_quota_left": remains,
        "posthouse_quota_reset_timestamp_seconds": {("day",): next_day(now), ("month",): next_month(now)},
    }


def counted(tally: Tally, boards: Iterable[Board]) -> dict[str, Numbers]:
    """What was counted; and zeros for all that could be counted next, so that its first one is seen as an increase."""
    accepted, attempts, ended, duplicates = (Numbers() for _ in range(4))
    for board in boards:
        pool = board.rules.pool
        accepted[pool, DOOR] = duplicates[pool,] = 0
        ended |= {(pool, status): 0 for status in ENDS}
        attempts |= {
            (pool, candidate.name, outcome): 0
            for candidate in board.rules.candidates
            if candidate.enabled and not candidate.reserved
            for outcome in OUTCOMES
        }
    return {
        "posthouse_accepted_total": accepted | tally.accepted,
        "posthouse_attempts_total": attempts | tally.attempts,
        "posthouse_ended_total": ended | tally.ended,
        "posthouse_possible_duplicates_total": duplicates | {(pool,): n for pool, n in tally.duplicates.items()},
        "posthouse_http_requests_total": {(route, str(status)): n for (route, status), n in tally.requests.items()},
    }


def spread(tally: Tally) -> dict[str, dict[Labels, Spread]]:
    """The histograms."""
    return {
        "posthouse_canary_seconds": {labels: spreading.value() for labels, spreading in tally.canary_seconds.items()},
        "posthouse_attempt_seconds": {line: spreading.value() for line, spreading in tally.attempt_seconds.items()},
        "posthouse_http_request_seconds": {(): tally.request_seconds.value()},
        "posthouse_store_commit_seconds": {(): tally.commit_seconds.value()},
        "posthouse_store_commit_items": {(): tally.commit_items.value()},
    }
