"""After a restore: which messages are in doubt, and the operator's verdict on them."""

from typing import Any, Final, get_args

from posthouse.clock import rfc3339
from posthouse.mail.problem import Flaw, Problem
from posthouse.store.doubt import SLICE
from posthouse.store.values import Release, Verdict
from posthouse.web.answer import Answer, Refused, answer, problem
from posthouse.web.door import Door
from posthouse.web.fields import few
from posthouse.web.request import Request
from posthouse.web.words import choice, read_words, reason

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

MOST: Final = 1000
"""Ids in one call."""


async def shown(door: Door, request: Request) -> Answer:
    """GET /admin/release"""
    doubts = await door.store.doubts()
    copied_at, restored_at = (None if at is None else rfc3339(at) for at in (doubts.copied_at, doubts.restored_at))
    told = {"in_doubt": doubts.count, "pools": doubts.pools, "copied_at": copied_at, "restored_at": restored_at}
    return answer(200, told)


async def release(door: Door, request: Request) -> Answer:
    """POST /admin/release"""
    readers = {"unfinished": choice(*VERDICTS), "ids": _ids, "pool": _pool, "reason": reason}
    said = read_words(await few(door, request), readers)
    if "unfinished" not in said:
        missing = Problem("field-missing", "unfinished", f"Expected one of {', '.join(VERDICTS)}.")
        raise Refused(problem(422, "fields", "Nothing was changed.", problems=[missing]))
    verdict = Release(
        *(said["unfinished"], door.clock.now(), request.who), said.get("ids"), said.get("pool"), said.get("reason")
    )
    released = 0
    while count := (await door.store.release([verdict]))[0]:
        released += count
        if count < SLICE:
            break
    left = (await door.store.doubts()).count
    return answer(200, {"verdict": verdict.verdict, "released": released, "in_doubt": left})


def _ids(value: Any) -> tuple[str, ...] | Flaw:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in found):
        return Flaw("field-type", "Expected the id of a message, or a list of them.")
    return tuple(found) if len(found) <= MOST else Flaw("ids-too-many", f"Expected at most {MOST} ids.")


def _pool(value: Any) -> str | Flaw:
    return value.lower() if isinstance(value, str) else Flaw("field-type", "Expected the domain of a pool.")
