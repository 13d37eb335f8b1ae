"""Pages of other origins: only those that the operator names."""

from pathlib import Path

import pytest

from tests.web.house import House, letter, one_pool, running
from tests.web.http import Reply

APP = "https://app.example.com"


async def asking(house: House, target: str, origin: str) -> Reply:
    """What a browser asks before it lets a page call."""
    asked = {"access_control_request_method": "POST", "access_control_request_headers": "authorization"}
    return await house.call("OPTIONS", target, None, None, origin=origin, **asked)


def told(reply: Reply) -> dict[str, str]:
    """What is said of origins; that answers differ by Accept is another matter."""
    named = [(name, value) for name, value in reply.fields if name.startswith("access-control-") or name == "vary"]
    return {name: value for name, value in named if value != "Accept"}


async def test_without_origins_nothing_is_said_of_them(house: House) -> None:
    for reply in (
        await house.get("/email", origin=APP),
        await asking(house, "/email", APP),
    ):
        assert told(reply) == {}
    assert reply.status == 405


async def test_an_origin_that_is_named_may_ask_and_then_call(tmp_path: Path) -> None:
    given = {**one_pool(tmp_path), "http": {"cors_origins": [APP]}}
    async with running(given, tmp_path) as house:
        asked = await asking(house, "/email/", APP)
        assert (asked.status, asked.body) == (204, b"")
        assert told(asked) == {
            "access-control-allow-origin": APP,
            "access-control-allow-methods": "GET, HEAD, POST",
            "access-control-allow-headers": "Authorization, X-API-Key, Content-Type, Idempotency-Key, Prefer, "
            "X-Request-Id",
            "access-control-expose-headers": "Location, Retry-After, Idempotency-Replayed, X-Request-Id",
            "access-control-max-age": "600",
            "vary": "Origin",
        }
        for reply in (await house.post(letter(), origin=APP), await house.get("/nothing", origin=APP)):
            assert told(reply)["access-control-allow-origin"] == APP
        assert "access-control-allow-credentials" not in told(reply)


@pytest.mark.parametrize("origin", ["https://example.net", "http://app.example.com", f"{APP}.example.net", "null", ""])
async def test_another_origin_may_neither_ask_nor_read(tmp_path: Path, origin: str) -> None:
    given = {**one_pool(tmp_path), "http": {"cors_origins": [APP]}}
    async with running(given, tmp_path) as house:
        asked = await asking(house, "/email", origin)
        assert (asked.status, told(asked)) == (405, {"vary": "Origin"})
        assert told(await house.get("/email", origin=origin)) == {"vary": "Origin"}
        assert told(await house.get("/email")) == {"vary": "Origin"}


async def test_all_origins_may_be_named_at_once(tmp_path: Path) -> None:
    given = {**one_pool(tmp_path), "http": {"cors_origins": ["*"]}}
    async with running(given, tmp_path) as house:
        assert told(await house.get("/email", origin="https://example.net"))["access-control-allow-origin"] == "*"
        assert (await asking(house, "/nothing", APP)).status == 404
        assert (await house.call("OPTIONS", "/email", None, origin=APP)).status == 405
