"""Many messages in one call."""

from typing import Any

import pytest

from posthouse.store.contract import StoreDown
from tests.web.house import ADMIN_KEY, OTHER_KEY, House, letter, refusing
from tests.web.http import Reply
from tests.web.test_app import is_a_problem


async def batch(house: House, *messages: object, **fields: Any) -> Reply:
    return await house.ask("/email/batch", {"messages": list(messages)}, **fields)


async def subjects(house: House, tag: str) -> list[str]:
    listed = (await house.get(f"/email?tag={tag}&limit=100")).json["messages"]
    return sorted(message["subject"] for message in listed)


async def test_each_message_gets_its_result_in_order(house: House) -> None:
    later = "2036-01-01T00:00:00Z"
    reply = await batch(
        house,
        letter(subject="one", tags=["order"]),
        letter(subject="two", tags=["order"], to="nobody", text=7),
        "three",
        letter(subject="four", tags=["order"], send_at=later),
    )
    assert reply.status == 200
    one, two, three, four = reply.json["results"]
    assert (one.keys(), one["status"], four["status"]) == ({"id", "status"}, "queued", "scheduled")
    assert [(p["code"], p["field"]) for p in two["problems"]] == [
        ("address-invalid", "messages[1].to"),
        ("field-type", "messages[1].text"),
    ]
    assert [(p["code"], p["field"]) for p in three["problems"]] == [("field-type", "messages[2]")]
    assert (await house.get(f"/email/{one['id']}")).json["subject"] == "one"
    assert await subjects(house, "order") == ["four", "one"]


async def test_a_thousand_are_one_transaction(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    store, sizes = house.gateway._store, list[int]()
    add = store.add

    def counted(entries: Any) -> Any:
        sizes.append(len(entries))
        return add(entries)

    monkeypatch.setattr(store, "add", counted)
    reply = await batch(house, *[letter(subject=str(n), send_at="2036-01-01T00:00:00Z") for n in range(1000)])
    assert len({result["id"] for result in reply.json["results"]}) == 1000
    assert sizes == [1000]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"messages": [letter()] * 1001}, ("messages-too-many", "messages")),
        ({"messages": []}, ("field-type", "messages")),
        ({"messages": letter()}, ("field-type", "messages")),
        ({}, ("field-type", "messages")),
        ({"messages": [letter()], "pool": "example.net"}, ("field-unknown", "pool")),
    ],
    ids=["too many", "empty", "an object", "missing", "another field"],
)
async def test_what_is_no_list_of_messages_is_422_and_nothing_is_stored(
    house: House, said: dict[str, Any], problem: tuple[str, str]
) -> None:
    before = (await house.get("/email?limit=1")).json["messages"]
    reply = await house.ask("/email/batch", said)
    assert is_a_problem(reply, 422)
    assert reply.codes == [problem]
    assert (await house.get("/email?limit=1")).json["messages"] == before


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400), (b"", 400)])
async def test_what_cannot_be_read_is_400(house: House, body: bytes, status: int) -> None:
    reply = await house.call("POST", "/email/batch", body=body, content_type="application/json")
    assert is_a_problem(reply, status)


async def test_the_same_batch_again_gets_the_same_results_and_stores_nothing(house: House) -> None:
    messages = [letter(subject=str(n), tags=["repeat"]) for n in range(3)]
    first = await batch(house, *messages, letter(to="nobody"), idempotency_key="batch")
    second = await batch(house, *messages, letter(to="nobody"), idempotency_key="batch")
    assert (first.field("idempotency-replayed"), second.field("idempotency-replayed")) == (None, "true")
    assert second.json == first.json
    assert await subjects(house, "repeat") == ["0", "1", "2"]


async def test_another_message_in_the_place_of_an_earlier_one_is_a_mismatch_and_the_rest_is_as_it_was(
    house: House,
) -> None:
    first = await batch(house, letter(subject="a"), letter(subject="b"), idempotency_key="places")
    second = await batch(house, letter(subject="a"), letter(subject="c"), idempotency_key="places")
    assert second.json["results"][0] == first.json["results"][0]
    (found,) = second.json["results"][1]["problems"]
    assert (found["code"], found["field"]) == ("idempotency-mismatch", "messages[1]")


async def test_a_key_of_a_batch_is_not_the_key_of_a_message(house: House) -> None:
    await batch(house, letter(subject="a"), idempotency_key="both")
    assert (await house.post(letter(subject="b"), idempotency_key="both")).status == 202


@pytest.mark.parametrize("key", ["a b", "", "x" * 256])
async def test_a_key_that_is_none_is_400(house: House, key: str) -> None:
    assert is_a_problem(await batch(house, letter(), idempotency_key=key), 400)


async def test_each_message_goes_through_the_pool_of_its_key(house: House) -> None:
    theirs = letter(**{"from": "ann@example.net"})
    results = (await batch(house, letter(), theirs)).json["results"]
    assert results[1]["problems"][0]["code"] == "from-domain-not-allowed"
    results = (await batch(house, letter(), theirs, key=OTHER_KEY)).json["results"]
    assert results[0]["problems"][0]["field"] == "messages[0].from"
    results = (await batch(house, letter(), theirs, letter(**{"from": 7}), key=ADMIN_KEY)).json["results"]
    pools = [(await house.get(f"/email/{result['id']}", ADMIN_KEY)).json["pool"] for result in results[:2]]
    assert pools == ["example.com", "example.net"]
    assert results[2]["problems"][0]["field"] == "messages[2].from"


async def test_where_the_store_does_not_take_it_none_of_it_was_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(house.gateway._store, "add", refusing(StoreDown("the disk is full")))
        reply = await batch(house, letter(tags=["down"]))
    assert is_a_problem(reply, 503)
    assert await subjects(house, "down") == []
