"""The pools and their providers, as a key may see them."""

from pathlib import Path
from typing import Any

from posthouse.routing.switch import Failing, Switch
from posthouse.store.values import Switching
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, document, letter, one_pool, running
from tests.web.test_app import is_a_problem

SECRET = "SG.a-secret-of-the-provider"


async def listed(house: House, key: str) -> list[dict[str, Any]]:
    reply = await house.get("/", key)
    assert reply.status == 200
    found: list[dict[str, Any]] = reply.json["pools"]
    return found


async def test_a_key_sees_its_own_pool_and_an_admin_all(house: House) -> None:
    assert [pool["domain"] for pool in await listed(house, KEY)] == ["example.com"]
    assert [pool["domain"] for pool in await listed(house, OTHER_KEY)] == ["example.net"]
    assert [pool["domain"] for pool in await listed(house, ADMIN_KEY)] == ["example.com", "example.net"]
    assert is_a_problem(await house.get("/", None), 401)


async def test_a_pool_tells_its_rules_and_how_each_provider_stands(tmp_path: Path) -> None:
    providers = {
        "main": {"type": "sandbox", "maildir": str(tmp_path / "sent"), "weight": 0.7, "daily": 10, "monthly": 100},
        "spare": {"type": "sandbox", "weight": 0.3, "enabled": False, "score": 40},
    }
    given = one_pool(tmp_path, strategy="weighted", providers=providers, classes={"otp": {}, "bulk": {}})
    async with running(given, tmp_path) as house:
        await house.sent(letter())
        pool = (await house.get("/example.com")).json
        assert pool["domain"] == "example.com"
        assert (pool["strategy"], pool["sender"], pool["classes"]) == ("weighted", "pool_domain", ["bulk", "otp"])
        assert (pool["url"], pool["url_send_email"]) == ("/example.com", "/example.com/send")
        main, spare = pool["providers"]
        switch = {"held": "no", "reason": None, "by": None, "at": None, "fail": False}
        assert spare == {
            "name": "spare",
            "type": "sandbox",
            "enabled": False,
            "order": 2,
            "weight": 0.3,
            "score": 40.0,
            "breaker": "closed",
            "distrusted": False,
            "in_flight": 0,
            "left_today": None,
            "left_this_month": None,
            "switch": switch,
        }
        assert (main["name"], main["breaker"], main["switch"]) == ("main", "closed", switch)
        assert pool == (await listed(house, KEY))[0]


async def test_an_open_circuit_is_shown(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path, breaker={"failures": 1, "probe_every_s": 1000}), tmp_path) as house:
        waits = await house.accepted(letter(to="x+defer@example.org"))
        await house.until(waits, lambda record: len(record["events"]) > 1)
        assert (await house.get("/example.com")).json["providers"][0]["breaker"] == "open"


async def test_a_switch_is_shown_as_it_is_on_disk(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house:
        failing = Failing("timeout", 0.5, 4_000_000_000.0)
        switch = Switch("drain", "maintenance", "ops", 1_800_000_000.0, failing)
        await house.gateway._store.switch([Switching("example.com", "sandbox", switch)])
        assert (await house.get("/example.com")).json["providers"][0]["switch"] == {
            "held": "drain",
            "reason": "maintenance",
            "by": "ops",
            "at": "2027-01-15T08:00:00.000Z",
            "fail": True,
            "mode": "timeout",
            "rate": 0.5,
            "until": "2096-10-02T07:06:40.000Z",
        }


async def test_a_providers_keys_are_shown_to_nobody_unless_the_operator_wants_admins_to_see_them(
    tmp_path: Path,
) -> None:
    given = one_pool(tmp_path, providers={"sendgrid": {"api_key": SECRET}})
    async with running(given, tmp_path) as house:
        for key in (KEY, ADMIN_KEY):
            for target in ("/", "/example.com"):
                assert SECRET not in (await house.get(target, key)).body.decode()
    async with running({**given, "reveal_keys": True}, tmp_path) as house:
        for target in ("/", "/example.com"):
            assert SECRET not in (await house.get(target, KEY)).body.decode()
        (provider,) = (await house.get("/example.com", ADMIN_KEY)).json["providers"]
        assert provider["secrets"] == {"api_key": SECRET}


async def test_the_sandbox_of_a_sandbox_key_is_nobodys_business(tmp_path: Path) -> None:
    given = document(tmp_path)
    given["pools"]["example.com"]["keys"]["tester"] = {"key": "tester", "mode": "sandbox"}
    async with running(given, tmp_path) as house:
        assert [provider["name"] for provider in (await house.get("/example.com")).json["providers"]] == ["sandbox"]


async def test_another_pools_domain_is_as_unknown_as_any_other(house: House) -> None:
    theirs, nobodys = await house.get("/example.net"), await house.get("/example.org")
    assert is_a_problem(theirs, 404)
    assert theirs.body == nobodys.body
    assert (await house.get("/EXAMPLE.com/")).json["domain"] == "example.com"
