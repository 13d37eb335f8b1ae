"""Through the pool, or the provider, that the path names."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, document, letter, one_pool, running
from tests.web.test_app import is_a_problem


def two_providers(folder: Path) -> dict[str, Any]:
    sandbox = {"type": "sandbox", "maildir": str(folder / "sent")}
    return one_pool(folder, providers={"first": sandbox, "second": sandbox}, keys={"web": KEY}, sender="any")


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_message_goes_through_the_pool_in_the_path(house: House, slash: str) -> None:
    reply = await house.ask(f"/example.com/send{slash}", letter(), prefer="wait=20")
    assert (reply.status, reply.json["pool"], reply.json["status"]) == (200, "example.com", "sent")
    through = await house.ask("/example.net/send", letter(**{"from": "ann@example.net"}), ADMIN_KEY)
    assert through.status == 202


async def test_the_promises_are_those_of_the_other_path(house: House) -> None:
    first = await house.ask("/example.com/send", letter(), idempotency_key="named")
    again = await house.post(letter(), idempotency_key="named")
    assert (again.status, again.body, again.field("idempotency-replayed")) == (202, first.body, "true")
    assert is_a_problem(await house.ask("/example.com/send", letter(to="nobody")), 422)
    assert is_a_problem(await house.ask("/example.com/send", letter(**{"from": "ann@example.net"})), 403)


async def test_a_message_goes_through_the_provider_in_the_path_and_no_other(tmp_path: Path) -> None:
    async with running(two_providers(tmp_path), tmp_path) as house:
        for provider in ("second", "first"):
            reply = await house.ask(f"/example.com/{provider}/send/", letter(), prefer="wait=20")
            assert (reply.json["status"], reply.json["provider"]) == ("sent", provider)
        same = await house.ask("/example.com/second/send", letter(provider="second"), prefer="wait=20")
        assert same.json["provider"] == "second"
        other = await house.ask("/example.com/second/send", letter(provider="first"))
        assert is_a_problem(other, 422)
        assert other.codes == [("field-conflict", "provider")]
        assert is_a_problem(await house.ask("/example.com/third/send", letter()), 404)


async def test_another_pools_domain_is_as_unknown_as_any_other(house: House) -> None:
    answers = [
        (await house.ask(f"/{domain}{rest}", letter(**{"from": "ann@example.net"}))).body
        for domain in ("example.net", "example.org")
        for rest in ("/send", "/sandbox/send", "/unknown/send")
    ]
    assert len(set(answers)) == 1
    assert json.loads(answers[0])["type"].endswith(":unknown-pool")


async def test_the_key_may_stand_in_the_body_where_no_header_brings_one(house: House) -> None:
    said = letter(pool_api_key=KEY)
    reply = await house.ask("/example.com/send", said, None, prefer="wait=20")
    assert (reply.status, reply.json["status"]) == (200, "sent")
    assert (await house.form(list(said.items()), None, target="/example.com/send/")).status == 202
    assert (await house.ask("/example.com/send", said)).status == 202  # the header's key goes before it
    assert is_a_problem(await house.ask("/example.com/send", said, "wrong"), 401)


@pytest.mark.parametrize(
    "said",
    [
        letter(),
        letter(pool_api_key="wrong"),
        letter(pool_api_key=""),
        letter(pool_api_key=None),
        letter(pool_api_key=[KEY]),
        letter(pool_api_key=KEY[:-1] + "\ud800"),
        letter(key=KEY),
        {"pool_api_key": 7},
    ],
)
async def test_a_wrong_key_in_the_body_is_401_as_it_is_in_a_header(house: House, said: dict[str, Any]) -> None:
    reply = await house.ask("/example.com/send", said, None)
    assert is_a_problem(reply, 401)
    assert reply.body == (await house.ask("/example.org/send", said, None)).body


async def test_a_stranger_is_told_nothing_of_the_body(house: House) -> None:
    for body, kind in ((b"{", "application/json"), (b"x", "text/plain"), (b"", ""), (b"x" * 70_000, "text/plain")):
        reply = await house.call("POST", "/example.com/send", None, body, content_type=kind)
        assert is_a_problem(reply, 401)


async def test_another_pools_key_in_the_body_opens_nothing_here(house: House) -> None:
    reply = await house.ask("/example.com/send", letter(pool_api_key=OTHER_KEY), None)
    assert is_a_problem(reply, 404)
    assert reply.body == (await house.ask("/example.org/send", letter(pool_api_key=OTHER_KEY), None)).body


async def test_the_key_does_not_stand_in_the_body_of_other_calls(house: House) -> None:
    assert is_a_problem(await house.post(letter(pool_api_key=KEY), None), 401)
    assert (await house.post(letter(pool_api_key=KEY))).codes == [("field-unknown", "pool_api_key")]


async def test_through_an_open_pool_anybody_may_send_and_through_no_other(tmp_path: Path) -> None:
    given = document(tmp_path)
    given["pools"]["example.com"]["open"] = True
    async with running(given, tmp_path) as house:
        assert (await house.ask("/example.com/send", letter(), None)).status == 202
        assert (await house.ask("/example.com/sandbox/send", letter(), None)).status == 202
        theirs = await house.ask("/example.net/send", letter(**{"from": "ann@example.net"}), None)
        assert is_a_problem(theirs, 401)
        assert theirs.body == (await house.ask("/example.org/send", letter(), None)).body


async def test_where_a_pool_is_open_a_stranger_is_told_what_is_wrong_with_the_body(tmp_path: Path) -> None:
    given = document(tmp_path)
    given["pools"]["example.com"]["open"] = True
    async with running({**given, "http": {"max_body_mb": 0.01}}, tmp_path) as house:
        for body, status in ((b"{", 400), (b" " * 20_000, 413)):
            reply = await house.call("POST", "/example.com/send", None, body, content_type="application/json")
            assert is_a_problem(reply, status)
        assert is_a_problem(await house.post(b" " * 20_000), 413)
