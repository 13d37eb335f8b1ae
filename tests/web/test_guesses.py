"""Wrong keys, counted by address."""

from pathlib import Path

from posthouse.web.guesses import ADDRESSES, MINUTE_S, MOST, Guesses
from tests.delivery.clock import NOW
from tests.web.house import KEY, document, letter, running


def test_twenty_in_a_minute_are_let_pass_and_the_next_is_429_until_the_minute_is_over() -> None:
    guesses = Guesses()
    start = NOW // MINUTE_S * MINUTE_S
    assert [guesses.wrong("198.51.100.7", start + 1) for _ in range(MOST)] == [None] * MOST
    refused = guesses.wrong("198.51.100.7", start + 10)
    assert refused is not None
    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (429, b"50")
    assert guesses.wrong("198.51.100.8", start + 10) is None
    assert guesses.wrong("198.51.100.7", start + MINUTE_S) is None


def test_what_is_remembered_has_a_bound() -> None:
    guesses = Guesses()
    for number in range(2 * ADDRESSES):
        guesses.wrong(str(number), NOW)
    assert len(guesses._wrong) <= ADDRESSES + 1


async def test_over_the_budget_a_wrong_key_is_429_and_a_right_one_passes(tmp_path: Path) -> None:
    async with running(document(tmp_path), tmp_path) as house:
        house.gateway.app.door.guesses.most = MOST
        statuses = [(await house.get("/email", "a-wrong-key")).status for _ in range(MOST + 2)]
        assert statuses == [401] * MOST + [429] * 2
        assert (await house.get("/email", None)).status == 401
        assert (await house.post(letter(), KEY)).status == 202
        in_body = await house.ask("/example.com/send", {**letter(), "pool_api_key": "a-wrong-key"}, None)
        assert in_body.status == 429
        browser = {"accept": "text/html", "content_type": "application/x-www-form-urlencoded"}
        signing = await house.call(
            "POST", "/session", None, b"key=a-wrong-key", sec_fetch_site="same-origin", **browser
        )
        assert signing.status == 429
        reply = await house.get("/email", "a-wrong-key")
        assert reply.json["type"] == "urn:posthouse:problem:too-many-wrong-keys"
