"""Handing a message in, looking at it, listing, taking back."""

import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pyreqwest.client import ClientBuilder
from pyreqwest.multipart import FormBuilder, PartBuilder

from posthouse import gateway
from posthouse.mail.arrival import Arrival
from posthouse.mail.mime import decode
from posthouse.web import messages
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, document, letter, one_pool, running
from tests.web.http import Reply, line, request
from tests.web.test_app import HEADERS, is_a_problem

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LATER = "2036-01-01T00:00:00Z"
GOOD = json.dumps(letter()).encode()
GOOD_FORM = b"from=ann@example.com&to=bob@example.org&subject=Hello&text=Hello, Bob."
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def arrived(house: House, message_id: str) -> dict[str, Any]:
    """The fields of the message as the sandbox got it."""
    raw = house.mail(message_id)
    assert raw is not None
    found = decode(raw)
    assert isinstance(found, Arrival), found
    return found.fields


# What is taken.


async def test_a_message_is_accepted_with_202_its_id_and_where_to_look(house: House) -> None:
    reply = await house.post(letter())
    assert reply.status == 202
    assert reply.json == {"id": reply.json["id"], "status": "queued"}
    assert reply.field("location") == f"/email/{reply.json['id']}"
    assert (await house.get(reply.field("location") or "")).json["id"] == reply.json["id"]


async def test_its_record_tells_what_was_asked_for_and_what_became_of_it(house: House) -> None:
    wishes = {"class": "otp", "tags": ["a", "b"], "metadata": {"order": "17"}}
    record = await house.sent(letter(**{"from": "Ann <ann@example.com>", "cc": ["Eve <eve@example.net>"], **wishes}))
    attempt, (accepted, sent) = record["attempts"][0], record["events"]
    instants = {record["created_at"], record["expires_at"], attempt["started_at"], accepted["at"], sent["at"]}
    assert all(instant.endswith("Z") and len(instant) == len("2026-11-23T09:00:00.000Z") for instant in instants)
    assert record == {
        "id": record["id"],
        "status": "sent",
        "pool": "example.com",
        "class": "otp",
        "lane": "critical",
        "from": "Ann <ann@example.com>",
        "to": ["bob@example.org", "Eve <eve@example.net>"],
        "subject": "Hello",
        "tags": ["a", "b"],
        "metadata": {"order": "17"},
        "created_at": accepted["at"],
        "next_attempt_at": None,
        "expires_at": record["expires_at"],
        "provider": "sandbox",
        "provider_message_id": f"sandbox-{record['id']}",
        "possible_duplicate": False,
        "attempts": [
            {
                "number": 1,
                "provider": "sandbox",
                "started_at": attempt["started_at"],
                "latency_ms": attempt["latency_ms"],
                "outcome": "accepted",
                "status": 200,
                "detail": None,
            }
        ],
        "events": [
            {"type": "accepted", "at": accepted["at"]},
            {"type": "sent", "at": sent["at"], "provider": "sandbox"},
        ],
    }
    assert attempt["latency_ms"] >= 0


async def test_a_form_is_a_message_too(house: House) -> None:
    pairs = [("from", "ann@example.com"), ("to", "bob@example.org"), ("to", "Eve <eve@example.net>")]
    reply = await house.form([*pairs, ("subject", "Grüße"), ("text", "Hallo"), ("tags", "a")], prefer="wait=20")
    assert reply.status == 200
    assert reply.json["to"] == ["bob@example.org", "Eve <eve@example.net>"]
    assert reply.json["subject"] == "Grüße"
    assert reply.json["tags"] == ["a"]


async def test_a_multipart_form_brings_files_and_inline_images(house: House) -> None:
    form = (
        FormBuilder()
        .text("from", "ann@example.com")
        .text("to", "bob@example.org")
        .text("subject", "Καλημέρα")
        .text("html", '<img src="cid:logo.png">')
        .part("attachment", PartBuilder.from_bytes(b"\x00\xff\r\n--").file_name("文件.bin").mime(JSON))
        .part("inline", PartBuilder.from_bytes(PNG).file_name("logo.png").mime("image/png"))
    )
    async with ClientBuilder().build() as client:
        sending = client.post(f"http://127.0.0.1:{house.port}/email").bearer_auth(KEY).header("Prefer", "wait=20")
        response = await sending.multipart(form).build().send()
        assert response.status == 200
        record = await response.json()
    fields = arrived(house, record["id"])
    assert fields["subject"] == "Καλημέρα"
    assert fields["attachments"] == [
        {"filename": "logo.png", "content": PNG, "content_type": "image/png", "content_id": "logo.png"},
        {"filename": "文件.bin", "content": b"\x00\xff\r\n--", "content_type": JSON, "content_id": None},
    ]


async def test_json_brings_files_as_base64(house: House) -> None:
    files = [
        {"filename": "Ω.png", "content": b64encode(PNG).decode(), "content_id": "logo@example.com"},
        {"filename": "data", "content": "", "content_type": "text/plain"},
    ]
    record = await house.sent(letter(html='<img src="cid:logo@example.com">', attachments=files))
    assert [(file["filename"], file["content"]) for file in arrived(house, record["id"])["attachments"]] == [
        ("Ω.png", PNG),
        ("data", b""),
    ]


async def test_a_message_may_say_nothing_but_to_whom_where_the_pool_has_a_sender(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path, default_from="Ann <ann@example.com>"), tmp_path) as house:
        record = await house.sent({"to": "bob@example.org", "text": ""})
        assert record["from"] == "Ann <ann@example.com>"


async def test_a_pool_with_one_fixed_sender_sends_everything_from_it(tmp_path: Path) -> None:
    pool = one_pool(tmp_path, sender="fixed", default_from="Ann <ann@example.com>")
    async with running(pool, tmp_path) as house:
        record = await house.sent(letter(**{"from": "Eve <eve@example.org>"}))
        assert record["from"] == "Ann <ann@example.com>"


async def test_a_message_of_the_largest_size_is_taken_and_one_byte_more_is_not(tmp_path: Path) -> None:
    given = one_pool(tmp_path)
    async with running({**given, "http": {"max_body_mb": 0.125}}, tmp_path) as house:
        body = json.dumps(letter(text="")).encode()
        fitting = body.replace(b'"text": ""', b'"text": "' + b"x" * (131_072 - len(body)) + b'"')
        assert len(fitting) == 131_072
        assert (await house.post(fitting)).status == 202
        assert is_a_problem(await house.post(fitting + b" "), 413)
        pieces = b"%x\r\n%s\r\n0\r\n\r\n" % (len(fitting) + 1, fitting + b" ")
        chunked = request("POST", "/email", {**HEADERS, "Transfer-Encoding": "chunked"}) + pieces
        async with line(house.port) as opened:
            await opened.say(chunked)
            assert is_a_problem(await opened.reply(), 413)
            await opened.say(request("GET", "/healthz", {}))
            assert (await opened.reply()).status == 200


@pytest.mark.parametrize("length", ["31457281", "4294967296", "9" * 18])
async def test_an_announced_body_that_is_too_large_is_refused_before_it_comes(house: House, length: str) -> None:
    async with line(house.port) as opened:
        await opened.say(request("POST", "/email", {**HEADERS, "Content-Length": length}))
        assert is_a_problem(await opened.reply(), 413)


async def test_an_endless_body_is_refused_when_it_has_reached_the_limit(tmp_path: Path) -> None:
    given = {**one_pool(tmp_path), "http": {"max_body_mb": 0.1}}
    async with running(given, tmp_path) as house, line(house.port) as opened:
        await opened.say(request("POST", "/email", {**HEADERS, "Transfer-Encoding": "chunked"}))
        for _ in range(20):
            await opened.say(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
        assert is_a_problem(await opened.reply(), 413)


# What cannot be read.


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "found something else at character 0"),
        (b'{"a": 1', "found something else at character 7"),
        (b'{"to": "a@example.com", "to": "b@example.com"}', "each key of an object once"),
        (b'{"metadata": {"a": "1", "a": "2"}}', "each key of an object once"),
        (b'{"text": NaN}', "no NaN"),
        (b'{"text": 1e400}', "numbers that a double can hold"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "at most 32 levels"),
        (b"\xef\xbb\xbf" + GOOD, "found something else at character 0"),
        (GOOD.decode().encode("utf-16"), "expected UTF-8"),
        (b'{"text": "\xff"}', "expected UTF-8"),
        (b"[1]", "a JSON object"),
    ],
)
async def test_json_that_cannot_be_read_for_certain_is_400(house: House, body: bytes, told: str) -> None:
    reply = await house.post(body)
    assert is_a_problem(reply, 400)
    assert told in reply.json["detail"]


@pytest.mark.parametrize("body", [b"to", b"to=%ff", b"subject=a&subject=b", b"\x00"])
async def test_a_form_that_cannot_be_read_for_certain_is_400(house: House, body: bytes) -> None:
    assert is_a_problem(await house.post(body, content_type=FORM), 400)


@pytest.mark.parametrize(
    "body",
    [b"", b"--line", b"--line\r\n\r\n\r\n--line--", b"--line\r\nContent-Disposition: form-data; name=to\r\n\r\na"],
)
async def test_a_multipart_form_that_cannot_be_read_for_certain_is_400(house: House, body: bytes) -> None:
    assert is_a_problem(await house.post(body, content_type="multipart/form-data; boundary=line"), 400)


BODIES = {"json": GOOD, "form": GOOD_FORM, "empty": b"", "text": b"Hello"}
TYPES = {
    "none": "",
    "text": "text/plain",
    "text of json": "text/plain; application/json",
    "json of another kind": "application/problem+json",
    "json in text": "text/json",
    "html": "text/html",
    "xml": "application/xml",
    "bytes": "application/octet-stream",
    "a list of types": "application/json, text/plain",
    "utf-7": "application/json; charset=utf-7",
    "utf-16": 'application/json; charset="UTF-16"',
    "a form in latin-1": "application/x-www-form-urlencoded; charset=iso-8859-1",
    "multipart in utf-7": "multipart/form-data; boundary=x; charset=utf-7",
    "another multipart": "multipart/mixed; boundary=x",
    "too many parameters": "application/json" + "; a=b" * 50,
}


@pytest.mark.parametrize("content_type", TYPES.values(), ids=TYPES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_another_media_type_is_415_whatever_the_body_is(house: House, content_type: str, body: bytes) -> None:
    assert is_a_problem(await house.post(body, content_type=content_type), 415)


async def test_no_media_type_is_415(house: House) -> None:
    assert is_a_problem(await house.raw({"Authorization": f"Bearer {KEY}"}, GOOD), 415)


@pytest.mark.parametrize(("content_type", "body"), [(FORM, GOOD), (JSON, GOOD_FORM), ("multipart/form-data", GOOD)])
async def test_a_body_of_another_kind_than_it_says_is_400(house: House, content_type: str, body: bytes) -> None:
    assert is_a_problem(await house.post(body, content_type=content_type), 400)


@pytest.mark.parametrize(
    "content_type", [JSON, "Application/JSON", "application/json;charset=utf-8", 'application/json; charset="UTF-8"']
)
async def test_a_media_type_is_what_it_is_however_it_is_written(house: House, content_type: str) -> None:
    assert (await house.post(letter(), content_type=content_type)).status == 202


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip", "x"])
async def test_a_body_in_another_encoding_is_415(house: House, encoding: str) -> None:
    assert is_a_problem(await house.post(gzip.compress(GOOD), content_encoding=encoding), 415)
    assert (await house.post(GOOD, content_encoding="Identity")).status == 202


# What can be read, and is wrong.


async def test_every_problem_is_told_at_once_and_no_value_repeated(house: House) -> None:
    wrong = letter(
        **{"from": "CANARY", "to": ["a@example.org", "CANARY <x"], "subject": "CANARY\r\nBcc: x", "text": 7},
        pool_id="CANARY",
        is_admin=True,
        attachments=[{"filename": "a/CANARY", "content": "CANARY!"}],
        send_at="CANARY",
    )
    reply = await house.post(wrong)
    assert is_a_problem(reply, 422)
    assert sorted(reply.codes) == sorted(
        [
            ("field-unknown", "pool_id"),
            ("field-unknown", "is_admin"),
            ("address-invalid", "from"),
            ("address-invalid", "to[1]"),
            ("line-unsafe", "subject"),
            ("field-type", "text"),
            ("attachment-filename", "attachments[0].filename"),
            ("attachment-content", "attachments[0].content"),
            ("time-format", "send_at"),
        ]
    )
    assert reply.json["detail"] == "9 problems with the message; nothing was stored."
    assert b"CANARY" not in reply.body


@pytest.mark.parametrize("field", ["id", "pool", "status", "state", "created_at", "cost", "attempts", "content_id", ""])
async def test_no_field_can_be_set_that_is_not_the_senders(house: House, field: str) -> None:
    reply = await house.post(letter(**{field: "x"}))
    assert is_a_problem(reply, 422)
    assert reply.codes == [("field-unknown", field)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": "a\x00b"}, ("text-unsafe", "text")),
        ({"text": "\ud800"}, ("text-unsafe", "text")),
        ({"subject": "\ud800"}, ("line-unsafe", "subject")),
        ({"text": 2**70}, ("field-type", "text")),
        ({"to": None}, ("recipient-missing", "to")),
        ({"text": None}, ("body-missing", "text")),
        ({"headers": {"Bcc": "eve@example.org"}}, ("header-reserved", "headers.Bcc")),
        ({"\ud800": 1}, ("field-unknown", "?")),
        ({"class": "unknown"}, ("class-unknown", "class")),
        ({"provider": "unknown"}, ("provider-unknown", "provider")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("expired-already", "expires_at")),
    ],
)
async def test_one_thing_wrong_is_422_and_named(
    house: House, changes: dict[str, Any], problem: tuple[str, str]
) -> None:
    reply = await house.post(letter(**changes))
    assert is_a_problem(reply, 422)
    assert reply.codes == [problem]


async def test_a_form_is_judged_by_the_same_rules(house: House) -> None:
    reply = await house.form([("from", "ann@example.com"), ("to", "nobody"), ("text", "a\x00b"), ("pool_id", "7")])
    assert is_a_problem(reply, 422)
    assert sorted(reply.codes) == [("address-invalid", "to[0]"), ("field-unknown", "pool_id"), ("text-unsafe", "text")]


@pytest.mark.parametrize(
    "sender", ["eve@example.net", "eve@sub.example.com", "eve@example.com.example.org", "Ann <eve@xn--exmple-cua.com>"]
)
async def test_another_senders_domain_is_403(house: House, sender: str) -> None:
    reply = await house.post(letter(**{"from": sender}))
    assert is_a_problem(reply, 403)
    assert reply.codes == [("from-domain-not-allowed", "from")]


@pytest.mark.parametrize("sender", ["ann@bücher.example", "Ann <ann@BÜCHER.example>", "ann@xn--bcher-kva.example"])
async def test_an_administrators_message_goes_through_the_pool_of_its_sender_in_whatever_script(
    tmp_path: Path, sender: str
) -> None:
    given = document(tmp_path)
    given["pools"]["bücher.example"] = {
        "keys": {"web": "another-key"},
        "providers": {"sandbox": {"maildir": str(tmp_path / "sent")}},
    }
    async with running(given, tmp_path) as here:
        reply = await here.post(letter(**{"from": sender}), key=ADMIN_KEY)
        assert reply.status == 202
        assert (await here.get(f"/email/{reply.json['id']}", ADMIN_KEY)).json["pool"] == "xn--bcher-kva.example"


async def test_what_is_wrong_as_well_as_not_allowed_is_422(house: House) -> None:
    reply = await house.post(letter(**{"from": "eve@example.net", "class": "unknown"}))
    assert is_a_problem(reply, 422)
    assert reply.codes == [("from-domain-not-allowed", "from"), ("class-unknown", "class")]


# Waiting for the end.


@pytest.mark.parametrize(
    "prefer", ["wait=20", "WAIT=20", 'wait="20"', "respond-async, wait=20", "a=b; wait = 20", "wait=99999999"]
)
async def test_who_prefers_to_wait_gets_the_final_state_with_200(house: House, prefer: str) -> None:
    reply = await house.post(letter(), prefer=prefer)
    assert (reply.status, reply.json["status"]) == (200, "sent")
    assert reply.field("location") == f"/email/{reply.json['id']}"


@pytest.mark.parametrize(("recipient", "status"), [("x+refuse@example.org", "failed"), ("bob@example.org", "sent")])
async def test_a_failure_is_a_final_state_too(house: House, recipient: str, status: str) -> None:
    assert (await house.sent(letter(to=recipient)))["status"] == status


async def test_what_is_not_final_in_time_is_202(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "WAIT_MAX_S", 0.01)
    reply = await house.post(letter(send_at=LATER), prefer="wait=20")
    assert (reply.status, reply.json) == (202, {"id": reply.json["id"], "status": "scheduled"})


@pytest.mark.parametrize("lines", [("wait=20", "respond-async"), ("respond-async", "wait=20")])
async def test_a_preference_may_stand_on_a_line_of_its_own(house: House, lines: tuple[str, str]) -> None:
    fields = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    preferred = [("Prefer", one) for one in lines]
    reply = await house.raw([*fields.items(), *preferred], json.dumps(letter()).encode())
    assert (reply.status, reply.json["status"]) == (200, "sent")


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=soon", "wait=-1", "waiting=5", "nowait=5"])
async def test_a_preference_that_is_none_is_passed_over(house: House, prefer: str) -> None:
    assert (await house.post(letter(send_at=LATER), prefer=prefer)).status == 202


async def test_who_waits_when_the_server_stops_is_told_that_the_message_was_accepted(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house, line(house.port) as opened:
        body = json.dumps(letter(to="x+defer@example.org")).encode()
        await opened.say(request("POST", "/email", {**HEADERS, "Prefer": "wait=30"}, body))
        while not (listed := (await house.get("/email")).json["messages"]):
            pass
        await house.until(listed[0]["id"], lambda record: len(record["events"]) > 1)
        house.gateway.stop()
        reply = await opened.reply()
        assert (reply.status, reply.json) == (202, {"id": listed[0]["id"], "status": "queued"})


async def test_a_server_that_stops_takes_no_more(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path), tmp_path) as house, line(house.port) as opened:
        await opened.say(request("GET", "/readyz", {}))
        assert (await opened.reply()).json["status"] == "ready"
        house.gateway.stop()
        await opened.say(request("POST", "/email", HEADERS, GOOD))
        reply = await opened.reply()
        assert is_a_problem(reply, 503)
        assert (reply.field("retry-after"), reply.field("connection")) == ("1", "close")


# Looking.


@pytest.mark.parametrize("target", ["01a20ae0-e2cc-7ac8-b610-e32461741d70", "1", "..", "%2e%2e", "%00", "a" * 5000])
async def test_what_is_not_there_is_404(house: House, target: str) -> None:
    for method in ("GET", "DELETE"):
        reply = await house.call(method, f"/email/{target}")
        assert is_a_problem(reply, 404)
        assert reply.json["type"] == "urn:posthouse:problem:unknown-message"


async def test_an_id_in_capitals_is_none(house: House) -> None:
    sent = await house.accepted(letter())
    assert (await house.get(f"/email/{sent.upper()}")).status == 404


async def test_a_list_is_newest_first_in_pages_that_stay_as_they_are(house: House) -> None:
    ids = [await house.accepted(letter(tags=["pages"])) for _ in range(5)][::-1]
    first = (await house.get("/email?tag=pages&limit=2")).json
    assert [message["id"] for message in first["messages"]] == ids[:2]
    await house.accepted(letter(tags=["pages"]))
    second = (await house.get(f"/email?tag=pages&limit=2&cursor={first['next_cursor']}")).json
    assert [message["id"] for message in second["messages"]] == ids[2:4]
    third = (await house.get(f"/email?tag=pages&limit=2&cursor={second['next_cursor']}")).json
    assert [message["id"] for message in third["messages"]] == ids[4:]
    assert third["next_cursor"] is None
    assert "attempts" not in first["messages"][0]
    assert first["messages"][0].keys() | {"attempts", "events"} == (await house.get(f"/email/{ids[0]}")).json.keys()


async def test_a_list_is_filtered_by_everything_it_can_be_filtered_by(house: House) -> None:
    sent = (await house.sent(letter(to="Zoë <zoe+f@example.org>", tags=["filters", "x y"])))["id"]
    failed = (await house.sent(letter(to="x+refuse@example.org", tags=["filters"])))["id"]
    later = await house.accepted(letter(tags=["filters"], send_at=LATER))
    created = (await house.get(f"/email/{failed}")).json["created_at"].replace("Z", "%2B00:00")

    async def found(query: str) -> list[str]:
        reply = await house.get(f"/email?tag=filters&{query}")
        return [message["id"] for message in reply.json["messages"]]

    assert await found("") == [later, failed, sent]
    assert await found("status=sent") == [sent]
    assert await found("status=scheduled") == [later]
    assert await found("to=zoe%2Bf@example.org") == [sent]
    assert await found("to=nobody@example.org") == []
    assert await found("provider=sandbox") == [failed, sent]
    assert await found(f"until={created}") == [failed, sent]
    assert await found("since=2035-01-01T00:00:00Z") == []
    assert [m["id"] for m in (await house.get("/email?tag=x+y")).json["messages"]] == [sent]


@pytest.mark.parametrize("query", ["limit=0", "status=lost", "since=now", "pool=example.net", "cursor=1", "a&" * 3000])
async def test_a_list_that_cannot_be_made_is_400(house: House, query: str) -> None:
    assert is_a_problem(await house.get(f"/email?{query}"), 400)


@pytest.mark.parametrize(
    "query", ["to=%00", "tag=%ED%A0%80", "to=%25%25%25", "provider='--", f"to={'%25' * 1300}", "&&&"]
)
async def test_a_strange_filter_is_a_filter_that_finds_nothing_or_all(house: House, query: str) -> None:
    assert (await house.get(f"/email?{query}")).status == 200


# Taking back.


async def test_what_is_scheduled_can_be_taken_back_and_is_never_sent(house: House) -> None:
    scheduled = await house.accepted(letter(send_at=LATER))
    assert (await house.get(f"/email/{scheduled}")).json["next_attempt_at"] == "2036-01-01T00:00:00.000Z"
    for _ in range(2):  # again is no harm, and no second event
        reply = await house.delete(f"/email/{scheduled}")
        assert (reply.status, reply.json) == (200, {"id": scheduled, "status": "cancelled"})
    record = (await house.get(f"/email/{scheduled}")).json
    assert (record["status"], record["next_attempt_at"]) == ("cancelled", None)
    assert [event["type"] for event in record["events"]] == ["accepted", "cancelled"]


async def test_what_is_sent_cannot_be_taken_back(house: House) -> None:
    sent = (await house.sent(letter()))["id"]
    reply = await house.delete(f"/email/{sent}")
    assert is_a_problem(reply, 409)
    assert (reply.json["id"], reply.json["message_status"]) == (sent, "sent")
    assert "a provider may have it" in reply.json["detail"]


async def test_what_no_provider_took_is_not_said_to_be_with_one(house: House) -> None:
    failed = (await house.sent(letter(to="x+refuse@example.org")))["id"]
    reply = await house.delete(f"/email/{failed}")
    assert is_a_problem(reply, 409)
    assert reply.json["detail"] == "It is too late to cancel: it is over, and no more attempt is made."


async def test_what_is_on_its_way_cannot_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "DRAIN_S", 0.0)
    async with running(one_pool(tmp_path), tmp_path) as house:
        slow = await house.accepted(letter(to="x+slow@example.org"))
        await house.until(slow, lambda record: record["status"] == "sending")
        reply = await house.delete(f"/email/{slow}")
        assert is_a_problem(reply, 409)
        assert reply.json["message_status"] == "sending"


# Large messages.


def large(size: int) -> bytes:
    return json.dumps(letter(attachments=[{"filename": "a", "content": b64encode(bytes(size)).decode()}])).encode()


async def test_large_messages_that_do_not_fit_at_once_are_told_to_come_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posthouse.web.body.QUEUE_S", 0.02)
    async with line(house.port) as first, line(house.port) as second:
        for opened in (first, second):
            await opened.say(request("POST", "/email", {**HEADERS, "Content-Length": "31457280"}))
        refused: Reply = await second.reply()
        assert is_a_problem(refused, 503)
        assert refused.field("retry-after") == "2"
        first.reset()
    assert (await house.post(large(100_000))).status == 202


async def test_a_key_of_one_pool_cannot_use_the_classes_of_another(house: House) -> None:
    reply = await house.post(letter(**{"from": "ann@example.net", "class": "otp"}), OTHER_KEY)
    assert reply.codes == [("class-unknown", "class")]
