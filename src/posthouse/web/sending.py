"""Handing a message in through a pool named in the path, or through one provider of it."""

from typing import Any

import msgspec

from posthouse.mail.problem import Problem, Refusal
from posthouse.web.answer import Answer, Refused
from posthouse.web.auth import keyless
from posthouse.web.door import Door
from posthouse.web.fields import given
from posthouse.web.messages import submit
from posthouse.web.pool import pool_named, provider_named
from posthouse.web.refusal import refusal
from posthouse.web.request import Request


async def send(door: Door, request: Request) -> Answer:
    """POST /{domain}/send"""
    pool = pool_named(door, request)

    async def named(fields: dict[str, Any]) -> Answer:
        return await submit(door, _with(request, _keyless(fields)), pool)

    return await given(door, request, named)


async def send_through(door: Door, request: Request) -> Answer:
    """POST /{domain}/{provider}/send"""
    pool = pool_named(door, request)
    provider = provider_named(pool, request)

    async def named(fields: dict[str, Any]) -> Answer:
        fields = _keyless(fields)
        if fields.get("provider") not in (None, "", provider):
            other = Problem("field-conflict", "provider", "expected no other provider than the one in the path")
            raise Refused(refusal(Refusal((other,))))
        return await submit(door, _with(request, {**fields, "provider": provider}), pool)

    return await given(door, request, named)


def _with(request: Request, fields: dict[str, Any]) -> Request:
    return msgspec.structs.replace(request, fields=fields)


def _keyless(fields: dict[str, Any]) -> dict[str, Any]:
    """The message's own fields, where a key stands among them."""
    problems: list[Problem] = []
    found = keyless(fields, problems)
    if problems:
        raise Refused(refusal(Refusal(tuple(problems))))
    return found
