"""The auditor itself: it is silent about a run in order, and has a sentence for everything else."""

import msgspec
import pytest

from tests.faults.auditor import Stored, audit
from tests.faults.carrier import Arrival
from tests.faults.driver import Answer

TOLD = Answer("1", "answered", 202, "a", "queued")
CAME = Arrival("a", "1", True)
KEPT = Stored("a", "1", "sent", False, ("accepted",))

changed = msgspec.structs.replace


def verdict(answers: list[Answer], arrivals: list[Arrival], *messages: Stored) -> tuple[str, ...]:
    return audit(answers, arrivals, {message.id: message for message in messages}).violations


@pytest.mark.parametrize(
    ("answers", "arrivals", "message"),
    [
        ([TOLD], [CAME], KEPT),
        ([Answer("1", "silent")], [CAME], KEPT),
        ([Answer("1", "silent"), TOLD], [CAME], KEPT),
        ([TOLD], [], changed(KEPT, status="failed", attempts=("deferred",))),
        ([TOLD], [CAME, CAME], changed(KEPT, marked=True, attempts=("unsure", "accepted"))),
        ([TOLD], [CAME], changed(KEPT, status="held", attempts=("unsure",))),
    ],
)
def test_a_run_in_order_has_no_violations(answers: list[Answer], arrivals: list[Arrival], message: Stored) -> None:
    assert verdict(answers, arrivals, message) == ()


@pytest.mark.parametrize(
    ("answers", "arrivals", "message", "sentence"),
    [
        ([TOLD, changed(TOLD, ref="2", id="b")], [CAME], KEPT, "2 was accepted as b and is not in the store"),
        ([changed(TOLD, ref="2")], [CAME], KEPT, "2 was answered with a, which is 1"),
        ([TOLD], [CAME, Arrival("c", "3", True)], KEPT, "c reached a carrier and is not in the store"),
        ([TOLD], [CAME, changed(CAME, taken=False)], KEPT, "a reached a carrier 2 times in 1 attempts"),
        ([TOLD], [changed(CAME, ref="2")], KEPT, "a is 1 and reached a carrier as 2"),
        ([TOLD], [CAME], changed(KEPT, status="sending"), "a is still sending"),
        ([TOLD], [CAME], changed(KEPT, attempts=(None,)), "a is sent with an attempt that never ended"),
        ([TOLD], [], KEPT, "a is said to be sent and no carrier took it"),
        ([TOLD], [CAME], changed(KEPT, status="failed"), "a is said to be failed and a carrier took it"),
        ([TOLD], [CAME, CAME], changed(KEPT, attempts=("unsure", "accepted")), "a was taken 2 times and is not marked"),
    ],
)
def test_whatever_is_not_in_order_is_said(
    answers: list[Answer], arrivals: list[Arrival], message: Stored, sentence: str
) -> None:
    assert verdict(answers, arrivals, message) == (sentence,)


def test_two_messages_under_one_key_are_seen() -> None:
    found = verdict([TOLD], [CAME], KEPT, Stored("b", "1", "cancelled", False, ()))
    assert found == ("1 was posted under one key and is 2 messages",)
