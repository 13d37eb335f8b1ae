"""The same content once more."""

from pathlib import Path
from typing import Any

import pytest

from posthouse.store.values import Told
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, letter, one_pool, running
from tests.web.test_app import is_a_problem
from tests.web.test_messages import arrived

LATER = "2036-01-01T00:00:00Z"


async def again(house: House, message_id: str, key: str = KEY, *, force: Any = None, **fields: str) -> Any:
    said = None if force is None else {"force": force}
    return await house.ask(f"/email/{message_id}/resend", said, key, **fields)


async def delivered(house: House, **changes: Any) -> str:
    """A message of which the provider told later that it was delivered."""
    record = await house.sent(letter(**changes))
    told = Told("example.com", "sandbox", "delivered", 1_800_000_000.0, message_id=record["id"])
    assert await house.gateway._store.told([told]) == ["delivered"]
    found: str = record["id"]
    return found


async def test_what_was_sent_is_sent_again_as_a_message_of_its_own_that_names_the_first(house: House) -> None:
    files = [{"filename": "a.txt", "content": "AAAA"}]
    labels = {"tags": ["a"], "metadata": {"order": "17"}, "class": "otp"}
    first = await house.sent(letter(attachments=files, **labels))
    reply = await again(house, first["id"])
    assert reply.status == 202
    assert reply.json == {"id": reply.json["id"], "status": "queued", "resent_from": first["id"]}
    assert reply.field("location") == f"/email/{reply.json['id']}"
    second = await house.until(reply.json["id"], lambda record: record["status"] == "sent")
    assert second["resent_from"] == first["id"]
    assert "resent_from" not in first
    same = ("pool", "class", "lane", "from", "to", "subject", "tags", "metadata")
    assert {name: second[name] for name in same} == {name: first[name] for name in same}
    assert arrived(house, second["id"])["attachments"] == arrived(house, first["id"])["attachments"]


async def test_what_was_delivered_is_sent_again_only_where_that_is_meant(house: House) -> None:
    message_id = await delivered(house)
    for force in (None, False):
        reply = await again(house, message_id, force=force)
        assert is_a_problem(reply, 409)
        assert (reply.json["id"], reply.json["message_status"]) == (message_id, "delivered")
        assert reply.json["type"].endswith(":delivered")
    assert (await again(house, message_id, force=True)).status == 202


async def test_what_may_have_been_sent_is_sent_again_only_where_that_is_meant(house: House) -> None:
    held = await house.sent(letter(to="x+unsure@example.org", on_unsure="hold"))
    assert held["status"] == "held"
    reply = await again(house, held["id"])
    assert is_a_problem(reply, 409)
    assert reply.json["type"].endswith(":held")
    assert (await again(house, held["id"], force=True)).status == 202


async def test_what_is_still_to_be_sent_is_not_sent_twice(house: House) -> None:
    scheduled = await house.accepted(letter(send_at=LATER))
    assert is_a_problem(await again(house, scheduled), 409)
    forced = await again(house, scheduled, force=True)
    assert forced.json["status"] == "queued"  # what was asked of its time was asked of the first


@pytest.mark.parametrize("sent", [{"to": "x+refuse@example.org"}, {"send_at": LATER}], ids=["failed", "cancelled"])
async def test_what_was_never_sent_needs_no_force(house: House, sent: dict[str, Any]) -> None:
    message_id = await house.accepted(letter(**sent))
    if "send_at" in sent:
        await house.delete(f"/email/{message_id}")
    await house.until(message_id, lambda record: record["status"] in ("failed", "cancelled"))
    assert (await again(house, message_id)).status == 202


async def test_where_the_content_is_gone_there_is_nothing_to_send(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house:
        sent = (await house.sent(letter()))["id"]
        await house.gateway._store.retire(4e9, 0.0, 100)
        reply = await again(house, sent, force=True)
        assert is_a_problem(reply, 409)
        assert reply.json["type"].endswith(":content-gone")


async def test_the_same_resend_again_is_one_message(house: House) -> None:
    sent = (await house.sent(letter()))["id"]
    first = await again(house, sent, idempotency_key="resend")
    second = await again(house, sent, idempotency_key="resend")
    assert (second.status, second.field("idempotency-replayed"), second.body) == (202, "true", first.body)
    other = (await house.sent(letter()))["id"]
    assert is_a_problem(await again(house, other, idempotency_key="resend"), 422)
    assert is_a_problem(await house.post(letter(), idempotency_key="resend"), 422)


async def test_a_form_may_say_it_too_and_nothing_else_may_be_said(house: House) -> None:
    message_id = await delivered(house)
    assert (await house.form([("force", "true")], target=f"/email/{message_id}/resend")).status == 202
    for said in ({"force": "perhaps"}, {"force": 1}, {"to": "eve@example.org"}):
        reply = await house.ask(f"/email/{message_id}/resend", said)
        assert is_a_problem(reply, 422)
        assert reply.codes[0][1] in said


async def test_a_key_sends_again_what_it_might_send_now(tmp_path: Path) -> None:
    keys = {
        "web": KEY,
        "picky": {"key": "picky", "allow": ["*@example.com"]},
        "staging": {"key": "staging", "redirect": "me@example.com"},
        "tester": {"key": "tester", "mode": "sandbox"},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        async with running(one_pool(tmp_path, keys=keys), tmp_path) as house:
            sent = (await house.sent(letter(provider="sandbox")))["id"]
            refused = await again(house, sent, "picky")
            assert is_a_problem(refused, 403)
            assert refused.codes == [("recipient-not-allowed", "to[0]")]
            redirected = await again(house, sent, "staging")
            assert (await house.get(f"/email/{redirected.json['id']}")).json["to"] == ["me@example.com"]
            tested = await again(house, sent, "tester")
            record = await house.until(tested.json["id"], lambda record: record["status"] == "sent")
            assert record["provider"] == "(sandbox)"
            real = await again(house, tested.json["id"])
            record = await house.until(real.json["id"], lambda record: record["status"] == "sent")
            assert record["provider"] == "sandbox"


async def test_another_pools_message_is_as_unknown_as_one_that_never_was(house: House) -> None:
    theirs = (await house.sent(letter(**{"from": "ann@example.net"}), OTHER_KEY))["id"]
    assert is_a_problem(await again(house, theirs, force=True), 404)
    assert (await again(house, theirs, ADMIN_KEY)).status == 202
