"""The document says what the server does: every answer it promises is really given, and given as it says."""

import ast
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from openapi_spec_validator import validate

from posthouse.intake.caller import Caller, Callers
from posthouse.mail import attachment, fields, message
from posthouse.routing.rules import Rate
from posthouse.web import app, body
from posthouse.web.answer import Answer
from posthouse.web.door import Door
from posthouse.web.openapi import codes, shapes
from posthouse.web.openapi.bodies import FORM, JSON
from posthouse.web.openapi.examples import EXAMPLES
from posthouse.web.openapi.kinds import KINDS
from posthouse.web.openapi.message import FIELD
from posthouse.web.openapi.operation import PROBLEM, SHARED, statuses
from posthouse.web.openapi.page import page
from posthouse.web.openapi.parameters import SCHEMAS
from posthouse.web.request import Request
from posthouse.web.route import PLACES, Paths, Route
from posthouse.web.routes import ROUTES
from tests.web.described import DOCUMENT, fits, holds, operations, resolved
from tests.web.house import ADMIN_KEY, KEY, House, document, letter
from tests.web.http import Reply, line, request
from tests.web.test_admin import filed

SOURCE = Path(app.__file__).parents[1]
PAGE = SOURCE.parents[1] / "docs" / "reference" / "http.md"

NOBODY = "01a20ae0-e2cc-7ac8-b610-e32461741d70"
LATER = "2036-01-01T00:00:00Z"
ROUTE: dict[tuple[str, str], Route] = {(route.method, route.path): route for route in ROUTES}


def test_it_is_a_valid_document() -> None:
    validate(DOCUMENT)


def test_it_describes_every_route_and_who_may_call_it() -> None:
    assert {(method, path) for method, path, _ in operations()} == ROUTE.keys()
    for method, path, operation in operations():
        access = ROUTE[method, path].access
        roles = ["admin"] if access == "admin" else []
        assert operation["security"] == ([] if access == "anyone" else [{"bearer": roles}, {"key": roles}])


def test_every_example_is_what_it_is_an_example_of() -> None:
    for name, shown in EXAMPLES.items():
        fits({"$ref": f"#/components/schemas/{name}"}, shown)
    for _, _, operation in operations():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for example in content.get("examples", {}).values():
                fits(content["schema"], example["value"])
        for answer in operation["responses"].values():
            problem = answer.get("content", {}).get(PROBLEM, {})
            for example in problem.get("examples", {}).values():
                fits(problem["schema"], resolved(example)["value"])


def test_every_shape_parameter_place_and_body_of_the_table_is_known() -> None:
    for route in ROUTES:
        assert set(route.shows.values()) <= shapes.SHAPES.keys()
        assert {parameter.name for parameter in route.parameters} <= SCHEMAS.keys()
        assert route.shows.keys() >= {status for status in route.answers if status in (200, 202)}
    used = {name for route in ROUTES for name in route.shows.values()} | {"Problem", "Flaw", "Wrong"}
    assert used == shapes.SHAPES.keys()
    assert {name for route in ROUTES for name in PLACES if f"{{{name}}}" in route.path} == PLACES.keys()


def test_a_message_has_every_field_under_every_name() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["NewMessage"]["properties"].keys() == fields.FIELDS.keys()
    assert schemas["NewMessageForm"]["properties"].keys() == fields.FIELDS.keys() - {"attachments"}
    assert schemas["NewMessageFiles"]["properties"].keys() == fields.FIELDS.keys() | {"inline"}
    assert FIELD.keys() == set(fields.FIELDS.values())
    assert tuple(schemas["Attachment"]["properties"]) == attachment.PARTS
    assert schemas["Mailbox"]["anyOf"][1]["properties"].keys() == {"email", "name"}
    assert {"from_email", "toaddress", "plaintextbody", "html_body"} < schemas["NewMessage"]["properties"].keys()


def said(files: Iterable[Path], names: tuple[str, ...], places: int) -> set[tuple[Any, ...]]:
    """The first arguments of each call of those functions, where they are plain values."""
    found = set()
    for file in files:
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names:
                given = [one.value for one in call.args[:places] if isinstance(one, ast.Constant)]
                if len(given) == places:
                    found.add(tuple(given))
    return found


AGAINST = {code for (code,) in said([SOURCE / "web" / "resend.py"], ("Flaw",), 1)}
"""What stands against sending a message once more is a kind of error, not a problem of a field."""


def test_every_kind_of_error_that_the_source_names_is_described_and_no_other() -> None:
    given = said((SOURCE / "web").glob("*.py"), ("problem",), 2) | {(409, code) for code in AGAINST}
    assert given == {(kind.status, kind.name) for kind in KINDS}
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_every_code_that_the_source_names_is_described() -> None:
    files = [*(SOURCE / "web").glob("*.py"), *(SOURCE / "intake").glob("*.py"), SOURCE / "reload.py"]
    given = {code for (code,) in said(files, ("Problem", "Flaw"), 1)} - AGAINST
    assert given <= codes.CODES.keys()
    assert codes.OWN.keys() <= given


def test_a_route_names_all_that_it_may_answer_but_what_all_may_answer() -> None:
    for route in ROUTES:
        assert set(statuses(route)) - route.answers.keys() <= SHARED, route.path
        known = {kind.status for kind in KINDS if kind.of(route)} | route.shows.keys() | {304}
        assert route.answers.keys() <= known, route.path


# Every answer is given.


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that was started from a file."""
    folder = tmp_path_factory.mktemp("described")
    async with filed(folder) as (opened, _):
        yield opened


class Calling:
    """One route of a house, to be called so that it answers with one status. patch: undone after the test."""

    def __init__(self, house: House, route: Route, patch: pytest.MonkeyPatch) -> None:
        self.house, self.route, self.patch = house, route, patch
        self.door = house.gateway.app.door
        self.key: str | None = ADMIN_KEY if route.access == "admin" else KEY
        # What is switched stays switched: not where messages are to be sent.
        self.domain = "example.net" if route.access == "admin" else "example.com"
        self.id = NOBODY

    @property
    def target(self) -> str:
        return self.route.path.format(id=self.id, domain=self.domain, provider="sandbox")

    async def __call__(self, content: bytes | None = None, method: str | None = None, **headers: str) -> Reply:
        if content is not None:
            headers.setdefault("content_type", JSON)
        return await self.house.call(method or self.route.method, self.target, self.key, content, **headers)

    async def well(self, **headers: str) -> Reply:
        """A call that is good."""
        if "{id}" in self.route.path:
            self.id = await self.house.accepted(letter(send_at=LATER))
        given = GOOD[self.route.body]
        if self.route.body == "configuration":
            given = document(self.house.folder)
        return await self(None if given is None else json.dumps(given).encode(), **headers)

    async def twice(self, *fields: tuple[str, str]) -> Reply:
        """A call with these headers beside the key, whatever they are, and no body."""
        pairs = [*([] if self.key is None else [("Authorization", f"Bearer {self.key}")]), *fields]
        async with line(self.house.port) as opened:
            await opened.say(request(self.route.method, self.target, pairs))
            return await opened.reply()


GOOD: dict[str | None, dict[str, Any] | None] = {
    None: None,
    "message": letter(),
    "batch": {"messages": [letter()]},
    "resend": {"force": True},
    "key": {},
    "suppression": {"address": "described@example.org"},
    "addresses": {"address": "described@example.org"},
    "fail": {"fail": False},
    "pause": {"reason": "a test"},
    "resume": {},
    "release": {"unfinished": "hold"},
    "configuration": {},
}


async def good(calling: Calling) -> Reply:
    return await calling.well(**({"prefer": "wait=20"} if 202 in calling.route.answers else {}))


async def accepted(calling: Calling) -> Reply:
    return await calling.well()


async def unchanged(calling: Calling) -> Reply:
    tag = (await calling()).field("etag")
    return await calling(if_none_match=f'"other", W/{tag}')


async def header_twice(calling: Calling) -> Reply:
    return await calling.twice(("Content-Type", JSON), ("Content-Type", FORM))


async def keyless(calling: Calling) -> Reply:
    calling.key = None
    return await calling()


async def forbidden(calling: Calling) -> Reply:
    route, pools = calling.route, calling.door.intake.pools
    if route.access == "admin":
        calling.key = KEY
        return await calling()
    if route.body == "message":
        return await calling(json.dumps(letter(**{"from": "ann@example.net"})).encode())
    if route.body == "resend":
        calling.id = await calling.house.accepted(letter(send_at=LATER))
        calling.patch.setattr(calling.door, "callers", limited(allow=("*@example.net",)))
        return await calling(b'{"force": true}')
    calling.patch.setitem(pools, "example.com", msgspec.structs.replace(pools["example.com"], open=True))
    calling.key = None
    return await calling(sec_fetch_site="cross-site")


def limited(**limits: Any) -> Callers:
    return Callers({sha256(KEY.encode()).digest(): Caller("web", "example.com", **limits)})


async def nowhere(calling: Calling) -> Reply:
    calling.domain = "example.org"
    return await calling(b"{}" if calling.route.body else None)


async def other_method(calling: Calling) -> Reply:
    return await calling(method="PATCH")


async def slow(calling: Calling) -> Reply:
    calling.patch.setattr(body, "PATIENCE_S", 0.05)
    calling.patch.setattr(body, "SLOWEST", 2**30)
    return await calling.twice(("Content-Type", JSON), ("Content-Length", "9"))


async def late(calling: Calling) -> Reply:
    if calling.route.method == "DELETE":
        calling.id = (await calling.house.sent(letter()))["id"]
        return await calling()
    calling.id = await calling.house.accepted(letter(send_at=LATER))
    return await calling(b"{}")


async def large(calling: Calling) -> Reply:
    return await calling.twice(("Content-Type", JSON), ("Content-Length", str(2**40)))


async def of_another_type(calling: Calling) -> Reply:
    return await calling(b"{}", content_type="text/plain")


async def wrong(calling: Calling) -> Reply:
    if calling.route.path == "/admin/reload":
        file = calling.house.folder / "posthouse.yaml"
        kept = file.read_text()
        file.write_text("pools: {}")
        try:
            return await calling()
        finally:
            file.write_text(kept)
            assert (await calling()).status == 200
    return await calling(b'{"colour": "red"}')


async def too_many(calling: Calling) -> Reply:
    if calling.route.body == "resend":
        calling.id = await calling.house.accepted(letter(send_at=LATER))
    calling.patch.setattr(calling.door, "callers", limited(rate=Rate(1, 86400.0)))
    content = json.dumps(GOOD[calling.route.body]).encode()
    await calling(content)
    return await calling(content)


async def broken(calling: Calling) -> Reply:
    async def handler(door: Door, request: Request) -> Answer:
        raise RuntimeError

    paths = Paths(msgspec.structs.replace(route, handler=handler) for route in ROUTES)
    calling.patch.setattr(calling.house.gateway.app, "_paths", paths)
    return await calling()


async def crowded(calling: Calling) -> Reply:
    calling.patch.setattr(app, "MOST_AT_ONCE", 0)
    return await calling()


CALLS: dict[int, Callable[[Calling], Awaitable[Reply]]] = {
    200: good,
    202: accepted,
    304: unchanged,
    400: header_twice,
    401: keyless,
    403: forbidden,
    404: nowhere,
    405: other_method,
    408: slow,
    409: late,
    413: large,
    415: of_another_type,
    422: wrong,
    429: too_many,
    500: broken,
    503: crowded,
}
"""Status → a call that is answered with it."""

ANSWERS = [(method, path, int(status)) for method, path, told in operations() for status in told["responses"]]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_every_answer_that_is_described_is_given_as_it_is_described(
    house: House, monkeypatch: pytest.MonkeyPatch, method: str, path: str, status: int
) -> None:
    reply = await CALLS[status](Calling(house, ROUTE[method, path], monkeypatch))
    assert reply.status == status, reply
    holds(method, path, reply)


async def test_what_is_only_sometimes_there_is_described_too(house: House) -> None:
    """Fields of an answer that most answers do not have."""
    sent = await house.sent(letter(to="x+defer@example.org", tags=["a"], metadata={"b": "c"}, expires_in="1s"))
    holds("GET", "/email/{id}", await house.get(f"/email/{sent['id']}"))
    holds("GET", "/email/{id}/explain", await house.get(f"/email/{sent['id']}/explain"))
    again = await house.ask(f"/email/{sent['id']}/resend", {"force": True}, idempotency_key="described")
    holds("POST", "/email/{id}/resend", again)
    holds("GET", "/email/{id}", await house.get(again.field("location") or ""))
    for said in ({"fail": True, "mode": "timeout", "for_s": 60}, {"fail": True}, {"fail": False}):
        switched = await house.ask("/example.net/sandbox/fail", said, ADMIN_KEY)
        holds("POST", "/{domain}/{provider}/fail", switched)
        holds("GET", "/", await house.get("/", ADMIN_KEY))
    await house.accepted(letter(), idempotency_key="described-once")
    taken = await house.post(letter(), idempotency_key="described-once")
    holds("POST", "/email", taken)
    assert taken.field("idempotency-replayed") == "true"
    await house.ask("/example.com/suppressions", {"address": "gone@example.org"})
    holds("GET", "/{domain}/suppressions", await house.get("/example.com/suppressions"))
    batch = await house.ask("/email/batch", {"messages": [letter(), letter(to="nobody"), 7]})
    holds("POST", "/email/batch", batch)
    assert [set(result) for result in batch.json["results"]] == [{"id", "status"}, {"problems"}, {"problems"}]


# What it does not describe is not looked at, or refused.


@pytest.mark.parametrize("target", ["/", "/example.com"])
async def test_a_body_that_comes_with_a_get_means_nothing(house: House, target: str) -> None:
    reply = await house.call("GET", target, KEY, b"{", content_type="text/plain")
    assert reply.status == 200
    assert reply.json.keys() == (await house.get(target)).json.keys()


async def test_addresses_stand_in_the_query_or_in_the_body(house: House) -> None:
    target = "/example.com/suppressions?address=bob@example.org"
    reply = await house.ask(target, {"address": "ann@example.org"}, method="DELETE")
    assert (reply.status, reply.codes) == (422, [("field-conflict", "address")])


@pytest.mark.parametrize("path", ["/example.com", "/example.com/send", "/example.com/sandbox/send"])
async def test_a_key_in_a_body_is_text_even_where_a_header_brings_one(house: House, path: str) -> None:
    reply = await house.ask(path, {**(letter() if "send" in path else {}), "pool_api_key": 7})
    assert (reply.status, reply.codes) == (422, [("field-type", "pool_api_key")])


# It is served.


@pytest.mark.parametrize("target", ["/openapi.json", "/swagger.json"])
async def test_anybody_may_read_it_and_keep_it_until_it_changes(house: House, target: str) -> None:
    reply = await house.get(target, None)
    assert (reply.status, reply.field("content-type"), reply.json) == (200, JSON, DOCUMENT)
    assert reply.field("cache-control") == "no-cache"
    tag = reply.field("etag") or ""
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        kept = await house.get(target, None, if_none_match=known)
        assert (kept.status, kept.body, kept.field("etag")) == (304, b"", tag)
        assert kept.field("content-length") is None
    assert (await house.get(target, None, if_none_match='"x"')).status == 200


def test_a_server_that_nobody_asks_for_it_does_not_make_it() -> None:
    program = "import sys, posthouse.gateway; print('posthouse.web.openapi.document' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


def test_the_reference_page_is_made_from_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(DOCUMENT), "run `make reference`"


def test_the_page_names_every_call_field_error_and_code() -> None:
    made = page(DOCUMENT)
    for method, path, _ in operations():
        assert f"\n### {method} {path}\n" in made
    for name in (*fields.FIELDS, *codes.CODES, *(kind.name for kind in KINDS)):
        assert f"`{name}`" in made
    assert message.Message.__name__ in made
