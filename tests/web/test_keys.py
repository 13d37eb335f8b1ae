"""What a key opens: its own pool, every pool, a sandbox; and what it opens not."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.house import ADMIN_KEY, EXPIRED_KEY, KEY, OTHER_KEY, House, document, letter, one_pool, running
from tests.web.http import Reply
from tests.web.test_app import is_a_problem

NOBODY = "01a20ae0-e2cc-7ac8-b610-e32461741d70"
OWN = {"date", "x-request-id"}


def but_for_its_names(reply: Reply, message_id: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """An answer without what differs from one to the next: the date, the request's name, the id that was asked for."""
    fields = tuple(pair for pair in reply.fields if pair[0] not in OWN)
    return reply.status, fields, reply.body.replace(message_id.encode(), b"ID")


# No key, and a wrong one.

WRONG = {
    "wrong": "Bearer wrong",
    "empty": "Bearer ",
    "nothing": "",
    "expired": f"Bearer {EXPIRED_KEY}",
    "part of a key": f"Bearer {KEY[:-1]}",
    "in capitals": f"Bearer {KEY.upper()}",
    "not ascii": "Bearer \xe9\xff",
    "another scheme": f"Basic {KEY}",
    "long": f"Bearer {'x' * 50_000}",
    "two": f"Bearer {KEY}, Bearer {KEY}",
    "of another realm": f'Bearer "{KEY}"',
}


@pytest.mark.parametrize("authorization", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(("method", "target"), [("POST", "/email"), ("GET", "/email"), ("DELETE", f"/email/{NOBODY}")])
async def test_without_a_good_key_every_answer_is_the_same_401(
    house: House, authorization: str, method: str, target: str
) -> None:
    missing = await house.call(method, target, None, body=b"", content_type="application/json")
    wrong = await house.call(method, target, None, b"", authorization=authorization, content_type="application/json")
    assert is_a_problem(wrong, 401)
    assert wrong.field("www-authenticate") == 'Bearer realm="posthouse"'
    assert but_for_its_names(wrong, NOBODY) == but_for_its_names(missing, NOBODY)


@pytest.mark.parametrize("length", [60_000, 1_000_000])
async def test_a_key_of_any_length_is_refused(house: House, length: int) -> None:
    for reply in (
        await house.call("GET", "/email", None, x_api_key="x" * length),
        await house.call("GET", "/email", "x" * length),
    ):
        assert reply.status == (401 if length < 64 * 1024 else 431)


async def test_a_key_in_the_address_is_none(house: House) -> None:
    assert is_a_problem(await house.get(f"/email?key={KEY}", None), 401)
    assert is_a_problem(await house.get(f"/email?x-api-key={KEY}&access_token={KEY}", None), 401)


async def test_who_has_no_key_learns_nothing_of_what_is_wrong_with_the_message(house: House) -> None:
    for body in (b"{", b"x" * 100, b""):
        assert is_a_problem(await house.call("POST", "/email", None, body, content_type="text/plain"), 401)
    announced = await house.raw({"Content-Length": "99999999"})
    assert is_a_problem(announced, 401)


async def test_a_key_may_come_as_x_api_key(house: House) -> None:
    assert (await house.call("GET", "/email", None, x_api_key=KEY)).status == 200


# Two pools do not see each other.


async def of_the_other_pool(house: House) -> str:
    """A message of the other pool."""
    return await house.accepted(letter(**{"from": "ann@example.net"}, send_at="2036-01-01T00:00:00Z"), OTHER_KEY)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_a_message_of_another_pool_is_as_unknown_as_one_that_never_was(house: House, method: str) -> None:
    theirs = await of_the_other_pool(house)
    answers = [
        but_for_its_names(await house.call(method, f"/email/{message_id}"), message_id)
        for message_id in (theirs, NOBODY, "malformed")
    ]
    assert answers[0][0] == 404
    assert answers[0] == answers[1] == answers[2]
    assert (await house.get(f"/email/{theirs}", OTHER_KEY)).json["status"] == "scheduled"


async def test_a_list_shows_the_own_pool_alone_whatever_is_asked(house: House) -> None:
    theirs = await of_the_other_pool(house)
    ours = await house.accepted(letter())
    assert (await house.get(f"/email?cursor={theirs}")).status == 400
    for query in ("", "status=scheduled", "to=bob@example.org"):
        listed = (await house.get(f"/email?limit=100&{query}")).json["messages"]
        assert {message["pool"] for message in listed} <= {"example.com"}
    assert ours not in str((await house.get("/email?limit=100", OTHER_KEY)).json)


async def test_a_key_cannot_send_from_the_domain_of_another_pool(house: House) -> None:
    reply = await house.post(letter(**{"from": "ann@example.net"}))
    assert is_a_problem(reply, 403)
    assert reply.codes == [("from-domain-not-allowed", "from")]


# Administrators.


async def test_an_admin_sees_and_takes_back_everything(house: House) -> None:
    ours, theirs = await house.accepted(letter()), await of_the_other_pool(house)
    listed = {message["id"] for message in (await house.get("/email?limit=100", ADMIN_KEY)).json["messages"]}
    assert {ours, theirs} <= listed
    assert (await house.get(f"/email/{ours}", ADMIN_KEY)).status == 200
    assert (await house.delete(f"/email/{theirs}", ADMIN_KEY)).json["status"] == "cancelled"


@pytest.mark.parametrize("sender", ["ann@example.net", "Ann <ANN@EXAMPLE.NET>", {"email": "ann@example.net"}])
async def test_an_admin_sends_through_the_pool_of_the_senders_domain(house: House, sender: object) -> None:
    assert (await house.sent(letter(**{"from": sender}), ADMIN_KEY))["pool"] == "example.net"


@pytest.mark.parametrize("sender", ["ann@example.org", "ann", None, 7, {"name": "Ann"}, ["ann@example.net"], ""])
async def test_without_a_pool_of_that_domain_an_admin_is_refused_too(house: House, sender: object) -> None:
    reply = await house.post(letter(**{"from": sender}), ADMIN_KEY)
    assert is_a_problem(reply, 403)
    assert reply.codes == [("from-domain-not-allowed", "from")]


async def test_an_admin_of_one_pool_need_not_name_it(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path, sender="any"), tmp_path) as house:
        assert (await house.sent(letter(**{"from": "ann@example.org"}), ADMIN_KEY))["pool"] == "example.com"


# A pool that is open.


async def test_in_an_open_pool_anybody_may_send_and_nobody_may_look(tmp_path: Path) -> None:
    given = document(tmp_path)
    given["pools"]["example.com"]["open"] = True
    async with running(given, tmp_path) as house:
        sent = await house.accepted(letter(), None)
        assert is_a_problem(await house.get(f"/email/{sent}", None), 401)
        assert is_a_problem(await house.get("/email", None), 401)
        assert is_a_problem(await house.delete(f"/email/{sent}", None), 401)
        assert is_a_problem(await house.post(letter(), "wrong"), 401)
        other = await house.post(letter(**{"from": "ann@example.net"}), None)
        assert is_a_problem(other, 403)
        assert (await house.get(f"/email/{sent}")).status == 200


# Keys of other kinds.


def with_key(folder: Path, **key: Any) -> dict[str, Any]:
    return one_pool(folder, keys={"web": KEY, "special": {"key": "special", **key}})


async def test_a_sandbox_key_sends_nothing_to_anybody_and_its_record_looks_like_any_other(tmp_path: Path) -> None:
    provider = {"spare": {"type": "smtp", "host": "smtp.example.net", "tags": ["eu"]}}
    given = with_key(tmp_path, mode="sandbox")
    given["pools"]["example.com"]["providers"] = provider
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        async with running(given, tmp_path) as house:
            record = await house.sent(letter(provider="spare", require_tags=["eu"]), "special")
            assert (record["status"], record["provider"]) == ("sent", "(sandbox)")
            assert house.mail(record["id"]) is not None
            refused = await house.post(letter(provider="(sandbox)"))
            assert is_a_problem(refused, 422)


async def test_a_key_that_redirects_writes_to_one_address_alone(tmp_path: Path) -> None:
    async with running(with_key(tmp_path, redirect="Me <me@example.com>"), tmp_path) as house:
        record = await house.sent(letter(cc="cc@example.org", bcc="bcc@example.org"), "special")
        assert record["to"] == ["Me <me@example.com>"]
        mail = house.mail(record["id"]) or b""
        assert b"example.org" not in mail
        assert b"X-Envelope-To: me@example.com" in mail


async def test_a_key_for_some_recipients_names_each_of_the_others(tmp_path: Path) -> None:
    async with running(with_key(tmp_path, allow=["*@example.com", "bob@example.org"]), tmp_path) as house:
        assert (await house.post(letter(to=["x@example.com", "BOB@example.org"]), "special")).status == 202
        reply = await house.post(letter(to=["bob@example.org", "eve@example.org"], bcc="x@a.example.com"), "special")
        assert is_a_problem(reply, 403)
        assert reply.codes == [("recipient-not-allowed", "to[1]"), ("recipient-not-allowed", "bcc[0]")]
        assert (await house.post(letter(to="eve@example.org"))).status == 202


async def test_the_one_key_of_development_mode_opens_everything(tmp_path: Path) -> None:
    given = one_pool(tmp_path, keys={"dev": "dev"}, sender="any")
    async with running({**given, "admins": {"dev": "dev"}}, tmp_path) as house:
        record = await house.sent(letter(**{"from": "you@example.org"}), "dev")
        assert (await house.get("/email", "dev")).json["messages"][0]["id"] == record["id"]
