"""What every answer has in common, whatever was asked."""

import asyncio
import json
from email.utils import parsedate_to_datetime

import pytest

from posthouse.web import app, body, messages
from posthouse.web.app import RequestIds
from tests.web.house import ADMIN_KEY, KEY, House, letter
from tests.web.http import Reply, line, request

GOOD = json.dumps(letter()).encode()
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
SOME_ID = "01a20ae0-e2cc-7ac8-b610-e32461741d70"


def is_a_problem(reply: Reply, status: int) -> bool:
    """Whether it is an error as RFC 9457 writes them, with the headers of every answer."""
    told = reply.json
    assert reply.field("cache-control") == "no-store"
    assert reply.field("x-content-type-options") == "nosniff"
    assert reply.field("x-request-id")
    assert reply.field("content-type") == "application/problem+json"
    assert told["type"].startswith("urn:posthouse:problem:")
    assert told["title"]
    assert told["detail"].endswith(".")
    for problem in told.get("problems", ()):
        assert problem.keys() == {"code", "field", "message"}
    return bool(reply.status == told["status"] == status)


CALLS = [
    ("POST", "/email", GOOD, 202),
    ("POST", "/email", b"{", 400),
    ("POST", "/email", b"{}", 422),
    ("GET", "/email", None, 200),
    ("GET", "/email?limit=x", None, 400),
    ("GET", f"/email/{SOME_ID}", None, 404),
    ("PUT", "/email", b"", 405),
    ("GET", "/healthz", None, 200),
    ("GET", "/readyz", None, 200),
    ("GET", "/nothing/here", None, 404),
]


@pytest.mark.parametrize(("method", "target", "content", "status"), CALLS)
async def test_every_answer_is_json_is_not_to_be_kept_or_guessed_about_and_has_a_name(
    house: House, method: str, target: str, content: bytes | None, status: int
) -> None:
    reply = await house.call(method, target, body=content, content_type="application/json")
    assert reply.status == status
    assert reply.field("cache-control") == "no-store"
    assert reply.field("x-content-type-options") == "nosniff"
    assert reply.field("x-request-id")
    assert parsedate_to_datetime(reply.field("date") or "").tzinfo is not None
    assert reply.field("server") is None
    assert reply.field("content-length") == str(len(reply.body))
    assert not [name for name, _ in reply.fields if name.startswith("access-control-")]
    assert is_a_problem(reply, status) if status >= 400 else reply.field("content-type") == "application/json"


@pytest.mark.parametrize("name", ["7", "a-b_C-9", "x" * 64])
async def test_a_callers_name_for_a_request_is_given_back(house: House, name: str) -> None:
    assert (await house.get("/healthz", x_request_id=name)).field("x-request-id") == name
    assert (await house.get("/nothing", x_request_id=name)).field("x-request-id") == name


@pytest.mark.parametrize("name", ["", "-", "a b", "x" * 65, "é", "<script>", "a,b", "a\tb"])
async def test_another_name_is_replaced_by_one_of_our_own(house: House, name: str) -> None:
    given = (await house.get("/healthz", x_request_id=name)).field("x-request-id")
    assert given
    assert given != name


def test_names_of_requests_never_repeat() -> None:
    ids = RequestIds("abc")
    assert [ids.of({}) for _ in range(3)] == [b"abc-1", b"abc-2", b"abc-3"]


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("PUT", "/email", "GET, HEAD, POST"),
        ("PATCH", "/email/", "GET, HEAD, POST"),
        ("DELETE", "/email", "GET, HEAD, POST"),
        ("OPTIONS", "/email", "GET, HEAD, POST"),
        ("TRACE", "/email", "GET, HEAD, POST"),
        ("POST", f"/email/{SOME_ID}", "DELETE, GET, HEAD"),
        ("PUT", f"/email/{SOME_ID}", "DELETE, GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/healthcheck", "GET, HEAD"),
        ("POST", "/readyz", "GET, HEAD"),
        ("GET", "/email/batch", "POST"),
        ("DELETE", "/email/batch/", "POST"),
        ("PUT", "/", "GET, HEAD, POST"),
        ("PUT", "/example.com", "GET, HEAD, POST"),
        ("GET", "/example.com/send/", "POST"),
        ("GET", "/example.com/sandbox/fail", "DELETE, POST"),
        ("PUT", "/example.com/suppressions", "DELETE, GET, HEAD, POST"),
        ("OPTIONS", "/route/explain", "POST"),
    ],
)
async def test_another_method_is_answered_with_those_there_are(
    house: House, method: str, target: str, allowed: str
) -> None:
    reply = await house.call(method, target, body=b"")
    assert is_a_problem(reply, 405)
    assert reply.field("allow") == allowed


async def test_a_method_in_a_header_or_the_query_changes_nothing(house: House) -> None:
    sent = await house.accepted(letter(send_at="2036-01-01T00:00:00Z"))
    target = f"/email/{sent}?_method=DELETE"
    assert (await house.get(target, x_http_method_override="DELETE")).json["status"] == "scheduled"


@pytest.mark.parametrize(
    "target",
    [
        *("/emails", "/email/a/b", "/EMAIL", "//email", "/email//", "/healthz//", "//", "/.git/config"),
        *(
            "/email/../healthz",
            "/./email",
            "/../email",
            "/%2e%2e/email",
            "/email%2f",
            "/%2femail",
            "/email/a%2fexplain",
        ),
        *(
            "/%00",
            "/%E0%80",
            "/email/%ff",
            "/" + "a" * 10_000,
            "/a" * 5_000,
            "/email;a=b",
            "/email%20",
        ),
        *("/example.com%2fsend", "/example..com", "/.example.com", "/example.com./send", "/example.com%00/send"),
        *("/example.com/a/b/send", "/example.com/../example.com", "/EXAMPLE.COM%20/", "/%D0%BF/send"),
    ],
)
async def test_at_an_unknown_path_there_is_nothing_with_or_without_a_key(house: House, target: str) -> None:
    for key in (KEY, ADMIN_KEY, None):
        reply = await house.get(target, key)
        assert is_a_problem(reply, 404), reply
        assert reply.json["type"] == "urn:posthouse:problem:unknown-path"


async def test_a_trailing_slash_makes_no_difference(house: House) -> None:
    reply = await house.call("POST", "/email/", body=GOOD, content_type="application/json")
    assert reply.status == 202
    assert (await house.get(f"/email/{reply.json['id']}/")).json["id"] == reply.json["id"]
    assert (await house.get("/email/?limit=1")).status == 200
    for target in ("/healthz", "/readyz", "/example.com", "/example.com/suppressions"):
        assert (await house.get(target)).status == (await house.get(target + "/")).status == 200


async def test_a_path_is_decoded_once(house: House) -> None:
    assert (await house.get("/%68ealthz")).status == 200
    assert (await house.get("/example%2Ecom")).json["domain"] == "example.com"
    assert is_a_problem(await house.get("/%2568ealthz"), 404)


@pytest.mark.parametrize("target", ["/healthz", "/readyz", "/email?limit=1", f"/email/{SOME_ID}", "/nothing"])
async def test_head_is_answered_like_get_without_the_body(house: House, target: str) -> None:
    get = await house.get(target)
    head = await house.call("HEAD", target)
    assert head.status == get.status
    assert head.body == b""
    own = {"date", "x-request-id", "content-length"}
    assert [pair for pair in head.fields if pair[0] not in own] == [pair for pair in get.fields if pair[0] not in own]
    again = await house.get(target)
    if len(again.body) == len(get.body):  # nothing was sent in between
        assert head.field("content-length") == get.field("content-length")


@pytest.mark.parametrize(
    "name", ["Authorization", "X-API-KEY", "Content-Type", "Content-Encoding", "Idempotency-Key", "content-TYPE"]
)
async def test_a_header_that_is_believed_is_given_once(house: House, name: str) -> None:
    value = {"Content-Encoding": "identity", **HEADERS}.get(name, KEY)
    pairs = [pair for pair in HEADERS.items() if pair[0].lower() != name.lower()]
    reply = await house.raw([*pairs, (name, value), (name.lower(), value)], GOOD)
    assert is_a_problem(reply, 400)
    assert reply.json["detail"] == f"Expected the header {name.lower()} once."


async def test_another_header_may_be_given_twice(house: House) -> None:
    reply = await house.raw([*HEADERS.items(), ("X-Trace", "1"), ("X-Trace", "2"), ("Accept", "*/*")], GOOD)
    assert reply.status == 202


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: +5",
        "Content-Length: -5",
        "Transfer-Encoding: gzip, chunked, x",
        "Content-Length : 5",
        "X: a\r\n b: c\r\nContent-Length: 5 5",
    ],
)
async def test_a_request_whose_end_is_not_clear_is_refused_and_the_connection_closed(house: House, head: str) -> None:
    async with line(house.port) as opened:
        await opened.say(f"POST /email HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + b"0\r\n\r\n")
        assert is_a_problem(await opened.reply(), 400)
        assert await opened.rest() == b""


async def test_two_requests_on_one_connection_get_two_answers_in_order(house: House) -> None:
    async with line(house.port) as opened:
        await opened.say(request("POST", "/email", HEADERS, GOOD) + request("GET", "/healthz", {}))
        assert (await opened.reply()).status == 202
        assert (await opened.reply()).json == {"status": "ok"}


async def test_with_too_many_in_hand_the_next_is_told_to_come_again_but_the_process_is_alive(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_AT_ONCE", 0)
    for target in ("/email", "/readyz"):
        reply = await house.get(target)
        assert is_a_problem(reply, 503)
        assert reply.field("retry-after") == "1"
    assert (await house.get("/healthz")).status == 200


async def test_a_fault_of_ours_is_told_as_such_and_nothing_of_its_inside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(messages, "read_query", broken)
    reply = await house.get("/email")
    assert is_a_problem(reply, 500)
    assert "secret" not in reply.body.decode()
    assert "Traceback" not in reply.body.decode()


@pytest.mark.parametrize("sent", [b"", b'{"fr'])
async def test_a_body_that_comes_too_slowly_is_answered_with_408_and_the_connection_closed(
    house: House, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(body, "PATIENCE_S", 0.02)
    async with line(house.port) as opened:
        await opened.say(request("POST", "/email", {**HEADERS, "Content-Length": "10"}) + sent)
        reply = await opened.reply()
        assert is_a_problem(reply, 408)
        assert reply.field("connection") == "close"
        assert await opened.rest() == b""


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    for sent in (b"", b"{", GOOD[:-1]):
        async with line(house.port) as opened:
            await opened.say(request("POST", "/email", {**HEADERS, "Content-Length": str(len(GOOD))}) + sent)
            opened.reset()
    assert (await house.get("/healthz")).status == 200
    assert caplog.records == []


async def test_a_message_whose_sender_leaves_before_the_answer_is_delivered_all_the_same(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with line(house.port) as opened:
        once = {"Idempotency-Key": "left-early", "Prefer": "wait=20"}
        await opened.say(request("POST", "/email", {**HEADERS, **once}, GOOD))
        await asyncio.sleep(0)
        opened.close()
    replayed = await house.post(GOOD, idempotency_key="left-early", prefer="wait=20")
    assert replayed.json["status"] == "sent"
    assert caplog.records == []


async def test_a_client_is_told_to_go_on_before_it_sends_its_body(house: House) -> None:
    async with line(house.port) as opened:
        expecting = {**HEADERS, "Content-Length": str(len(GOOD)), "Expect": "100-continue"}
        await opened.say(request("POST", "/email", expecting))
        assert (await opened.reply()).status == 100
        await opened.say(GOOD)
        assert (await opened.reply()).status == 202


async def test_a_client_that_will_be_refused_is_not_told_to_go_on(house: House) -> None:
    async with line(house.port) as opened:
        expecting = {**HEADERS, "Content-Length": "4294967296", "Expect": "100-continue"}
        await opened.say(request("POST", "/email", expecting))
        assert (await opened.reply()).status == 413
