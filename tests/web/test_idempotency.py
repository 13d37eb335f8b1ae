"""One message for one Idempotency-Key, however often it comes."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path

import pytest

from posthouse.intake.accept import REMEMBERED_S
from tests.web.house import KEY, OTHER_KEY, House, Later, document, letter, running
from tests.web.http import line, request
from tests.web.test_app import HEADERS, is_a_problem


async def count(house: House, tag: str) -> int:
    return len((await house.get(f"/email?tag={tag}&limit=100")).json["messages"])


async def test_the_same_again_gets_the_first_answer_and_stores_nothing(house: House) -> None:
    message = letter(tags=["again"])
    first = await house.post(message, idempotency_key="again")
    second = await house.post(message, idempotency_key="again")
    assert (first.status, first.field("idempotency-replayed")) == (202, None)
    assert (second.status, second.field("idempotency-replayed")) == (202, "true")
    assert second.body == first.body
    assert second.field("location") == first.field("location")
    assert await count(house, "again") == 1


async def test_a_replay_that_waits_gets_the_final_state(house: House) -> None:
    await house.sent(letter(), idempotency_key="waits")
    reply = await house.post(letter(), idempotency_key="waits", prefer="wait=20")
    assert (reply.status, reply.json["status"], reply.field("idempotency-replayed")) == (200, "sent", "true")


async def test_without_a_key_the_same_twice_is_two_messages(house: House) -> None:
    for _ in range(2):
        await house.accepted(letter(tags=["twice"]))
    assert await count(house, "twice") == 2


FILE = [{"filename": "a", "content": b64encode(b"one").decode()}]
OTHERS = {
    "another subject": {"subject": "Hello."},
    "another recipient": {"to": "eve@example.org"},
    "another bcc": {"bcc": "eve@example.org"},
    "another byte in a file": {"attachments": [{"filename": "a", "content": b64encode(b"onf").decode()}]},
    "another tag": {"tags": ["other"]},
    "another time": {"send_at": "2036-01-01T00:00:00Z"},
    "another wish": {"on_unsure": "hold"},
}


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
async def test_another_message_under_the_same_key_is_422(house: House, changes: dict[str, object]) -> None:
    key = f"mismatch-{'-'.join(changes)}"
    first = await house.accepted(letter(attachments=FILE), idempotency_key=key)
    reply = await house.post(letter(**{"attachments": FILE, **changes}), idempotency_key=key)
    assert is_a_problem(reply, 422)
    assert reply.json["type"] == "urn:posthouse:problem:idempotency-mismatch"
    assert first not in reply.body.decode()


async def test_json_and_form_and_multipart_of_the_same_message_are_the_same(house: House) -> None:
    message = letter(to=["bob@example.org", "Eve <eve@example.net>"], subject="Grüße", tags=["a"])
    pairs = [
        (name, value)
        for name, values in message.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    parts = "".join(f'--l\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in pairs) + "--l--\r\n"
    first = await house.post(message, idempotency_key="kinds")
    others = [
        await house.form(pairs, idempotency_key="kinds"),
        await house.post(parts.encode(), idempotency_key="kinds", content_type="multipart/form-data; boundary=l"),
        await house.post({**message, "from": {"email": "ann@example.com"}, "cc": None}, idempotency_key="kinds"),
        await house.post(json.dumps(message, indent=3).encode(), idempotency_key="kinds"),
    ]
    assert [(other.status, other.body) for other in others] == [(202, first.body)] * len(others)


@pytest.mark.parametrize("key", ["", "a b", "é", "a\tb", "x" * 256, "x" * 60_000])
async def test_a_key_that_is_none_is_400(house: House, key: str) -> None:
    assert is_a_problem(await house.post(letter(), idempotency_key=key), 400)


@pytest.mark.parametrize("key", ["x", "x" * 255, "!~\"'%{}<>", "../..", "%00"])
async def test_any_printable_ascii_is_a_key(house: House, key: str) -> None:
    message = letter(subject=key)
    first = await house.accepted(message, idempotency_key=key)
    assert await house.accepted(message, idempotency_key=key) == first


async def test_fifty_at_once_are_one_message(house: House) -> None:
    message = letter(tags=["fifty"])
    replies = await asyncio.gather(*[house.post(message, idempotency_key="fifty") for _ in range(50)])
    assert {reply.status for reply in replies} == {202}
    assert len({reply.body for reply in replies}) == 1
    assert [reply.field("idempotency-replayed") for reply in replies].count(None) == 1
    assert await count(house, "fifty") == 1


async def test_fifty_different_ones_under_one_key_are_one_message_and_49_refusals(house: House) -> None:
    messages = [letter(tags=["rivals"], subject=str(number)) for number in range(50)]
    replies = await asyncio.gather(*[house.post(message, idempotency_key="rivals") for message in messages])
    assert sorted(reply.status for reply in replies) == [202] + [422] * 49
    assert await count(house, "rivals") == 1


async def test_a_key_belongs_to_its_pool(house: House) -> None:
    ours = await house.accepted(letter(), idempotency_key="shared")
    theirs = await house.post(letter(**{"from": "ann@example.net"}), OTHER_KEY, idempotency_key="shared")
    assert theirs.status == 202
    assert theirs.field("idempotency-replayed") is None
    assert theirs.json["id"] != ours


async def test_what_was_refused_does_not_use_its_key_up(house: House) -> None:
    assert (await house.post(letter(to="nobody"), idempotency_key="refused")).status == 422
    assert (await house.post(letter(), idempotency_key="refused")).field("idempotency-replayed") is None


async def test_an_answer_that_was_lost_is_found_again_by_its_key(house: House) -> None:
    body = json.dumps(letter(tags=["lost"])).encode()
    async with line(house.port) as opened:
        await opened.say(request("POST", "/email", {**HEADERS, "Idempotency-Key": "lost"}, body))
        opened.reset()
    assert (await house.post(body, idempotency_key="lost")).status == 202
    assert await count(house, "lost") == 1


async def test_a_key_is_remembered_for_a_day_over_a_restart_and_then_forgotten(tmp_path: Path) -> None:
    async with running(document(tmp_path), tmp_path) as house:
        first = await house.post(letter(), idempotency_key="restart")
    clock = Later(REMEMBERED_S - 100)
    async with running(document(tmp_path), tmp_path, clock) as house:
        second = await house.post(letter(), idempotency_key="restart")
        assert (second.body, second.field("idempotency-replayed")) == (first.body, "true")
        assert is_a_problem(await house.post(letter(subject="Other"), idempotency_key="restart"), 422)
        clock.ahead_s = REMEMBERED_S + 1
        third = await house.post(letter(subject="Other"), KEY, idempotency_key="restart")
        assert (third.status, third.field("idempotency-replayed")) == (202, None)
