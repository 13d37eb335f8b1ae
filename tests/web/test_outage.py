"""Who would wait for nothing is told so at once."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from posthouse.intake.policy import SANDBOX
from posthouse.routing.board import Board, Fact
from posthouse.routing.explain import explain
from posthouse.routing.rules import BreakerRules, Candidate, Job, Rate, Rules
from posthouse.routing.switch import Switch
from posthouse.web.outage import outage
from tests.web.house import House, letter, one_pool, running
from tests.web.test_app import is_a_problem

NOW = 1_800_000_000.0
JOB = Job("m", "example.com", NOW + 3600)
RULES = Rules(
    "example.com",
    candidates=(Candidate("first"), Candidate("second", order=2), Candidate(SANDBOX, reserved=True)),
    breaker=BreakerRules(failures=1),
)


def failed(board: Board, provider: str) -> Board:
    return board.observe(Fact(provider, NOW, "deferred", -1, began=NOW - 1))


def told(board: Board, **job: Any) -> Any:
    return outage(explain(msgspec.structs.replace(JOB, **job), board, NOW + 1))


def test_while_one_may_carry_it_there_is_no_outage() -> None:
    board = Board(RULES)
    assert told(board) is None
    assert told(failed(board, "first")) is None
    assert told(failed(failed(board, "first"), "second"), provider=SANDBOX) is None


def test_with_every_circuit_open_each_provider_says_why() -> None:
    reasons = told(failed(failed(Board(RULES), "first"), "second"))
    assert reasons.keys() == {"first", "second"}
    assert all(why.startswith("its circuit is open") for why in reasons.values())


@pytest.mark.parametrize("held", ["pause", "drain"])
def test_a_provider_that_is_held_by_hand_is_out_too(held: Any) -> None:
    board = failed(Board(RULES), "first").switched({"second": Switch(held, "maintenance", "ops")})
    assert told(board)["second"] == f"{'paused' if held == 'pause' else 'drained'} by ops: maintenance"


def test_who_asks_for_one_provider_waits_for_that_one_alone() -> None:
    board = failed(Board(RULES), "first")
    assert told(board, provider="first")["first"].startswith("its circuit is open")
    assert told(board, provider="second") is None


def test_what_passes_with_time_is_waited_for() -> None:
    first, second, _ = RULES.candidates
    slow = msgspec.structs.replace(second, rate=Rate(1, 60.0))
    paced = failed(Board(msgspec.structs.replace(RULES, candidates=(first, slow))), "first").started(slow, NOW)
    assert told(paced) is None
    narrow = msgspec.structs.replace(second, concurrency=1)
    busy = failed(Board(msgspec.structs.replace(RULES, candidates=(first, narrow))), "first").started(narrow, NOW)
    assert told(busy) is None
    spent = msgspec.structs.replace(second, daily=1)
    used = failed(Board(msgspec.structs.replace(RULES, candidates=(first, spent))), "first").started(spent, NOW)
    assert told(used) is None


def test_what_is_no_wait_is_no_outage() -> None:
    both = failed(failed(Board(RULES), "first"), "second")
    assert told(both, require_tags=frozenset({"eu"})) is None
    assert told(both, give_up_at=NOW) is None
    assert told(Board(RULES)) is None


def test_where_all_that_are_fit_are_switched_off_the_wait_would_be_in_vain() -> None:
    first, second, _ = RULES.candidates
    off = msgspec.structs.replace(first, enabled=False)
    small = msgspec.structs.replace(second, max_bytes=1)
    reasons = told(Board(msgspec.structs.replace(RULES, candidates=(off, small))), size=100)
    assert reasons == {"first": "switched off", "second": "too large: 100 bytes, it takes 1"}


async def test_who_waits_for_an_end_gets_503_at_once_and_nothing_is_stored(tmp_path: Path) -> None:
    given = one_pool(tmp_path, breaker={"failures": 1, "probe_every_s": 1000})
    async with running(given, tmp_path) as house:
        waits = await house.accepted(letter(to="x+defer@example.org"))
        await house.until(waits, lambda record: len(record["events"]) > 1)
        reply = await house.post(letter(tags=["stored"]), prefer="wait=20", idempotency_key="out")
        assert is_a_problem(reply, 503)
        assert reply.json["reasons"].keys() == {"sandbox"}
        assert reply.json["reasons"]["sandbox"].startswith("its circuit is open")
        assert 900 < int(reply.field("retry-after") or "") <= 1001
        assert (await house.get("/email?tag=stored")).json["messages"] == []
        named = await house.ask("/example.com/sandbox/send", letter(), prefer="wait=20")
        assert is_a_problem(named, 503)
        for changes in ({}, {"send_at": "2036-01-01T00:00:00Z"}):
            taken = await house.post(letter(**changes), idempotency_key=f"in{len(changes)}")
            assert taken.status == 202
        await waiting_for_later(house)


async def waiting_for_later(house: House) -> None:
    """A message for later is not refused for what is so now."""
    reply = await house.post(letter(send_at="2036-01-01T00:00:00Z"), prefer="wait=0")
    assert reply.status == 202
