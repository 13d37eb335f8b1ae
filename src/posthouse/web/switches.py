"""The operator's hand on one provider: made to fail for an exercise, paused, resumed."""

from collections.abc import Callable
from typing import Final, Literal, get_args

import msgspec

from posthouse.routing.switch import ON, Failing, Mode, Switch
from posthouse.store.values import Switching
from posthouse.web.answer import Answer, answer
from posthouse.web.door import Door
from posthouse.web.fields import few
from posthouse.web.pool import pool_named, provider_named
from posthouse.web.pools import line
from posthouse.web.request import Request
from posthouse.web.words import choice, number, read_words, reason, truth

Held = Literal["no", "pause", "drain"]

LONGEST_S: Final = 30 * 86400.0
"""The longest failure that is simulated with an end: a month."""

FAIL: Final = {
    "fail": truth,
    "mode": choice(*get_args(Mode)),
    "rate": number(0.0, 1.0),
    "for_s": number(0.0, LONGEST_S),
}
"""What may be said of a simulated failure."""


async def fail(door: Door, request: Request) -> Answer:
    """POST /{domain}/{provider}/fail: with nothing said, on if it was off and off if it was on."""
    place, said, now = _place(door, request), read_words(await few(door, request), FAIL), door.clock.now()
    failing = Failing(
        said.get("mode", "error"), said.get("rate", 1.0), now + said["for_s"] if "for_s" in said else None
    )

    def failed(was: Switch) -> Switch:
        fails = was.failing is not None and (was.failing.until is None or was.failing.until > now)
        wanted = said.get("fail", True) if said else not fails
        return msgspec.structs.replace(was, failing=failing if wanted else None)

    return await _switched(door, request, place, failed)


async def mend(door: Door, request: Request) -> Answer:
    """DELETE /{domain}/{provider}/fail"""
    place = _place(door, request)
    return await _switched(door, request, place, lambda was: msgspec.structs.replace(was, failing=None))


async def pause(door: Door, request: Request) -> Answer:
    """POST /{domain}/{provider}/pause"""
    place, said = _place(door, request), read_words(await few(door, request), {"reason": reason, "drain": truth})
    held: Held = "drain" if said.get("drain", False) else "pause"

    def paused(was: Switch) -> Switch:
        return msgspec.structs.replace(was, held=held, reason=said.get("reason"))

    return await _switched(door, request, place, paused)


async def resume(door: Door, request: Request) -> Answer:
    """POST /{domain}/{provider}/resume"""
    place, said = _place(door, request), read_words(await few(door, request), {"reason": reason})

    def resumed(was: Switch) -> Switch:
        return msgspec.structs.replace(was, held="no", reason=said.get("reason"))

    return await _switched(door, request, place, resumed)


def _place(door: Door, request: Request) -> tuple[str, str]:
    """The pool and the provider in the path."""
    pool = pool_named(door, request)
    return pool.name, provider_named(pool, request)


async def _switched(door: Door, request: Request, place: tuple[str, str], change: Callable[[Switch], Switch]) -> Answer:
    """200 with the provider as it stands once the switch is on disk; every worker sees it within a second."""
    pool, provider = place
    async with door.switching:
        was = (await door.store.switches()).get(pool, {}).get(provider, ON)
        wanted = msgspec.structs.replace(change(was), by=request.caller.name, at=door.clock.now())
        (kept,) = await door.store.switch([Switching(pool, provider, wanted, request.who)])
    board = door.board(pool)
    candidate = next(candidate for candidate in board.rules.candidates if candidate.name == provider)
    return answer(200, line(door, board, candidate, request.caller, kept))
