"""No key learns anything of another pool: every call of the table, asked for what is its own, another's, nobody's."""

import json
from typing import Any

import pytest

from posthouse.web.route import Route
from posthouse.web.routes import ROUTES
from tests.web.house import ADMIN_KEY, EXPIRED_KEY, KEY, OTHER_KEY, House, letter
from tests.web.http import Reply
from tests.web.test_keys import but_for_its_names

NOBODY = "01a20ae0-e2cc-7ac8-b610-e32461741d70"
LATER = "2036-01-01T00:00:00Z"

SAID: dict[str | None, dict[str, Any] | None] = {
    None: None,
    "message": letter(),
    "batch": {"messages": [letter()]},
    "resend": {"force": True},
    "key": {},
    "suppression": {"address": "isolated@example.org"},
    "fail": {"fail": False},
    "pause": {"reason": "a test"},
    "resume": {},
}

KEYS = {"pool": KEY, "none": None, "wrong": "wrong", "expired": EXPIRED_KEY, "long": "x" * 5000}

PLACED = [route for route in ROUTES if "{id}" in route.path or "{domain}" in route.path]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


async def asked(house: House, route: Route, key: str | None, message_id: str, domain: str) -> Reply:
    target = route.path.format(id=message_id, domain=domain, provider="sandbox")
    return await house.ask(target, SAID[route.body], key, route.method)


def seen(reply: Reply, *names: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """The answer without what was asked for."""
    status, fields, body = but_for_its_names(reply, names[0])
    for name in names:
        body = body.replace(name.encode(), b"ASKED")
    return status, fields, body


async def theirs(house: House) -> str:
    return await house.accepted(letter(**{"from": "ann@example.net"}, send_at=LATER), OTHER_KEY)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("route", PLACED, ids=named)
async def test_what_is_another_pools_is_as_unknown_as_what_is_nobodys(
    house: House, route: Route, key: str | None
) -> None:
    message_id = await theirs(house)
    before = (await house.get(f"/email/{message_id}", ADMIN_KEY)).json
    others = await asked(house, route, key, message_id, "example.net")
    nobodys = await asked(house, route, key, NOBODY, "example.org")
    assert seen(others, message_id, "example.net") == seen(nobodys, NOBODY, "example.org")
    assert others.status in ((403, 404) if key == KEY else (401,))
    if "{id}" in route.path:
        for odd in ("malformed", message_id.upper(), f"{message_id}'", "%2e%2e", "*", "a" * 300):
            malformed = await asked(house, route, key, odd, "example.org")
            assert seen(malformed, odd) == seen(nobodys, NOBODY)
    assert (await house.get(f"/email/{message_id}", ADMIN_KEY)).json == before
    assert (await house.get("/example.net/suppressions", ADMIN_KEY)).json["suppressions"] == []
    assert (await house.gateway._store.switches()) == {}


@pytest.mark.parametrize("route", PLACED, ids=named)
async def test_what_is_ones_own_is_found(house: House, route: Route) -> None:
    message_id = await house.accepted(letter(send_at=LATER))
    key = ADMIN_KEY if route.access == "admin" else KEY
    reply = await asked(house, route, key, message_id, "example.com")
    assert reply.status in (200, 202), reply
    if route.body == "suppression":
        await house.delete("/example.com/suppressions?address=isolated@example.org")
    if route.access == "admin":
        await house.gateway._store._write(forget_switches, [None])


def forget_switches(db: Any, items: list[Any]) -> list[Any]:
    db.execute("DELETE FROM switches")
    return items


async def test_no_list_and_no_count_holds_anything_of_another_pool(house: House) -> None:
    message_id = await theirs(house)
    for target in ("/", "/email?limit=100", f"/email?limit=100&cursor={message_id}", "/email?status=scheduled"):
        told = (await house.get(target)).body
        assert message_id.encode() not in told
        for name in ("pool", "domain"):
            assert f'"{name}":"example.net"'.encode() not in told
    assert json.loads((await house.get("/readyz", None)).body)["circuits"].keys() == {"open", "of"}


async def test_no_answer_says_more_to_another_pools_key_than_to_nobodys(house: House) -> None:
    first = await house.ask("/example.net/send", letter(), KEY, prefer="wait=1", idempotency_key="isolated")
    second = await house.ask("/example.org/send", letter(), KEY, prefer="wait=1", idempotency_key="isolated")
    assert seen(first, "example.net") == seen(second, "example.org")
