"""Where a message goes, and why."""

from pathlib import Path
from typing import Any

from tests.web.house import ADMIN_KEY, OTHER_KEY, House, letter, one_pool, running
from tests.web.test_app import is_a_problem

LATER = "2036-01-01T00:00:00Z"


def two_providers(folder: Path, **pool: Any) -> dict[str, Any]:
    sandbox = {"type": "sandbox", "maildir": str(folder / "sent")}
    return one_pool(
        folder,
        providers={"first": sandbox, "second": {**sandbox, "tags": ["eu"]}, "off": {**sandbox, "enabled": False}},
        **pool,
    )


async def foreseen(house: House, **changes: Any) -> Any:
    reply = await house.ask("/route/explain", letter(**changes))
    assert reply.status == 200, reply
    return reply.json


async def test_it_tells_who_would_carry_a_message_and_what_stands_against_each_other(tmp_path: Path) -> None:
    async with running(two_providers(tmp_path), tmp_path) as house:
        told = await foreseen(house)
        assert (told["decision"], told["provider"], told["if_failed"]) == ("send", "first", "second")
        first, _, off = told["candidates"]
        assert [(c["name"], c["chosen"], c["place"]) for c in told["candidates"]] == [
            ("first", True, 1),
            ("second", False, 2),
            ("off", False, None),
        ]
        assert all(check["ok"] and check["why"] is None for check in first["filters"])
        assert [check["why"] for check in off["filters"] if not check["ok"]] == ["switched off"]
        assert first["circuit"] == "closed"
        assert off["ready_at"].endswith("Z")
        told = await foreseen(house, require_tags=["eu"])
        assert (told["provider"], told["if_failed"]) == ("second", None)
        told = await foreseen(house, require_tags=["us"])
        assert (told["decision"], told["provider"]) == ("fail", None)
        assert "lacks the tag us" in told["reason"]


async def test_nothing_is_stored_or_sent(house: House) -> None:
    await foreseen(house, tags=["foreseen"])
    assert (await house.get("/email?tag=foreseen")).json["messages"] == []


async def test_a_message_that_would_be_refused_is_refused_in_the_same_words(house: House) -> None:
    for changes in ({"to": "nobody"}, {"from": "ann@example.net"}, {"class": "unknown"}):
        asked, posted = await house.ask("/route/explain", letter(**changes)), await house.post(letter(**changes))
        assert (asked.status, asked.body) == (posted.status, posted.body)


async def test_it_tells_what_a_message_that_waits_is_waiting_for(tmp_path: Path) -> None:
    given = one_pool(tmp_path, breaker={"failures": 1, "probe_every_s": 1000})
    async with running(given, tmp_path) as house:
        waits = await house.accepted(letter(to="x+defer@example.org"))
        await house.until(waits, lambda record: len(record["events"]) > 1)
        told = (await house.get(f"/email/{waits}/explain")).json
        assert (told["id"], told["status"], told["decision"]) == (waits, "queued", "wait")
        assert told["reason"].startswith("sandbox: its circuit is open")
        assert told["candidates"][0]["circuit"] == "open"
        assert told["until"] > told["attempts"][0]["started_at"]
        assert told["attempts"][0]["outcome"] == "deferred"


async def test_of_a_message_that_is_over_it_tells_so_and_what_became_of_each_attempt(house: House) -> None:
    sent = await house.sent(letter())
    told = (await house.get(f"/email/{sent['id']}/explain/")).json
    assert (told["decision"], told["provider"], told["reason"]) == ("none", None, "it is over: sent")
    assert told["attempts"] == sent["attempts"]
    assert [candidate["name"] for candidate in told["candidates"]] == ["sandbox"]


async def test_a_message_that_asks_for_one_provider_is_explained_so(tmp_path: Path) -> None:
    async with running(two_providers(tmp_path), tmp_path) as house:
        later = await house.accepted(letter(provider="second", send_at=LATER))
        told = (await house.get(f"/email/{later}/explain")).json
        assert (told["provider"], told["if_failed"]) == ("second", None)
        pinned = next(c for c in told["candidates"] if c["name"] == "first")
        assert {"name": "pinned", "ok": False, "why": "the message asks for second"} in pinned["filters"]


async def test_another_pools_message_is_as_unknown_as_one_that_never_was(house: House) -> None:
    theirs = await house.accepted(letter(**{"from": "ann@example.net"}, send_at=LATER), OTHER_KEY)
    assert is_a_problem(await house.get(f"/email/{theirs}/explain"), 404)
    assert (await house.get(f"/email/{theirs}/explain", ADMIN_KEY)).json["pool"] == "example.net"


async def test_an_admin_asks_for_the_pool_of_the_senders_domain(house: House) -> None:
    asked = letter(**{"from": "ann@example.net"})
    assert (await house.ask("/route/explain", asked, ADMIN_KEY)).json["pool"] == "example.net"
    assert is_a_problem(await house.ask("/route/explain", letter(**{"from": "ann@example.org"}), ADMIN_KEY), 403)
