"""GET /metrics: who may read it, and that each thing that happens is counted once, under the right name."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from posthouse import gateway as house_module
from posthouse.config.problem import Problem
from posthouse.metrics.described import METRICS
from posthouse.store.contract import StoreDown
from posthouse.store.values import Backlog
from posthouse.web.backlog import DEAR, Backlogs
from posthouse.web.routes import ROUTES
from tests.delivery.clock import FakeClock
from tests.web.house import ADMIN_KEY, KEY, House, document, letter, one_pool, running

LATER = "2090-01-01T00:00:00Z"


@pytest_asyncio.fixture(loop_scope="session")
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house of its own for each test: it has counted nothing yet."""
    async with running(document(tmp_path), tmp_path) as opened:
        yield opened


async def scraped(house: House) -> dict[str, dict[tuple[str, ...], float]]:
    """Sample → values of its labels, in the order of the labels' names → value."""
    reply = await house.get("/metrics", None)
    assert reply.status == 200, reply
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(reply.body.decode()):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


@pytest.mark.parametrize("header", ["forwarded", "x_forwarded_for", "x_real_ip", "via"])
async def test_on_this_machine_no_key_is_needed_but_a_proxy_brings_strangers(house: House, header: str) -> None:
    assert (await house.get("/metrics", None)).status == 200
    assert (await house.get("/metrics", None, **{header: "192.0.2.1"})).status == 401
    assert (await house.get("/metrics", f"{KEY}-wrong", **{header: "192.0.2.1"})).status == 401
    assert (await house.get("/metrics", KEY, **{header: "192.0.2.1"})).status == 403
    assert (await house.get("/metrics", ADMIN_KEY, **{header: "192.0.2.1"})).status == 200


async def test_a_browser_that_may_not_read_it_gets_the_refusal_as_a_page(house: House) -> None:
    refused = await house.get("/metrics", None, accept="text/html", via="1.1 proxy.example.net")
    assert (refused.status, refused.field("content-type")) == (401, "text/html; charset=utf-8")


async def test_where_others_can_call_everybody_needs_an_administrators_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house_module, "is_loopback", lambda host: False)
    async with running(document(tmp_path), tmp_path) as house:
        statuses = [(await house.get("/metrics", key)).status for key in (None, KEY, ADMIN_KEY)]
    assert statuses == [401, 403, 200]


async def test_text_or_open_metrics_as_the_caller_likes_and_the_length_for_head(house: House) -> None:
    text = await house.get("/metrics", None)
    assert text.field("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    liked = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    openly = await house.get("/metrics", None, accept=liked)
    assert openly.field("content-type") == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert openly.body.endswith(b"# EOF\n")
    assert (await house.get("/metrics", None, accept="text/html")).field("content-type") == text.field("content-type")
    head = await house.call("HEAD", "/metrics", None)
    assert (head.status, head.body) == (200, b"")
    assert int(head.field("content-length") or 0) > 1000


async def test_every_metric_that_is_described_is_there_in_an_idle_house(house: House) -> None:
    await house.get("/healthz", None)
    names = (await scraped(house)).keys()
    for metric in METRICS:
        if metric.name.startswith(("posthouse_quota_l", "posthouse_attempt_seconds", "posthouse_canary_")):
            continue  # only where there is a quota, after an attempt, and where there is a canary
        assert names & {metric.name, f"{metric.name}_bucket"}, metric.name


async def test_what_is_accepted_is_counted_by_pool_and_door_and_a_replay_is_not(house: House) -> None:
    for _ in range(2):
        await house.accepted(letter(send_at=LATER), idempotency_key="once")
    await house.ask("/email/batch", {"messages": [letter(send_at=LATER), {"to": "nobody"}, letter(send_at=LATER)]})
    assert (await house.ask("/example.com/send", letter(send_at=LATER))).status == 202
    assert (await house.post({"to": "nobody"})).status == 422
    first = await house.accepted(letter(send_at=LATER))
    assert (await house.ask(f"/email/{first}/resend", {"force": True})).status == 202
    found = await scraped(house)
    assert found["posthouse_accepted_total"] == {("http", "example.com"): 6, ("http", "example.net"): 0}
    assert found["posthouse_messages"]["example.com", "scheduled"] == 5  # the resent one is not for later


async def test_an_attempt_is_counted_by_its_outcome_and_timed(house: House) -> None:
    await house.sent(letter())
    assert (await house.sent(letter(to="x+refuse@example.org")))["status"] == "failed"
    found = await scraped(house)
    line = ("example.com", "sandbox")
    assert found["posthouse_attempts_total"]["accepted", *line] == 1
    assert found["posthouse_attempts_total"]["refused", *line] == 1
    assert found["posthouse_attempts_total"]["deferred", *line] == 0
    assert found["posthouse_attempt_seconds_count"] == {line: 2}
    assert found["posthouse_ended_total"]["example.com", "sent"] == 1
    assert found["posthouse_ended_total"]["example.com", "failed"] == 1


async def test_messages_that_end_without_an_attempt_are_counted(house: House) -> None:
    ids = [await house.accepted(letter(send_at=LATER)) for _ in range(2)]
    assert [(await house.call("DELETE", f"/email/{ids[0]}", key)).status for key in (KEY, KEY)] == [200, 200]
    assert (await house.call("DELETE", f"/email/{ids[1]}", ADMIN_KEY)).status == 200
    await house.ask("/example.com/suppressions", {"address": "gone@example.org"})
    await house.sent(letter(to="gone@example.org"))
    ended = (await scraped(house))["posthouse_ended_total"]
    assert ended["example.com", "cancelled"] == 2
    assert ended["example.com", "suppressed"] == 1


async def test_a_second_copy_that_may_be_one_is_counted_and_the_first_is_not(tmp_path: Path) -> None:
    sandbox = {"type": "sandbox", "maildir": str(tmp_path / "sent"), "slow_s": 0}
    providers = {name: {"order": place, **sandbox} for place, name in enumerate(("first", "second"), 1)}
    given = one_pool(tmp_path, providers=providers, retry={"first_s": 1000}, breaker={"failures": 1000})
    async with running(given, tmp_path) as house:
        await house.sent(letter())
        await house.accepted(letter(to="x+unsure@example.org"))
        async with asyncio.timeout(20):
            while not (found := await scraped(house))["posthouse_attempts_total"]["unsure", "example.com", "second"]:
                pass
    assert found["posthouse_attempts_total"]["unsure", "example.com", "first"] == 1
    assert found["posthouse_possible_duplicates_total"] == {("example.com",): 1}


async def test_circuits_scores_and_switches_are_as_the_pool_shows_them(tmp_path: Path) -> None:
    async with running(one_pool(tmp_path, breaker={"failures": 1, "probe_every_s": 1000}), tmp_path) as house:
        waits = await house.accepted(letter(to="x+defer@example.org"))
        await house.until(waits, lambda record: len(record["events"]) > 1)
        await house.ask("/example.com/sandbox/pause", {"reason": "a test"}, ADMIN_KEY)
        async with asyncio.timeout(20):
            while not (found := await scraped(house))["posthouse_provider_held"]["example.com", "sandbox"]:
                pass
        shown = (await house.get("/example.com")).json["providers"][0]
    line = ("example.com", "sandbox")
    assert (found["posthouse_breaker_state"][line], shown["breaker"]) == (2, "open")
    assert abs(found["posthouse_provider_score"][line] - shown["score"]) < 0.1
    assert found["posthouse_messages"]["example.com", "queued"] == 1


async def test_quotas_are_told_where_there_are_any(tmp_path: Path) -> None:
    sandbox = {"maildir": str(tmp_path / "sent"), "daily": 10, "monthly": 100}
    async with running(one_pool(tmp_path, providers={"sandbox": sandbox}), tmp_path) as house:
        await house.sent(letter())
        found = await scraped(house)
    assert found["posthouse_quota_limit"] == {
        ("day", "example.com", "sandbox"): 10,
        ("month", "example.com", "sandbox"): 100,
    }
    assert found["posthouse_quota_left"] == {
        ("day", "example.com", "sandbox"): 9,
        ("month", "example.com", "sandbox"): 99,
    }


async def test_no_request_makes_a_label_of_its_own(house: House) -> None:
    known = {route.path for route in ROUTES} | {"/metrics", "(other)", "(page)"}
    for target in ("/nothing", "/email/x/y/z", "/a%00b", "/example.org", "/email/no-id", "/email//", "/assets/x", "/é"):
        await house.get(target.encode().decode("latin-1"))
        await house.get(target.encode().decode("latin-1"), accept="text/html")
    await house.call("PATCH", "/email")
    await house.call("PUT", "/email")
    requests = (await scraped(house))["posthouse_http_requests_total"]
    assert {route for route, _ in requests} <= known
    assert requests["/email", "405"] == 2
    assert requests["/email/{id}", "404"] == 2
    assert requests["(other)", "404"] >= 8


async def test_each_request_is_counted_once_and_timed(house: House) -> None:
    for _ in range(3):
        await house.get("/healthz", None)
    found = await scraped(house)
    assert found["posthouse_http_requests_total"] == {("/healthz", "200"): 3}
    assert found["posthouse_http_request_seconds_count"] == {(): 3}
    assert (await scraped(house))["posthouse_http_requests_total"]["/metrics", "200"] == 1


async def test_commits_are_timed_and_their_changes_counted(house: House) -> None:
    before = await scraped(house)
    await asyncio.gather(*[house.accepted(letter(send_at=LATER)) for _ in range(5)])
    after = await scraped(house)
    commits, items = "posthouse_store_commit_seconds_count", "posthouse_store_commit_items_sum"
    assert after[commits][()] > before[commits][()]
    assert after[items][()] - before[items][()] >= 5


async def test_a_broken_configuration_is_told(tmp_path: Path) -> None:
    def broken() -> list[Problem]:
        return [Problem("pools", 1, "expected a pool")]

    async with running(document(tmp_path), tmp_path, load=broken) as house:
        assert (await scraped(house))["posthouse_config_reload_failed"] == {(): 0}
        house.gateway.reload()
        assert (await scraped(house))["posthouse_config_reload_failed"] == {(): 1}


async def test_without_the_store_the_rest_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(self: object, now: float) -> Backlog:
        raise StoreDown("the disk is gone")

    monkeypatch.setattr("posthouse.store.sqlite.store.SqliteStore.backlog", down)
    found = await scraped(house)
    assert found["posthouse_store_up"] == {(): 0}
    assert "posthouse_messages" not in found
    assert found["posthouse_breaker_state"]


class SlowStore:
    """Answers with the number of the question, each after so many seconds."""

    def __init__(self, clock: FakeClock, takes_s: float) -> None:
        self._clock, self._takes_s = clock, takes_s
        self.asked = 0

    async def backlog(self, now: float) -> Backlog:
        self.asked += 1
        await self._clock.advance(self._takes_s)
        return Backlog({("example.com", "queued"): self.asked}, {})


async def test_a_dear_count_is_asked_for_seldom_and_a_cheap_one_always() -> None:
    clock = FakeClock()
    store: Any = SlowStore(clock, 1.0)
    backlogs = Backlogs()
    await asyncio.gather(*[backlogs.now(store, clock) for _ in range(10)])
    await clock.advance(DEAR - 0.1)
    await backlogs.now(store, clock)
    assert store.asked == 1
    await clock.advance(0.2)
    assert (await backlogs.now(store, clock)).unfinished == {("example.com", "queued"): 2}
    cheap: Any = SlowStore(clock, 0.0)
    backlogs = Backlogs()
    for _ in range(3):
        await backlogs.now(cheap, clock)
    assert cheap.asked == 3
