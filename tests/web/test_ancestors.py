"""The calls that five earlier services documented, as they were written there, on our own routes."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from posthouse.mail.arrival import Arrival
from posthouse.mail.mime import decode
from tests.web.house import ADMIN_KEY, House, document, running
from tests.web.http import Reply
from tests.web.test_app import is_a_problem

POOL_KEY = "a-key-of-the-pool"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[House]:
    """A house that anybody may send through, as two of the five were."""
    given = document(tmp_path)
    given["pools"]["example.com"] |= {
        "open": True,
        "keys": {"web": POOL_KEY},
        "default_from": "Shop <shop@example.com>",
    }
    async with running(given, tmp_path) as opened:
        yield opened


async def said(office: House, how: str, target: str, fields: dict[str, Any], key: str | None, **headers: str) -> Reply:
    """The same fields as JSON or as a form."""
    if how == "json":
        return await office.ask(target, fields, key, prefer="wait=20", **headers)
    pairs = [(n, v) for n, vs in fields.items() for v in (vs if isinstance(vs, list) else [vs])]
    return await office.form(pairs, key, target, prefer="wait=20", **headers)


async def mail_of(office: House, reply: Reply) -> dict[str, Any]:
    """The record, and the fields of the message that left."""
    assert (reply.status, reply.json["status"]) == (200, "sent"), reply
    # The sandbox adds a line for each who gets it, before the message itself.
    raw = re.sub(rb"(?m)^X-Envelope-To:.*\n", b"", office.mail(reply.json["id"]) or b"")
    found = decode(raw)
    assert isinstance(found, Arrival), found
    return {**found.fields, "record": reply.json}


@pytest.mark.parametrize("how", ["json", "form"])
async def test_emissary(office: House, how: str) -> None:
    fields = {
        "to": "bob@example.org",
        "to_name": "Mr. Fake",
        "from": "no-reply@example.com",
        "from_name": "Ms. Fake",
        "subject": "A message",
        "body": "<h1>Your bill</h1><p>$10</p>",
    }
    mail = await mail_of(office, await said(office, how, "/email", fields, None))
    assert mail["record"]["from"] == "Ms. Fake <no-reply@example.com>"
    assert mail["record"]["to"] == ["Mr. Fake <bob@example.org>"]
    assert "<h1>Your bill</h1>" in mail["html"]
    assert "Your bill" in mail["text"]


@pytest.mark.parametrize("how", ["json", "form"])
async def test_micromailer(office: House, how: str) -> None:
    fields = {"to": "bob@example.org", "to_name": "Bob", "subject": "Hello", "content": "# Hello\n\n*Bob*"}
    reply = await said(office, how, "/email", fields, None)
    mail = await mail_of(office, reply)
    assert mail["record"]["from"] == "Shop <shop@example.com>"
    assert "<h1>Hello</h1>" in mail["html"]
    assert "<em>Bob</em>" in mail["html"]
    assert (await office.get(f"/email/{reply.json['id']}", POOL_KEY)).json["status"] == "sent"


@pytest.mark.parametrize("how", ["json", "form"])
@pytest.mark.parametrize("recipients", ["bob@example.org", ["bob@example.org", "eve@example.net"]])
async def test_stampman_sends(office: House, how: str, recipients: Any) -> None:
    fields = {
        "pool_api_key": POOL_KEY,
        "from_email": "ann@example.com",
        "from_name": "Ann",
        "recipients": recipients,
        "reply_to": "answers@example.com",
        "subject": "Hello",
        "content": "A plain text.",
    }
    mail = await mail_of(office, await said(office, how, "/example.com/send/", fields, None))
    assert mail["record"]["from"] == "Ann <ann@example.com>"
    assert mail["record"]["to"] == (recipients if isinstance(recipients, list) else [recipients])
    assert mail["text"].strip() == "A plain text."
    assert mail["reply_to"]


@pytest.mark.parametrize("name", ["admin_api_key", "root_api_key"])
@pytest.mark.parametrize("how", ["json", "form"])
async def test_stampman_and_uber_list_their_pools(office: House, how: str, name: str) -> None:
    listed = await said(office, how, "/", {name: ADMIN_KEY}, None)
    assert [pool["domain"] for pool in listed.json["pools"]] == ["example.com", "example.net"]
    for target in ("/example.net", "/example.net/"):
        shown = await said(office, how, target, {name: ADMIN_KEY}, None)
        assert shown.json["domain"] == "example.net"
        assert [provider["name"] for provider in shown.json["providers"]] == ["sandbox"]
    assert is_a_problem(await said(office, how, "/", {name: "wrong"}, None), 401)
    assert is_a_problem(await said(office, how, "/", {name: ADMIN_KEY, "domain": "x"}, None), 422)


@pytest.mark.parametrize("how", ["json", "form"])
async def test_uber_sends(office: House, how: str) -> None:
    fields = {
        "pool_api_key": POOL_KEY,
        "from_email": "ann@example.com",
        "from_name": "Ann",
        "to_recipients": ["bob@example.org", "eve@example.net"],
        "to_cc": ["cc@example.org"],
        "to_bcc": "bcc@example.org",
        "subject": "Hello",
        "raw_text_body": "Hello, Bob.",
        "html_body": "<p>Hello, <b>Bob</b>.</p>",
    }
    reply = await said(office, how, "/example.com/send", fields, None)
    assert (reply.status, reply.json["status"]) == (200, "sent"), reply
    assert reply.json["to"] == ["bob@example.org", "eve@example.net", "cc@example.org", "bcc@example.org"]
    raw = office.mail(reply.json["id"]) or b""
    assert b"<b>Bob</b>" in raw
    assert b"Cc: cc@example.org" in raw
    through = await said(office, how, "/example.com/sandbox/send", fields, None)
    assert through.json["provider"] == "sandbox"


@pytest.mark.parametrize("how", ["json", "form"])
async def test_uber_toggles_a_simulated_failure(office: House, how: str) -> None:
    for fails in (True, False):
        reply = await said(office, how, "/example.com/sandbox/fail", {"root_api_key": ADMIN_KEY}, None)
        assert (reply.status, reply.json["name"], reply.json["switch"]["fail"]) == (200, "sandbox", fails)
    target = "/example.com/sandbox/fail"
    assert is_a_problem(await said(office, how, target, {"root_api_key": "wrong"}, None), 401)
    assert is_a_problem(await said(office, how, target, {"root_api_key": POOL_KEY}, None), 403)
    unknown = await said(office, how, "/example.com/unknown/fail", {"root_api_key": ADMIN_KEY}, None)
    assert is_a_problem(unknown, 404)


async def test_sendmailserviceproxy(office: House) -> None:
    fields = {
        "fromaddress": "ann@example.com",
        "toaddress": "bob@example.org",
        "subject": "Hello",
        "plaintextbody": "Hello, Bob.",
    }
    mail = await mail_of(office, await said(office, "json", "/email", fields, None, x_api_key=POOL_KEY))
    assert (mail["text"].strip(), mail["record"]["subject"]) == ("Hello, Bob.", "Hello")
    assert (await office.get("/healthcheck", None)).status == 200
    assert is_a_problem(await said(office, "json", "/email", fields, None, x_api_key="wrong"), 401)
