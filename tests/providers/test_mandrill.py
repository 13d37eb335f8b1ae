"""Mandrill: what its own page asks for, and what its results and errors mean."""

import json
from typing import Any

import pytest

from posthouse.mail.message import Message
from posthouse.providers import mandrill
from posthouse.providers.base import HttpResponse
from posthouse.routing.outcome import (
    Accepted,
    Outcome,
    OutcomeKind,
    Recipient,
    Refused,
    Throttled,
    Unauthorised,
    Unsure,
    consequence,
)
from tests.providers.exam import CANDIDATES, FULL, NOW, SECRET, envelope, minimal

MANDRILL = CANDIDATES[2]


def body(message: Message) -> Any:
    return json.loads(MANDRILL.request(envelope(message)).body)


def results(*found: dict[str, Any]) -> bytes:
    return json.dumps(found).encode()


def error(name: str, message: str = "Oops") -> bytes:
    return json.dumps({"status": "error", "code": -1, "name": name, "message": message}).encode()


def judge(*found: dict[str, Any]) -> Outcome:
    outcome: Outcome = MANDRILL.judge(200, results(*found))
    return outcome


def test_the_key_is_in_the_body_and_in_no_header() -> None:
    request = MANDRILL.request(envelope(FULL))
    assert json.loads(request.body)["key"] == SECRET
    assert "authorization" not in request.headers


def test_merge_tags_are_left_alone_and_recipients_are_shown_as_the_message_says() -> None:
    message = body(FULL)["message"]
    assert message["merge"] is False
    assert message["preserve_recipients"] is True
    assert not {"merge_vars", "global_merge_vars", "merge_language"} & set(message)


def test_a_name_that_is_not_there_is_left_out() -> None:
    message = body(minimal().message)["message"]
    assert "from_name" not in message
    assert message["to"] == [{"email": "bob@example.net", "type": "to"}]


RESULTS: list[tuple[str, str | None, OutcomeKind]] = [
    ("sent", None, "accepted"),
    ("scheduled", None, "accepted"),
    ("queued", None, "accepted"),
    ("queued", "attachments", "accepted"),
    ("queued", "multiple-recipients", "accepted"),
    ("queued", "sending-backlogged", "accepted"),
    ("queued", "account-suspended", "unsure"),
    ("queued", "sending-suspended", "unsure"),
    ("queued", "sending-paused", "unsure"),
    ("queued", "hourly-quota-exhausted", "unsure"),
    ("queued", "monthly-limit-reached", "unsure"),
    ("queued", "free-trial-sends-exhausted", "unsure"),
    ("queued", "a-reason-of-tomorrow", "unsure"),
    ("rejected", "hard-bounce", "refused"),
    ("rejected", "soft-bounce", "refused"),
    ("rejected", "spam", "refused"),
    ("rejected", "unsub", "refused"),
    ("rejected", "custom", "refused"),
    ("rejected", "invalid", "refused"),
    ("rejected", "rule", "refused"),
    ("rejected", None, "refused"),
    ("rejected", "unsigned", "unauthorised"),
    ("rejected", "invalid-sender", "unauthorised"),
    ("rejected", "test-mode-limit", "unauthorised"),
    ("invalid", None, "refused"),
    ("a-status-of-tomorrow", None, "unsure"),
]


@pytest.mark.parametrize(("status", "reason", "kind"), RESULTS)
def test_a_result_means(status: str, reason: str | None, kind: OutcomeKind) -> None:
    field = "queued_reason" if status == "queued" else "reject_reason"
    outcome = judge({"email": "bob@example.net", "status": status, field: reason, "_id": "a1"})
    assert consequence(outcome).kind == kind
    if reason and kind != "accepted":
        assert reason in (outcome.detail or "")


def test_a_refusal_of_everybody_is_about_the_recipients() -> None:
    outcome = judge(
        {"email": "bob@example.net", "status": "rejected", "reject_reason": "spam"},
        {"email": "carol@example.org", "status": "invalid"},
    )
    assert outcome == Refused("recipient", 200, "bob@example.net: rejected (spam); carol@example.org: invalid")


def test_who_was_refused_is_told_when_others_were_served() -> None:
    outcome = judge(
        {"email": "CAROL@example.org", "status": "rejected", "reject_reason": "hard-bounce", "_id": "a1"},
        {"email": "bob@example.net", "status": "sent", "_id": "a2"},
        {"email": "dave@example.org", "status": "rejected", "reject_reason": "test-mode-limit"},
    )
    assert isinstance(outcome, Accepted)
    assert outcome.message_id == "a2"
    assert outcome.unserved == (
        Recipient("carol@example.org", permanent=True, detail="rejected (hard-bounce)"),
        Recipient("dave@example.org", permanent=False, detail="rejected (test-mode-limit)"),
    )


def test_who_is_held_in_a_queue_is_not_owed_because_that_mail_may_still_go_out() -> None:
    outcome = judge(
        {"email": "bob@example.net", "status": "sent", "_id": "a1"},
        {"email": "carol@example.org", "status": "queued", "queued_reason": "hourly-quota-exhausted"},
    )
    assert isinstance(outcome, Accepted)
    assert outcome.unserved == ()
    assert "hourly-quota-exhausted" in (outcome.detail or "")


def test_one_held_among_refused_leaves_doubt() -> None:
    outcome = judge(
        {"email": "bob@example.net", "status": "rejected", "reject_reason": "spam"},
        {"email": "carol@example.org", "status": "queued", "queued_reason": "sending-paused"},
    )
    assert isinstance(outcome, Unsure)


def test_a_fault_of_the_account_counts_more_than_a_refused_recipient() -> None:
    outcome = judge(
        {"email": "bob@example.net", "status": "rejected", "reject_reason": "spam"},
        {"email": "carol@example.org", "status": "rejected", "reject_reason": "unsigned"},
    )
    assert isinstance(outcome, Unauthorised)


@pytest.mark.parametrize("answer", [b"[]", b"[1, null]", b"{}", b"", b"OK", b'[{"email": "bob@exa'])
def test_an_answer_without_results_leaves_doubt(answer: bytes) -> None:
    assert isinstance(MANDRILL.judge(200, answer), Unsure)


def test_a_result_without_an_id_is_believed() -> None:
    assert judge({"email": "bob@example.net", "status": "sent"}) == Accepted(200)


NAMES: list[tuple[int, str, OutcomeKind]] = [
    (401, "Invalid_Key", "unauthorised"),
    (500, "Invalid_Key", "unauthorised"),
    (200, "Invalid_Key", "unauthorised"),
    (402, "PaymentRequired", "unauthorised"),
    (500, "PaymentRequired", "unauthorised"),
    (500, "Unknown_Subaccount", "unauthorised"),
    (500, "Unknown_Template", "unauthorised"),
    (400, "ValidationError", "refused"),
    (500, "ValidationError", "refused"),
    (429, "RequestLimitExceeded", "throttled"),
    (500, "RequestLimitExceeded", "throttled"),
    (500, "ServiceUnavailable", "deferred"),
    (500, "GeneralError", "deferred"),
    (500, "NameOfTomorrow", "deferred"),
    (502, "NameOfTomorrow", "unsure"),
    (200, "NameOfTomorrow", "unsure"),
]


@pytest.mark.parametrize(("status", "name", "kind"), NAMES)
def test_an_error_is_told_by_its_name_before_its_status(status: int, name: str, kind: OutcomeKind) -> None:
    assert consequence(MANDRILL.judge(status, error(name))).kind == kind


def test_what_mandrill_alone_forbids_is_left_to_another_provider() -> None:
    own = error("ValidationError", 'Validation error: {"message":{"tags":["Please enter a tag of 50 characters"]}}')
    theirs = error(
        "ValidationError", 'Validation error: {"message":{"from_email":"An email address must contain an @"}}'
    )
    assert MANDRILL.judge(500, own).about == "content"
    assert MANDRILL.judge(500, theirs).about == "message"


def test_a_throttle_by_name_still_has_its_wait() -> None:
    outcome = MANDRILL.judge(500, error("RequestLimitExceeded"), retry_after="30")
    assert outcome == Throttled(500, "RequestLimitExceeded: Oops", retry_after_s=30.0)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, b'{"PING":"PONG!"}', "accepted"),
        (200, b'"PONG!"', "accepted"),
        (401, error("Invalid_Key"), "unauthorised"),
        (500, error("Invalid_Key"), "unauthorised"),
        (500, error("GeneralError"), "deferred"),
        (503, b"", "deferred"),
    ],
)
def test_a_key_that_is_not_valid_fails_the_probe(status: int, answer: bytes, kind: OutcomeKind) -> None:
    assert consequence(mandrill.probed(HttpResponse(status, {}, answer))).kind == kind


def test_the_probe_is_a_ping() -> None:
    probe = mandrill.probe(MANDRILL.configured(), NOW)
    assert (probe.method, probe.url) == ("POST", "https://mandrillapp.com/api/1.0/users/ping2.json")
    assert json.loads(probe.body) == {"key": SECRET}
