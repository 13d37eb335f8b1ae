"""The pages over HTTP: they say what the JSON says, to those who may know it, and do only what their reader means."""

import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import pytest_asyncio
from lxml import html

from posthouse.web.pages.site import POLICY
from tests.web.house import ADMIN_KEY, KEY, OTHER_KEY, House, document, letter, one_pool, running
from tests.web.http import Reply

PAGE = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(2)>{{ 7*7 }}</textarea></pre>"


def page(reply: Reply) -> Any:
    assert reply.field("content-type") == "text/html; charset=utf-8", reply
    return html.fromstring(reply.body.decode())


def shown(reply: Reply) -> Any:
    """The document that the page shows as JSON."""
    (text,) = [pre.text_content() for pre in page(reply).iter("pre") if pre.text_content().startswith("{")][-1:]
    return msgspec.json.decode(text)


def token(reply: Reply) -> str:
    found: list[str] = page(reply).xpath("//input[@name='_token']/@value")
    assert len(set(found)) == 1
    return found[0]


class Reader:
    """Somebody with a browser, who signed in."""

    def __init__(self, house: House, cookie: str) -> None:
        self.house, self.cookie = house, cookie

    async def get(self, target: str, **fields: str) -> Reply:
        return await self.house.get(target, None, **{"accept": PAGE, "cookie": self.cookie, **fields})

    async def post(self, target: str, *pairs: tuple[str, str], seal: str | None = None, **fields: str) -> Reply:
        """A form of the page, sent back. seal: its token."""
        seal = token(await self.get("/docs")) if seal is None else seal
        form = [("_token", seal), *pairs]
        return await self.house.form(form, None, target, **{"accept": PAGE, "cookie": self.cookie, **fields})


async def signed_in(house: House, key: str = KEY, **fields: str) -> Reader:
    reply = await house.form([("key", key), ("_to", "/email")], None, "/session", accept=PAGE, **fields)
    assert (reply.status, reply.field("location")) == (303, "/email")
    return Reader(house, (reply.field("set-cookie") or "").partition(";")[0])


@pytest_asyncio.fixture(loop_scope="session")
async def reader(house: House) -> AsyncIterator[Reader]:
    yield await signed_in(house)


TARGETS = [
    *("/", "/example.com", "/email", "/email?limit=0", "/email/nothing", "/example.net", "/example.com/suppressions"),
    *("/healthz", "/readyz", "/nothing/here", "/admin/config"),
]


@pytest.mark.parametrize("target", TARGETS)
async def test_a_page_has_the_status_and_the_document_of_the_json(house: House, target: str) -> None:
    asked, told = await house.get(target, accept=PAGE), await house.get(target)
    assert asked.status == told.status
    document, expected = shown(asked), told.json
    for one in (document, expected):
        one.pop("queue_oldest_seconds", None)
    assert document == expected
    assert asked.field("content-security-policy") == POLICY.decode()
    assert asked.field("referrer-policy") == "same-origin"
    assert asked.field("x-content-type-options") == "nosniff"
    assert asked.field("cache-control") == "no-store"
    assert asked.field("vary") == told.field("vary") == "Accept"
    assert asked.field("x-request-id")


async def test_a_message_is_shown_with_its_attempts_and_its_events(house: House, reader: Reader) -> None:
    sent = await house.sent(letter(subject="Shown", tags=["spring"]))
    reply = await reader.get(f"/email/{sent['id']}")
    assert shown(reply) == (await house.get(f"/email/{sent['id']}")).json
    text = page(reply).text_content()
    for word in ("Shown", "spring", "bob@example.org", "accepted", "sent", "sandbox", "200"):
        assert word in text
    assert {time.get("datetime") for time in page(reply).iter("time")} >= {sent["created_at"]}


async def test_the_answer_to_a_post_is_a_page_with_its_status_and_headers(house: House) -> None:
    reply = await house.post(letter(), accept="text/html")
    assert reply.status == 202
    assert reply.field("location") == f"/email/{shown(reply)['id']}"
    assert (await house.call("PATCH", "/email", accept="text/html")).status == 405


async def test_head_is_told_the_length_and_nothing_more(house: House) -> None:
    reply = await house.call("HEAD", "/", accept=PAGE)
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.field("content-length") or 0) > 1000


async def test_who_has_no_key_is_asked_for_one(house: House) -> None:
    reply = await house.get("/email?tag=a", None, accept=PAGE)
    assert reply.status == 401
    assert page(reply).xpath("//input[@name='_to']/@value") == ["/email?tag=a"]
    assert "development" not in page(reply).text_content()


async def test_in_development_mode_the_page_says_which_key_it_is(tmp_path: Path) -> None:
    async with running(document(tmp_path), tmp_path) as house:
        house.gateway.app._development = True
        reply = await house.get("/", None, accept=PAGE)
        assert "the key is dev" in " ".join(page(reply).text_content().split())


async def test_a_session_opens_pages_and_never_the_api(house: House, reader: Reader) -> None:
    assert (await reader.get("/email")).status == 200
    for accept in ("application/json", "*/*"):
        assert (await reader.get("/email", accept=accept)).status == 401
        assert (await reader.post("/email", *letter().items(), accept=accept)).status == 401
    without = await house.call("DELETE", "/email/x", None, cookie=reader.cookie, accept=PAGE)
    assert without.status == 401
    as_json = await house.post(letter(), None, cookie=reader.cookie, accept=PAGE)
    assert as_json.status == 401


async def test_a_session_sees_its_own_pool_and_no_more(house: House) -> None:
    theirs = await signed_in(house, OTHER_KEY)
    sent = await house.sent(letter())
    assert (await theirs.get(f"/email/{sent['id']}")).status == 404
    assert (await theirs.get("/example.com")).status == 404
    assert (await theirs.post("/example.com/sandbox/pause")).status == 403


async def test_a_form_sends_what_it_means(house: House, reader: Reader) -> None:
    fields = [("from", "ann@example.com"), ("to", "a@example.org\r\nb@example.org"), ("text", "x"), ("cc", "")]
    first = await reader.post("/email", *fields, ("_wait", "20"), ("_once", "a-form"))
    assert (first.status, shown(first)["to"]) == (200, ["a@example.org", "b@example.org"])
    again = await reader.post("/email", *fields, ("_wait", "20"), ("_once", "a-form"))
    assert (shown(again)["id"], again.field("idempotency-replayed")) == (shown(first)["id"], "true")
    later = await house.accepted(letter(send_at="2030-01-01T00:00:00Z"))
    gone = await reader.post(f"/email/{later}", ("_method", "DELETE"))
    assert (gone.status, shown(gone)) == (200, {"id": later, "status": "cancelled"})


async def test_suppressions_are_added_and_taken_away_with_forms(reader: Reader) -> None:
    added = await reader.post("/example.com/suppressions", ("addresses", "p@example.org\r\nq@example.org"))
    assert [one["added"] for one in shown(added)["suppressions"]] == [True, True]
    for address in ("p@example.org", "q@example.org"):
        removed = await reader.post("/example.com/suppressions", ("addresses", address), ("_method", "DELETE"))
        assert shown(removed)["suppressions"] == [{"address": address, "removed": True}]


async def test_an_error_keeps_what_was_filled_in_and_stands_beside_its_field(reader: Reader) -> None:
    reply = await reader.post(
        "/email", ("from", "ann@example.com"), ("to", "nobody"), ("text", HOSTILE), ("expires_in", "soon")
    )
    assert reply.status == 422
    found = page(reply)
    (to,) = found.xpath("//textarea[@name='to']")
    assert to.text_content().strip() == "nobody"
    about = [found.get_element_by_id(name).text_content() for name in to.get("aria-describedby").split()]
    assert about[-1].startswith("to[0]: Expected")
    assert found.xpath("//input[@name='expires_in']/@value") == ["soon"]
    assert found.xpath("//textarea[@name='text']")[0].text_content().strip() == HOSTILE


@pytest.mark.parametrize("seal", ["", "0" * 32])
async def test_a_form_without_its_token_does_nothing(house: House, reader: Reader, seal: str) -> None:
    reply = await reader.post("/email", *letter(subject="Forged").items(), seal=seal)
    assert reply.status == 403
    assert page(reply).xpath("//input[@name='subject']/@value") == ["Forged"]
    assert "Forged" not in (await house.get("/email?limit=1")).body.decode()


@pytest.mark.parametrize(
    "fields",
    [{"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}, {"origin": "https://evil.example"}],
)
async def test_a_form_of_another_site_does_nothing(house: House, reader: Reader, fields: dict[str, str]) -> None:
    assert (await reader.post("/email", *letter().items(), **fields)).status == 403
    signing = await house.form([("key", KEY)], None, "/session", accept=PAGE, **fields)
    assert (signing.status, signing.field("set-cookie")) == (403, None)


async def test_another_readers_token_is_of_no_use(house: House, reader: Reader) -> None:
    other = await signed_in(house, OTHER_KEY)
    theirs = token(await other.get("/docs"))
    assert (await reader.post("/email", *letter().items(), seal=theirs)).status == 403


async def test_an_open_pool_takes_a_form_of_its_own_page_without_a_key(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path, open=True), tmp_path) as house:
        fields = list(letter().items())
        own = await house.form(fields, None, "/email", accept=PAGE, sec_fetch_site="same-origin")
        assert own.status == 202
        other = await house.form(fields, None, "/email", accept=PAGE, sec_fetch_site="cross-site")
        assert other.status == 403


async def test_signing_out_makes_the_browser_forget(reader: Reader) -> None:
    reply = await reader.post("/session", ("_method", "DELETE"))
    assert (reply.status, reply.field("location")) == (303, "/session")
    cookies = [value for name, value in reply.fields if name == "set-cookie"]
    assert all("Max-Age=0" in cookie for cookie in cookies)
    assert len(cookies) == 2
    assert (await reader.post("/session", ("_method", "DELETE"), seal="")).status == 403


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nx: y", ""])
async def test_signing_in_leads_to_no_other_place(house: House, to: str) -> None:
    reply = await house.form([("key", KEY), ("_to", to)], None, "/session", accept=PAGE)
    assert (reply.status, reply.field("location")) == (303, "/")


async def test_over_https_the_cookie_goes_no_other_way(house: House) -> None:
    fields = {"accept": PAGE, "origin": "https://posthouse.example.com"}
    reply = await house.form([("key", KEY)], None, "/session", **fields)
    assert (reply.field("set-cookie") or "").startswith("__Host-posthouse=")
    assert (reply.field("set-cookie") or "").endswith("; Secure")


async def test_a_key_that_is_withdrawn_ends_the_session(tmp_path: Path) -> None:
    async with running(document(tmp_path), tmp_path) as house:
        reader = await signed_in(house)
        house.gateway.app.door.callers = type(house.gateway.app.door.callers)({})
        assert (await reader.get("/email")).status == 401


async def test_no_markup_of_a_message_survives_on_any_page(house: House) -> None:
    admin = await signed_in(house, ADMIN_KEY)
    sent = await house.sent(
        letter(
            subject=HOSTILE,
            text=HOSTILE,
            html=f"<p>{HOSTILE}</p>",
            tags=[HOSTILE],
            metadata={"name": HOSTILE},
            **{"from": {"email": "ann@example.com", "name": HOSTILE}},
        )
    )
    await house.ask("/example.com/suppressions", {"address": "h@example.org", "reason": HOSTILE})
    await house.ask("/example.com/sandbox/pause", {"reason": HOSTILE}, ADMIN_KEY)
    query = urlencode({"tag": HOSTILE})
    targets = [
        *("/", "/example.com", "/email", f"/email?{query}", f"/email?{urlencode({HOSTILE: HOSTILE})}"),
        *(f"/email/{sent['id']}", f"/email/{sent['id']}/explain", "/example.com/suppressions"),
        f"/{urlencode({'': HOSTILE})[1:]}",
    ]
    replies = [await admin.get(target) for target in targets]
    wrong = [("from", HOSTILE), ("subject", HOSTILE), ("lane", HOSTILE), (HOSTILE, HOSTILE)]
    replies.append(await admin.post("/email", *wrong))
    replies.append(await admin.post("/route/explain", *wrong))
    replies.append(await admin.post("/example.com/sandbox/resume", ("reason", HOSTILE)))
    replies.append(await admin.post("/example.com/sandbox/resume"))
    replies.append(await house.form([("key", HOSTILE), ("_to", HOSTILE)], None, "/session", accept=PAGE))
    assert sum("alert(1)" in page(reply).text_content() for reply in replies) >= 8
    for reply in replies:
        found = page(reply)
        assert len(found.xpath("//script")) == 1
        assert not found.xpath("//img | //style | //*[@style] | //iframe | //object | //base")
        assert not [name for one in found.iter() for name in one.attrib if name.startswith("on")]
        assert b"alert(2)&gt;49" not in reply.body


async def test_nothing_of_a_page_comes_from_elsewhere(house: House, reader: Reader) -> None:
    found = page(await reader.get("/"))
    links = found.xpath("//script/@src | //link/@href")
    assert len(links) == 3
    for link in links:
        assert re.fullmatch(r"/assets/[0-9a-f]{16}/[a-z.]+", link)
        asset = await house.get(link, None)
        assert asset.status == 200
        assert asset.field("cache-control") == "public, max-age=31536000, immutable"
        assert b"http" not in asset.body.replace(b"http://www.w3.org/2000/svg", b"")
    assert (await house.get("/assets/0000000000000000/posthouse.css", None)).status == 404
    assert (await house.call("POST", links[0], None)).status == 405


async def test_every_input_has_a_label_and_every_page_one_heading(house: House) -> None:
    admin = await signed_in(house, ADMIN_KEY)
    for target in ("/", "/example.com", "/email", "/example.com/suppressions", "/admin/config", "/docs", "/session"):
        found = page(await admin.get(target))
        assert len(found.xpath("//h1")) == 1, target
        labelled = set(found.xpath("//label/@for"))
        inputs = found.xpath("//input[not(@type='hidden')] | //textarea | //select")
        assert {one.get("id") for one in inputs} <= labelled, target
        ids = found.xpath("//@id")
        assert len(ids) == len(set(ids)), target


async def test_the_documentation_names_every_call_to_everybody(house: House) -> None:
    from posthouse.web.routes import ROUTES

    reply = await house.get("/docs", None)
    found = page(reply)
    headings = [" ".join(one.text_content().split()) for one in found.xpath("//h2/code")]
    assert headings == [f"{route.method} {route.path}" for route in ROUTES]
    for route in ROUTES:
        assert route.summary.replace("`", "") in found.text_content()
    assert (await house.call("POST", "/docs", None)).status == 405


async def test_the_configuration_is_shown_to_administrators_without_a_key(house: House) -> None:
    admin = await signed_in(house, ADMIN_KEY)
    reply = await admin.get("/admin/config")
    assert reply.status == 200
    assert ADMIN_KEY not in reply.body.decode()
    assert (await (await signed_in(house)).get("/admin/config")).status == 403


def test_nothing_of_it_is_loaded_before_the_first_page() -> None:
    code = (
        "import sys, posthouse.gateway; print(*(name for name in sys.modules if 'jinja2' in name or '.site' in name))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


async def test_a_command_on_a_page_holds_nothing_that_a_shell_would_run(house: House) -> None:
    reply = await house.get("/email/$(touch${IFS}x);'`id`'", accept=PAGE)
    command = next(one.text_content() for one in page(reply).iter("pre") if one.text_content().startswith("curl"))
    words = shlex.split(command)
    assert words[-1] == "https://HOST/email/$(touch${IFS}x);'`id`'"
    assert len(words) == 4
