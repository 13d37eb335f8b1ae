"""The pools and their providers, as they stand at this moment."""

from typing import Any

from posthouse.clock import rfc3339
from posthouse.intake.caller import Caller
from posthouse.intake.policy import PoolPolicy
from posthouse.routing.board import Board
from posthouse.routing.quota import left
from posthouse.routing.rules import Candidate
from posthouse.routing.score import score
from posthouse.routing.switch import ON, Switch
from posthouse.web.answer import Answer, answer
from posthouse.web.door import Door
from posthouse.web.fields import few
from posthouse.web.pool import pool_named
from posthouse.web.request import Request
from posthouse.web.words import read_words


async def listed(door: Door, request: Request) -> Answer:
    """GET /"""
    read_words(await few(door, request), {})
    caller, switches = request.caller, await door.store.switches()
    seen = [pool for name, pool in door.intake.pools.items() if caller.admin or caller.pool == name]
    return answer(200, {"pools": [_pool(door, pool, caller, switches.get(pool.name, {})) for pool in seen]})


async def shown(door: Door, request: Request) -> Answer:
    """GET /{domain}"""
    pool = pool_named(door, request)
    read_words(await few(door, request), {})
    switches = await door.store.switches()
    return answer(200, _pool(door, pool, request.caller, switches.get(pool.name, {})))


def _pool(door: Door, pool: PoolPolicy, caller: Caller, switches: dict[str, Switch]) -> dict[str, Any]:
    board = door.board(pool.name)
    return {
        "domain": pool.name,
        "url": f"/{pool.name}",
        "url_send_email": f"/{pool.name}/send",
        "strategy": board.rules.strategy,
        "sender": pool.sender,
        "classes": sorted(pool.classes),
        "providers": [
            line(door, board, candidate, caller, switches.get(candidate.name, ON))
            for candidate in board.rules.candidates
            if not candidate.reserved
        ],
    }


def line(door: Door, board: Board, candidate: Candidate, caller: Caller, switch: Switch) -> dict[str, Any]:
    """One provider of a pool. Its secrets only where the operator wants them shown, and only to an administrator."""
    now, standing = door.clock.now(), board.standing(candidate.name)
    today, month = left(candidate, standing.spent, standing.in_flight, now)
    kind = door.kinds.get(board.rules.pool, {}).get(candidate.name)
    document: dict[str, Any] = {
        "name": candidate.name,
        "type": None if kind is None else kind.type,
        "enabled": candidate.enabled,
        "order": candidate.order,
        "weight": candidate.weight,
        "score": round(score(standing.health, candidate.score, now, board.rules.scoring), 2),
        "breaker": standing.circuit.state(now),
        "distrusted": standing.trust.lost_at is not None,
        "in_flight": standing.in_flight,
        "left_today": today,
        "left_this_month": month,
        "switch": _switch(switch, now),
    }
    if caller.admin and kind is not None and kind.secrets:
        document["secrets"] = {name: secret.reveal() for name, secret in kind.secrets.items()}
    return document


def _switch(switch: Switch, now: float) -> dict[str, Any]:
    failing = switch.failing
    if failing is not None and failing.until is not None and failing.until <= now:
        failing = None
    document: dict[str, Any] = {
        "held": switch.held,
        "reason": switch.reason,
        "by": switch.by,
        "at": rfc3339(switch.at) if switch.at else None,
        "fail": failing is not None,
    }
    if failing is not None:
        until = None if failing.until is None else rfc3339(failing.until)
        document |= {"mode": failing.mode, "rate": failing.rate, "until": until}
    return document
