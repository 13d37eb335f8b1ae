"""No key learns anything of another pool: every call that the document describes, for what is its own, another's,
nobody's and nothing at all, with every kind of key."""

import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from posthouse.store.sqlite.store import SqliteStore
from posthouse.web.openapi.bodies import JSON
from tests.web.described import holds, operations
from tests.web.house import ADMIN_KEY, EXPIRED_KEY, KEY, OTHER_KEY, House, document, letter, running
from tests.web.http import Reply

NOBODY = "01a20ae0-e2cc-7ac8-b610-e32461741d70"
NOWHERE = "example.org"
LATER = "2036-01-01T00:00:00Z"
SANDBOX_KEY = "a-key-for-staging"


class Holder(msgspec.Struct, frozen=True):
    """Who calls. pool: the one the key is of; None where it opens none, or all."""

    key: str | None
    pool: str | None = None
    admin: bool = False


HOLDERS = {
    "pool": Holder(KEY, "example.com"),
    "other pool": Holder(OTHER_KEY, "example.net"),
    "sandbox": Holder(SANDBOX_KEY, "example.com"),
    "admin": Holder(ADMIN_KEY, admin=True),
    "none": Holder(None),
    "wrong": Holder("wrong"),
    "expired": Holder(EXPIRED_KEY),
    "long": Holder("x" * 5000),
}

FOR_ADMINS = [
    (method, path)
    for method, path, told in operations()
    if "{" not in path and told["security"] and told["security"][0]["bearer"] == ["admin"]
]

PLACED = {f"{method} {path}": (method, path, told) for method, path, told in operations() if "{" in path}

ODD_IDS = ("malformed", NOBODY.upper(), f"{NOBODY}'", "%2e%2e", "*", "a" * 300, f"{NOBODY}%00", "01a20ae0")
ODD_DOMAINS = ("localhost", "example..com", "%2e%2e", ".", "example.com%00", "example.com%20", "-", "a" * 300)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Two pools; one of them has a key for staging too."""
    folder = tmp_path_factory.mktemp("isolated")
    given = document(folder)
    given["pools"]["example.com"]["keys"]["staging"] = {"key": SANDBOX_KEY, "mode": "sandbox"}
    async with running(given, folder) as opened:
        yield opened


OWN = {"date", "x-request-id"}


def seen(reply: Reply) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """An answer, byte for byte, without the date and the name of the request."""
    return reply.status, tuple(field for field in reply.fields if field[0] not in OWN), reply.body


async def asked(house: House, call: str, holder: Holder, message_id: str, domain: str, sender: str) -> Reply:
    """A call with the last example that the document has of its body, sent from that domain."""
    method, path, told = PLACED[call]
    said = None
    if "requestBody" in told:
        *_, example = told["requestBody"]["content"][JSON].get("examples", {"nothing": {"value": {}}}).values()
        said = json.loads(json.dumps(example["value"]).replace("@example.com", f"@{sender}"))
    target = path.format(id=message_id, domain=domain, provider="sandbox")
    return await house.ask(target, said, holder.key, method)


async def message_of(house: House, domain: str) -> str:
    """A message of that pool, to be sent later."""
    key = OTHER_KEY if domain == "example.net" else KEY
    return await house.accepted(letter(**{"from": f"ann@{domain}"}, send_at=LATER), key)


async def told_of(house: House, domain: str, message_id: str) -> list[Any]:
    """All that an administrator sees of a pool, but for how many messages wait there."""
    shown = await house.get(f"/email/{message_id}", ADMIN_KEY)
    listed = await house.get(f"/{domain}/suppressions", ADMIN_KEY)
    return [shown.json, listed.json, (await house.gateway._store.switches()).get(domain)]


def opens(call: str, holder: Holder) -> bool:
    """Whether such a key may make the call at all."""
    return holder.admin or (holder.pool is not None and PLACED[call][2]["security"][0]["bearer"] != ["admin"])


@pytest.mark.parametrize("name", [name for name, holder in HOLDERS.items() if not holder.admin])
@pytest.mark.parametrize("call", PLACED)
async def test_what_is_anothers_is_as_unknown_as_what_is_nobodys(house: House, call: str, name: str) -> None:
    method, path, _ = PLACED[call]
    holder = HOLDERS[name]
    own = holder.pool or "example.com"
    others = "example.com" if own == "example.net" else "example.net"
    message_id = await message_of(house, others)
    before = await told_of(house, others, message_id)
    reply = await asked(house, call, holder, message_id, others, own)
    nobodys = await asked(house, call, holder, NOBODY, NOWHERE, own)
    assert seen(reply) == seen(nobodys)
    assert reply.status == (401 if holder.pool is None else 404 if opens(call, holder) else 403)
    holds(method, path, reply)
    if "{id}" in path:
        for odd in ODD_IDS:
            assert seen(await asked(house, call, holder, odd, NOWHERE, own)) == seen(nobodys), odd
    if "{domain}" in path:
        for odd in ODD_DOMAINS:
            malformed = await asked(house, call, holder, NOBODY, odd, own)
            assert (malformed.status, malformed.json["type"].rpartition(":")[2]) == (404, "unknown-path"), odd
    assert await told_of(house, others, message_id) == before


@pytest.mark.parametrize("name", HOLDERS)
@pytest.mark.parametrize("call", PLACED)
async def test_what_is_ones_own_is_found_by_those_it_is_open_to(house: House, call: str, name: str) -> None:
    method, path, _ = PLACED[call]
    holder = HOLDERS[name]
    for own in ("example.com", "example.net") if holder.admin else (holder.pool or "example.com",):
        reply = await asked(house, call, holder, await message_of(house, own), own, own)
        holds(method, path, reply)
        if opens(call, holder):
            assert reply.status in (200, 202), reply
        else:
            assert reply.status == (401 if holder.pool is None else 403)
    if holder.admin:
        unknown = await asked(house, call, holder, NOBODY, NOWHERE, "example.com")
        assert unknown.status == 404
    await tidied(house)


@pytest.mark.parametrize("name", [name for name, holder in HOLDERS.items() if not holder.admin])
@pytest.mark.parametrize(("method", "path"), FOR_ADMINS)
async def test_what_is_for_administrators_tells_nobody_else_anything(
    house: House, method: str, path: str, name: str
) -> None:
    holder = HOLDERS[name]
    reply = await house.ask(path, {}, holder.key, method)
    assert reply.status == (401 if holder.pool is None else 403)
    holds(method, path, reply)
    again = await house.ask(path, {"unfinished": "send", "pool": "example.net"}, holder.key, method)
    assert seen(again) == seen(reply)


async def tidied(house: House) -> None:
    """As nobody had switched or suppressed anything."""

    def forget(db: Any, items: list[Any]) -> list[Any]:
        db.execute("DELETE FROM switches")
        return items

    store = house.gateway._store
    assert isinstance(store, SqliteStore)
    await store._write(forget, [None])
    for domain in ("example.com", "example.net"):
        for one in (await house.get(f"/{domain}/suppressions", ADMIN_KEY)).json["suppressions"]:
            await house.delete(f"/{domain}/suppressions?address={one['address']}", ADMIN_KEY)


@pytest.mark.parametrize(("key", "own", "others"), [(KEY, "com", "net"), (OTHER_KEY, "net", "com")])
async def test_no_list_and_no_count_holds_anything_of_another_pool(
    house: House, key: str, own: str, others: str
) -> None:
    message_id = await message_of(house, f"example.{others}")
    filters = ("status=scheduled", "to=bob@example.org", "since=2020-01-01T00:00:00Z", f"cursor={message_id}")
    for target in ("/", *(f"/email?limit=100&{one}" for one in filters)):
        reply = await house.get(target, key)
        assert reply.status in (200, 400), reply
        assert message_id.encode() not in reply.body
        for name in ("pool", "domain"):
            assert f'"{name}":"example.{others}"'.encode() not in reply.body
    assert [pool["domain"] for pool in (await house.get("/", key)).json["pools"]] == [f"example.{own}"]
    assert json.loads((await house.get("/readyz", None)).body)["circuits"].keys() == {"open", "of"}


async def test_another_pools_cursor_tells_nothing_that_a_made_up_one_does_not(house: House) -> None:
    for _ in range(2):
        await message_of(house, "example.net")
    theirs = (await house.get("/email?limit=1", OTHER_KEY)).json["next_cursor"]
    assert theirs is not None
    made_up = ("A" if theirs[0] != "A" else "B") + theirs[1:]
    first, second = [await house.get(f"/email?limit=1&cursor={cursor}") for cursor in (theirs, made_up)]
    assert first.status == 400
    assert seen(first) == seen(second)


async def test_an_idempotency_key_is_a_pools_own(house: House) -> None:
    mine = await house.accepted(letter(send_at=LATER), KEY, idempotency_key="isolated")
    message = letter(**{"from": "ann@example.net"}, send_at=LATER)
    theirs = await house.post(message, OTHER_KEY, idempotency_key="isolated")
    assert (theirs.status, theirs.field("idempotency-replayed")) == (202, None)
    assert theirs.json["id"] != mine


async def test_what_a_key_for_staging_sends_is_its_pools_and_reaches_nobody(house: House) -> None:
    record = await house.sent(letter(), SANDBOX_KEY)
    assert (await house.get(f"/email/{record['id']}", KEY)).json["id"] == record["id"]
    assert (await house.get(f"/email/{record['id']}", OTHER_KEY)).status == 404
