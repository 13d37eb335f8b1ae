"""What a request may ask of the delivery."""

from typing import Any

import pytest

from posthouse.mail.fields import Given
from posthouse.mail.message import Policy
from posthouse.mail.policy import read_policy
from posthouse.mail.problem import Problem


def read(**values: Any) -> tuple[Policy, list[tuple[str, str]]]:
    problems: list[Problem] = []
    return read_policy(Given(values, {}), problems), [(problem.code, problem.field) for problem in problems]


def test_who_asks_for_nothing_gets_the_pools_ways() -> None:
    assert read(subject="x") == (Policy(), [])


def test_everything_can_be_asked_for() -> None:
    wishes = {
        "class": "otp",
        "lane": "critical",
        "provider": "mailgun.eu-1",
        "on_unsure": "hold",
        "require_tags": ["eu", "gdpr"],
        "send_at": "2026-11-23T09:05:07Z",
        "expires_at": "2026-11-23T10:05:07+01:00",
    }
    assert read(**wishes)[1] == [("expiry-before-sending", "expires_at")]
    wishes["expires_at"] = "2026-11-23T10:05:08+01:00"
    assert read(**wishes) == (
        Policy("otp", "critical", "mailgun.eu-1", "hold", ("eu", "gdpr"), 1795424707.0, 1795424708.0),
        [],
    )
    assert read(expires_in="5m", require_tags="eu") == (Policy(require_tags=("eu",), expires_in_s=300.0), [])


@pytest.mark.parametrize("lane", ["critical", "normal", "bulk"])
def test_there_are_three_lanes(lane: str) -> None:
    assert read(lane=lane) == (Policy(lane=lane), [])


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("lane", "fast", "choice-unknown"),
        ("lane", "Normal", "choice-unknown"),
        ("lane", ["bulk"], "choice-unknown"),
        ("on_unsure", "retry", "choice-unknown"),
        ("on_unsure", 1, "choice-unknown"),
        ("class", "a b", "policy-name"),
        ("class", "x" * 65, "policy-name"),
        ("class", "otp\r\n", "policy-name"),
        ("class", {}, "field-type"),
        ("provider", "../x", "policy-name"),
        ("provider", 7, "field-type"),
        ("send_at", "now", "time-format"),
        ("send_at", 1795424707, "field-type"),
        ("send_at", "9999-12-31T23:59:59Z", "time-range"),
        ("expires_at", "2026-02-30T00:00:00Z", "time-format"),
        ("expires_in", "soon", "duration-format"),
        ("expires_in", 300, "field-type"),
        ("require_tags", 7, "field-type"),
        ("require_tags", [str(n) for n in range(21)], "tags-too-many"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(field: str, value: object, code: str) -> None:
    assert read(**{field: value})[1] == [(code, field)]


@pytest.mark.parametrize("name", ["eu+1", "m@x", "otp.v2", "a_b-c", "1"])
def test_whatever_the_configuration_may_call_them_can_be_asked_for(name: str) -> None:
    asked = {"class": name, "provider": name, "require_tags": [name]}
    assert read(**asked) == (Policy(class_name=name, provider=name, require_tags=(name,)), [])


def test_each_tag_is_judged() -> None:
    assert read(require_tags=["eu", "", None, 7, "a b"]) == (
        Policy(require_tags=("eu",)),
        [
            (code, f"require_tags[{n}]")
            for n, code in ((1, "policy-name"), (2, "field-type"), (3, "field-type"), (4, "policy-name"))
        ],
    )


def test_a_message_ends_once() -> None:
    assert read(expires_at="2026-11-23T09:05:07Z", expires_in="5m")[1] == [("field-conflict", "expires_in")]
