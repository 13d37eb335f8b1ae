"""What an attacker tries at the HTTP door, row by row of our table of attacks, with the answer it must get."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posthouse.web.routes import ROUTES
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, document, letter, running
from tests.web.http import line
from tests.web.test_app import is_a_problem

JSON = "application/json"
NOBODY = "01a20ae0-e2cc-7ac8-b610-e32461741d70"

WITH_BODY = sorted(
    {
        route.path.format(id=NOBODY, domain="example.com", provider="sandbox")
        for route in ROUTES
        if route.body is not None and "{id}" not in route.path and route.method == "POST"
    }
)


def file(**changes: Any) -> dict[str, Any]:
    return {"filename": "a.txt", "content": "AAAA", **changes}


# A1: control characters.

BAD = ["\r\nBcc: x@example.org", "\n", "\r", "\x00", "\x0b", "\x1f", "\x7f", "\x85", "\x9f", "\u2028", "\u2029"]
ONE_LINE: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject": lambda bad: {"subject": f"a{bad}b"},
    "from": lambda bad: {"from": {"email": "ann@example.com", "name": f"a{bad}b"}},
    "from_name": lambda bad: {"from_name": f"a{bad}b"},
    "to_name": lambda bad: {"to_name": f"a{bad}b"},
    "to": lambda bad: {"to": f"bob@example.org{bad}"},
    "headers.X-A": lambda bad: {"headers": {"X-A": f"a{bad}b"}},
    "tags[0]": lambda bad: {"tags": [f"a{bad}b"]},
    "metadata.a": lambda bad: {"metadata": {"a": f"a{bad}b"}},
    "attachments[0].filename": lambda bad: {"attachments": [file(filename=f"a{bad}b")]},
    "attachments[0].content_id": lambda bad: {"attachments": [file(content_id=f"a{bad}b")]},
}


@pytest.mark.parametrize("field", ONE_LINE)
async def test_a1_no_control_character_stands_in_one_line(house: House, field: str) -> None:
    for bad in BAD:
        reply = await house.post(letter(**ONE_LINE[field](bad)))
        assert is_a_problem(reply, 422), (field, bad)
        assert [at.partition(".name")[0] for _, at in reply.codes] == [field], bad


# A2: encoded words that decode to line breaks.


async def test_a2_an_encoded_word_is_text_and_in_an_address_refused(house: House) -> None:
    trick = "=?utf-8?q?a=0D=0ABcc:_eve@example.net?="
    record = await house.sent(letter(subject=trick))
    head = (house.mail(record["id"]) or b"").partition(b"\r\n\r\n")[0]
    assert b"\nBcc:" not in head
    assert b"a=0D=0ABcc" not in head
    for field in ("to", "from"):
        assert is_a_problem(await house.post(letter(**{field: f"{trick}@example.com"})), 422)


# A3: headers of the sender's own.


@pytest.mark.parametrize(
    "name",
    [
        *("From", "to", "BCC", "Sender", "DKIM-Signature", "Received", "Return-Path", "Content-Type", "Content-ID"),
        *("MIME-Version", "ARC-Seal", "X A", "X:A", "X\r\nBcc", "", "ü", "X" * 77),
    ],
)
async def test_a3_a_header_that_is_not_the_senders_is_422(house: House, name: str) -> None:
    assert is_a_problem(await house.post(letter(headers={name: "x"})), 422)


async def test_a3_too_many_or_too_long_headers_are_422(house: House) -> None:
    assert is_a_problem(await house.post(letter(headers={f"X-{n}": "x" for n in range(51)})), 422)
    assert is_a_problem(await house.post(letter(headers={"X-A": "x" * 999})), 422)


# A4: what looks like an address and is more.


@pytest.mark.parametrize(
    "address",
    [
        *("a@example.org, b@example.org", "a@example.org;b@example.org", "a@example.org<b@example.org>", "a@b@c.org"),
        *('"a@example.org, b"@example.org', "@a.example:b@example.org", "a%example.net@example.org", "a!b@example.org"),
        *("team: a@example.org;", "a@[127.0.0.1]", "a@example.org.", "a(b)@example.org", "a@example.org)b@example.net"),
        *("a@example.org\x00", "a" * 65 + "@example.org", "a@" + "b." * 130 + "org", "a@localhost", "<a@example.org"),
        *("a\r\n@example.org", "a @example.org", " ", "@example.org", "a@"),
    ],
)
async def test_a4_one_string_is_one_address_or_422(house: House, address: str) -> None:
    for field in ("to", "cc", "bcc", "reply_to"):
        reply = await house.post(letter(**{field: address}))
        assert is_a_problem(reply, 422), (field, address)


# A5: letters that look like others.


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("ann@exаmple.com", 403),  # a Cyrillic letter
        ("ann@xn--exmple-4nf.com", 403),
        ("ann@example。com", 202),  # the ideographic full stop is a dot (IDNA), and this the pool's own domain
        ("ann\u202e@example.com", 422),
        ("a\u200bnn@example.com", 422),
        ("ann＠example.com", 422),
    ],
)
async def test_a5_a_look_alike_of_a_domain_is_another_domain(house: House, address: str, status: int) -> None:
    reply = await house.post(letter(**{"from": address}))
    assert reply.status in ({status, 422} if status == 202 else {status}), reply


# A6: JSON that two readers read in two ways.

TWO_WAYS = {
    "a key twice": b'{"a": 1, "a": 2}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "too large a number": b'{"a": 1e400}',
    "depth": b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "not UTF-8": b'{"a": "\xff"}',
    "a comment": b'{"a": 1 /* x */}',
    "a comma too many": b'{"a": 1,}',
    "two documents": b"{}{}",
    "a list": b"[]",
    "text": b'"{}"',
    "digits": b'{"a": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("target", WITH_BODY)
async def test_a6_json_that_is_not_certain_is_400_at_every_call(house: House, target: str) -> None:
    for name, body in TWO_WAYS.items():
        reply = await house.call("POST", target, ADMIN_KEY, body, content_type=JSON)
        assert is_a_problem(reply, 400), name


async def test_a6_what_no_mail_can_hold_is_422(house: House) -> None:
    for body in (b'"a\\u0000b"', b'"\\ud800"', b"%d" % 2**70):
        reply = await house.post(b'{"from":"ann@example.com","to":"bob@example.org","text":' + body + b"}")
        assert is_a_problem(reply, 422)
        assert [field for _, field in reply.codes] == ["text"]


# A7: a body of another kind than it says.


@pytest.mark.parametrize("target", WITH_BODY)
async def test_a7_only_json_and_forms_are_read_at_every_call(house: House, target: str) -> None:
    body = json.dumps(letter()).encode()
    for kind in ("text/plain", "text/json", "application/xml", "application/json;charset=utf-7", "", "a/b, c/d"):
        assert is_a_problem(await house.call("POST", target, ADMIN_KEY, body, content_type=kind), 415), kind
    assert is_a_problem(await house.call("POST", target, ADMIN_KEY, b"a=b", content_type=JSON), 400)
    multipart = await house.call("POST", target, ADMIN_KEY, body, content_type="multipart/form-data")
    assert is_a_problem(multipart, 400)


# A8: forms made to cost time.

HEAVY = {
    "a million fields": (b"a=b&" * 1_000_000, "application/x-www-form-urlencoded"),
    "a million separators": (b"&" * 1_000_000, "application/x-www-form-urlencoded"),
    "a part without end": (b"--x\r\n" + b"A: b\r\n" * 100_000, "multipart/form-data; boundary=x"),
    "a preamble without end": (b"x" * 1_000_000, "multipart/form-data; boundary=x"),
    "many parts": (b"--x\r\n\r\n\r\n" * 100_000, "multipart/form-data; boundary=x"),
    "nearly the boundary": (b"\r\n--" * 250_000, "multipart/form-data; boundary=xx"),
}


@pytest.mark.parametrize(("body", "kind"), HEAVY.values(), ids=HEAVY)
async def test_a8_a_form_that_is_made_to_cost_time_is_refused(house: House, body: bytes, kind: str) -> None:
    assert is_a_problem(await house.post(body, content_type=kind), 400)
    assert is_a_problem(await house.call("POST", "/example.com/suppressions", body=body, content_type=kind), 400)


# A9, A10: two readings of one request, and bodies and heads without end: test_app.py, test_connection.py, test_body.py.


@pytest.mark.parametrize("target", ["/example.com/send", "/", "/example.com/sandbox/fail"])
async def test_a10_a_large_body_of_somebody_unknown_is_not_read(house: House, target: str) -> None:
    async with line(house.port) as opened:
        head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 1000000\r\n\r\n"
        await opened.say(head.encode())
        assert is_a_problem(await opened.reply(), 401)


@pytest.mark.parametrize("target", ["/example.com/sandbox/pause", "/", f"/email/{NOBODY}/resend"])
async def test_a10_a_few_words_are_no_large_body(house: House, target: str) -> None:
    reply = await house.call("POST", target, ADMIN_KEY, b'{"reason": "' + b"x" * 70_000 + b'"}', content_type=JSON)
    assert is_a_problem(reply, 413)


# A11, A12: attachments.


@pytest.mark.parametrize(
    "files",
    [
        [file()] * 51,
        [file(content="AA=A")],
        [file(content="A A A A")],
        [file(content="=" * 1_000_000)],
        [file(content=7)],
        [file(filename="../../etc/passwd")],
        [file(filename="a\\b.exe")],
        [file(filename="gpj\u202eexe.txt")],
        [file(filename="")],
        [file(content_type="text/html\r\nX: y")],
        [file(content_id="a>\r\nb")],
        [file(url="http://169.254.169.254/")],
        [{"filename": "a", "path": "/etc/passwd"}],
        [{"filename": "a", "href": "file:///etc/passwd", "content": "AAAA"}],
    ],
)
async def test_a11_and_a12_an_attachment_is_a_plain_file_that_was_sent_along(house: House, files: list[Any]) -> None:
    reply = await house.post(letter(attachments=files))
    assert is_a_problem(reply, 422)
    assert all(field.startswith("attachments") for _, field in reply.codes)


async def test_a11_an_archive_is_never_opened(house: House) -> None:
    bomb = b64encode(b"PK\x03\x04" + bytes(10_000)).decode()
    assert (await house.post(letter(attachments=[file(filename="42.zip", content=bomb)]))).status == 202


# A13: tricks with paths: test_app.py, test_route.py. A14: what is another pool's: test_isolation.py.


@pytest.mark.parametrize("query", ["pool=example.net", "pool_id=1", "sort=id;drop", "order=asc", "fields=content"])
async def test_a14_a_list_cannot_be_turned_to_another_pool(house: House, query: str) -> None:
    assert is_a_problem(await house.get(f"/email?{query}"), 400)


# A15: fields that are not the caller's to set.


@pytest.mark.parametrize("field", ["id", "pool", "pool_id", "status", "created_at", "resent_from", "is_admin", "cost"])
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/email", letter()),
        ("/example.com/send", letter()),
        ("/example.com/sandbox/send", letter()),
        ("/route/explain", letter()),
        ("/email/batch", {"messages": [letter()]}),
        ("/example.com/suppressions", {"address": "eve@example.org"}),
        ("/example.com/sandbox/fail", {"fail": True}),
        ("/example.com/sandbox/pause", {"reason": "x"}),
        ("/", {}),
    ],
)
async def test_a15_no_other_field_can_be_set(house: House, target: str, said: dict[str, Any], field: str) -> None:
    key = ADMIN_KEY if "sandbox/" in target or target == "/" else KEY
    reply = await house.ask(target, {**said, field: "example.net"}, key)
    assert is_a_problem(reply, 422)
    assert reply.codes == [("field-unknown", field)]


async def test_a15_metadata_of_our_own_cannot_be_given(house: House) -> None:
    for name in ("posthouse", "posthouse_id", "Posthouse-Id", "POSTHOUSE.x"):
        reply = await house.post(letter(metadata={name: "x", "order": "17"}))
        assert is_a_problem(reply, 422)
        assert reply.codes == [("metadata-reserved", f"metadata.{name}")]


# A16: keys: test_keys.py, test_auth.py, intake/test_caller.py. A17: floods: test_limits.py. A18: test_idempotency.py.

# A19: a sender who pretends to be another.


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"from": "ann@example.net"}, 403),
        ({"from": "ann@sub.example.com"}, 403),
        ({"from": "bank@bank.com <ann@example.com>"}, 422),
        ({"from": {"email": "ann@example.com", "name": "bank@example.org"}}, 422),
        ({"sender": "boss@example.org"}, 422),
        ({"headers": {"Sender": "boss@example.org"}}, 422),
        ({"to": [f"x{n}@example.org" for n in range(1001)]}, 422),
    ],
)
async def test_a19_a_sender_is_who_the_key_says(house: House, changes: dict[str, Any], status: int) -> None:
    assert is_a_problem(await house.post(letter(**changes)), status)


# A20: methods, caches.


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PATCH", "PROPFIND", "PURGE"])
async def test_a20_another_method_is_405_at_every_call(house: House, method: str) -> None:
    for path in sorted({route.path for route in ROUTES}):
        target = path.format(id=NOBODY, domain="example.com", provider="sandbox")
        reply = await house.call(method, target, ADMIN_KEY)
        assert is_a_problem(reply, 405), target
        assert reply.field("allow")


# G1, G3: pages: what is answered is never taken for a page, and shown in none.

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"


async def test_g1_what_a_sender_wrote_is_given_back_as_json_and_nothing_else(house: House) -> None:
    record = await house.sent(letter(subject=SCRIPT, tags=[SCRIPT], metadata={"a": SCRIPT}))
    for target in (f"/email/{record['id']}", f"/email/{record['id']}/explain", "/email?limit=5", f"/{SCRIPT[:8]}"):
        reply = await house.call("GET", target.replace("<", "%3C"), KEY, accept="*/*")
        assert (reply.field("content-type") or "").startswith("application/")
        assert reply.field("x-content-type-options") == "nosniff"


async def test_g3_no_answer_is_shown_inside_another_page(house: House) -> None:
    replies = []
    for route in ROUTES:
        target = route.path.format(id=NOBODY, domain="example.com", provider="unknown")
        replies += [await house.call(route.method, target, key) for key in (KEY, None)]
    replies += [await house.get("/nothing"), await house.post(b"{"), await house.call("TRACE", "/email")]
    async with line(house.port) as opened:
        await opened.say(b"nonsense\r\n\r\n")
        replies.append(await opened.reply())
    assert {reply.status for reply in replies} >= {200, 400, 401, 403, 404, 405, 415}
    for reply in replies:
        assert "frame-ancestors 'none'" in (reply.field("content-security-policy") or ""), reply
        assert reply.field("x-frame-options") == "DENY"


# G2: calls that a foreign page makes a browser send.


async def test_g2_a_foreign_page_cannot_send_through_an_open_pool(tmp_path: Path) -> None:
    given = document(tmp_path)
    given["pools"]["example.com"]["open"] = True
    pairs = list(letter().items())
    async with running(given, tmp_path) as house:
        for target in ("/email", "/example.com/send", "/example.com/sandbox/send"):
            assert is_a_problem(await house.form(pairs, None, target, sec_fetch_site="cross-site"), 403)
            assert is_a_problem(await house.form(pairs, None, target, origin="https://example.net"), 403)
            assert (await house.form(pairs, None, target)).status == 202
        assert (await house.form(pairs, KEY, sec_fetch_site="cross-site")).status == 202  # a key is no cookie


async def test_g2_a_key_in_a_cookie_is_none_and_no_get_changes_anything(house: House) -> None:
    assert is_a_problem(await house.get("/email", None, cookie=f"key={KEY}; x-api-key={KEY}"), 401)
    sent = await house.accepted(letter(send_at="2036-01-01T00:00:00Z"))
    before, switches = (await house.get(f"/email/{sent}")).json, await house.gateway._store.switches()
    for target in (f"/email/{sent}?_method=DELETE", f"/email/{sent}/resend", "/example.com/sandbox/fail"):
        await house.call("GET", target, ADMIN_KEY, x_http_method_override="POST")
    assert (await house.get(f"/email/{sent}")).json == before
    assert await house.gateway._store.switches() == switches
    assert (await house.get("/email?limit=1", OTHER_KEY)).status == 200
