"""The configuration over HTTP: shown with its secrets hidden, replaced as a whole, read anew."""

from typing import Final

from posthouse.web.administration import Reloaded
from posthouse.web.answer import Answer, answer, problem
from posthouse.web.body import announced, read
from posthouse.web.door import Door
from posthouse.web.request import Request

CONFIG_MAX: Final = 1024 * 1024
"""Bytes of a configuration."""


async def shown(door: Door, request: Request) -> Answer:
    """GET /admin/config"""
    return answer(200, door.administration.document())


async def replaced(door: Door, request: Request) -> Answer:
    """PUT /admin/config"""
    body = await read(request.receive, CONFIG_MAX, announced(request.headers, CONFIG_MAX))
    try:
        return _told(door.administration.replace(bytes(body), request.who))
    except OSError as error:
        detail = f"The configuration is sound, and could not be written: {error.strerror}. Nothing was changed."
        return problem(503, "config-unwritable", detail)


async def reloaded(door: Door, request: Request) -> Answer:
    """POST /admin/reload"""
    return _told(door.administration.reload(request.who))


def _told(found: Reloaded) -> Answer:
    if found.problems:
        detail = "The configuration has problems; the one before stays in force."
        return problem(422, "configuration", detail, problems=found.problems)
    return answer(200, {"status": "in force", "changed": found.changed, "waits_for_restart": found.waiting})
