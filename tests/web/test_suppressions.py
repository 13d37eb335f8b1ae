"""Whom a pool does not send to."""

from pathlib import Path
from typing import Any

import pytest

from posthouse.store.values import Suppression
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, document, running
from tests.web.test_app import is_a_problem

HERE = "/example.com/suppressions"


async def listed(house: House, query: str = "", key: str = KEY) -> list[str]:
    reply = await house.get(f"{HERE}{query}", key)
    assert reply.status == 200, reply
    return [one["address"] for one in reply.json["suppressions"]]


@pytest.fixture
async def alone(tmp_path: Path) -> Any:
    async with running(document(tmp_path), tmp_path) as opened:
        yield opened


async def test_an_address_is_listed_with_who_put_it_there_and_why(alone: House) -> None:
    reply = await alone.ask(HERE, {"address": "Bob@Example.org", "reason": "asked by letter"})
    assert (reply.status, reply.json) == (200, {"suppressions": [{"address": "bob@example.org", "added": True}]})
    (one,) = (await alone.get(HERE)).json["suppressions"]
    assert one == {
        "address": "bob@example.org",
        "reason": "asked by letter",
        "source": "operator",
        "at": one["at"],
        "by": "web",
    }
    again = await alone.ask(HERE, {"address": "bob@example.org", "reason": "other"})
    assert again.json["suppressions"] == [{"address": "bob@example.org", "added": False}]
    assert (await alone.get(f"{HERE}?address=BOB@example.org")).json["suppressions"] == [one]
    assert await listed(alone, "?address=eve@example.org") == []


async def test_many_at_once_and_page_by_page(alone: House) -> None:
    addresses = [f"{letter}@example.org" for letter in "edcba"]
    reply = await alone.ask(HERE, {"addresses": addresses}, ADMIN_KEY)
    assert [one["address"] for one in reply.json["suppressions"]] == addresses
    first = (await alone.get(f"{HERE}/?limit=2")).json
    assert [one["address"] for one in first["suppressions"]] == ["a@example.org", "b@example.org"]
    second = (await alone.get(f"{HERE}?limit=2&cursor={first['next_cursor']}")).json
    assert [one["address"] for one in second["suppressions"]] == ["c@example.org", "d@example.org"]
    third = (await alone.get(f"{HERE}?limit=2&cursor={second['next_cursor']}")).json
    assert [one["address"] for one in third["suppressions"]] == ["e@example.org"]
    assert third["next_cursor"] is None
    assert (await alone.get(f"{HERE}?cursor=d@example.org")).status == 400
    assert (await alone.get(f"{HERE}?cursor={first['next_cursor']}", ADMIN_KEY)).status == 400


async def test_an_address_is_taken_off_by_query_or_body(alone: House) -> None:
    await alone.ask(HERE, {"addresses": ["a@example.org", "b@example.org", "c@example.org"]})
    gone = await alone.delete(f"{HERE}?address=A@example.org")
    assert gone.json == {"suppressions": [{"address": "a@example.org", "removed": True}]}
    gone = await alone.ask(HERE, {"addresses": ["b@example.org", "x@example.org"]}, method="DELETE")
    assert [one["removed"] for one in gone.json["suppressions"]] == [True, False]
    assert await listed(alone) == ["c@example.org"]


async def test_a_form_may_say_it_too(alone: House) -> None:
    reply = await alone.form([("address", "bob@example.org"), ("reason", "by hand")], target=HERE)
    assert reply.json["suppressions"][0]["added"]


async def test_what_a_provider_told_is_listed_like_the_rest(alone: House) -> None:
    told = Suppression("example.com", "eve@example.org", "bounced", "provider", 1_800_000_000.0, "mailgun")
    await alone.gateway._store.suppress([told])
    (one,) = (await alone.get(HERE)).json["suppressions"]
    assert (one["source"], one["by"], one["at"]) == ("provider", "mailgun", "2027-01-15T08:00:00.000Z")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "address"),
        ({"address": "nobody"}, "address"),
        ({"address": 7}, "address"),
        ({"address": "a@example.org\r\nb@example.org"}, "address"),
        ({"addresses": ["a@example.org", "x"]}, "addresses[1]"),
        ({"addresses": ["a@example.org"] * 1001}, "addresses"),
        ({"address": "a@example.org", "pool": "example.net"}, "pool"),
        ({"address": "a@example.org", "source": "provider"}, "source"),
        ({"address": "a@example.org", "reason": "a\nb"}, "reason"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_changed(house: House, said: dict[str, Any], field: str) -> None:
    before = await listed(house)
    reply = await house.ask(HERE, said)
    assert is_a_problem(reply, 422)
    assert field in [name for _, name in reply.codes]
    assert await listed(house) == before


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "pool=example.net", "limit=1&limit=2", "a" * 5000]
)
async def test_a_list_that_cannot_be_made_is_400(house: House, query: str) -> None:
    assert is_a_problem(await house.get(f"{HERE}?{query}"), 400)


async def test_everything_that_is_wrong_with_the_parameters_is_told_at_once(house: House) -> None:
    reply = await house.get(f"{HERE}?limit=0&cursor=x&order=up")
    told = {found["field"]: found["code"] for found in reply.json["problems"]}
    assert told == {"order": "parameter-unknown", "limit": "parameter-invalid", "cursor": "parameter-invalid"}
    reply = await house.delete(f"{HERE}?adress=ann@example.org")
    assert [found["field"] for found in reply.json["problems"]] == ["adress"]


async def test_another_pools_list_is_as_unknown_as_any_other(alone: House) -> None:
    await alone.ask("/example.net/suppressions", {"address": "bob@example.org"}, OTHER_KEY)
    for method in ("GET", "POST", "DELETE"):
        said = None if method == "GET" else {"address": "bob@example.org"}
        answers = [
            (await alone.ask(f"/{domain}/suppressions", said, KEY, method)) for domain in ("example.net", "example.org")
        ]
        assert is_a_problem(answers[0], 404)
        assert answers[0].body == answers[1].body
    assert await listed(alone) == []
    reply = await alone.get("/example.net/suppressions", ADMIN_KEY)
    assert [one["address"] for one in reply.json["suppressions"]] == ["bob@example.org"]
