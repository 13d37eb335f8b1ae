"""SendGrid: what its own page asks for, and what its answers mean."""

import json
from typing import Any

import pytest

from posthouse.mail.message import Address, Attachment, Message
from posthouse.providers import sendgrid
from posthouse.providers.base import HttpResponse
from posthouse.routing.outcome import Accepted, OutcomeKind, Refused, Throttled, Unauthorised, consequence
from tests.providers.exam import CANDIDATES, FULL, NOW, envelope, minimal
from tests.providers.reading import decoded

SENDGRID = CANDIDATES[0]


def body(message: Message) -> Any:
    return json.loads(SENDGRID.request(envelope(message)).body)


def errors(*found: tuple[str | None, str]) -> bytes:
    return json.dumps(
        {"errors": [{"field": field, "message": message, "help": None} for field, message in found]}
    ).encode()


def test_the_plain_text_stands_before_the_html() -> None:
    assert [part["type"] for part in body(FULL)["content"]] == ["text/plain", "text/html"]


def test_html_alone_is_sent_alone() -> None:
    sent = body(minimal(text=None, html="<p>Hi</p>").message)
    assert sent["content"] == [{"type": "text/html", "value": "<p>Hi</p>"}]


@pytest.mark.parametrize(("text", "html"), [("", "<p>Hi</p>"), ("Hi", ""), ("", None), ("", "")])
def test_no_content_is_ever_an_empty_string(text: str, html: str | None) -> None:
    content = body(minimal(text=text, html=html).message)["content"]
    assert content
    assert all(part["value"] for part in content)


def test_a_message_without_a_subject_has_a_space_for_one() -> None:
    assert body(minimal(subject="").message)["subject"] == " "


def test_an_address_is_named_once_across_to_cc_and_bcc() -> None:
    twice = minimal(
        to=(Address("bob@example.net"), Address("Bob@example.net")),
        cc=(Address("bob@example.net"), Address("carol@example.org")),
        bcc=(Address("carol@example.org"),),
    )
    assert body(twice.message)["personalizations"] == [
        {"to": [{"email": "bob@example.net"}], "cc": [{"email": "carol@example.org"}]}
    ]


def test_one_reply_address_and_several_have_fields_of_their_own() -> None:
    one = body(minimal(reply_to=FULL.reply_to[:1]).message)
    assert one["reply_to"] == {"email": "help@example.com", "name": "Help Desk"}
    assert "reply_to_list" not in one
    several = body(FULL)
    assert len(several["reply_to_list"]) == 2
    assert "reply_to" not in several


def test_a_tag_given_twice_is_one_category() -> None:
    assert body(minimal(tags=("a", "b", "a")).message)["categories"] == ["a", "b"]


def test_nothing_is_said_that_would_make_a_template_of_the_content() -> None:
    assert not {"template_id", "asm", "tracking_settings", "mail_settings"} & set(body(FULL))
    assert set(body(FULL)["personalizations"][0]) == {"to", "cc", "bcc"}


def test_names_outside_ascii_travel_in_ascii_where_sendgrid_would_garble_them() -> None:
    message = minimal(
        headers=(("X-Note", "Grüße"),), attachments=(Attachment("März.pdf", b"%PDF", "application/pdf"),)
    ).message
    note, name = body(message)["headers"]["X-Note"], body(message)["attachments"][0]["filename"]
    assert note.isascii()
    assert name.isascii()
    assert (decoded(note), decoded(name)) == ("Grüße", "März.pdf")


ANSWERS: list[tuple[str, int, bytes, OutcomeKind]] = [
    ("accepted", 202, b"", "accepted"),
    ("accepted with another 2xx", 200, b"", "accepted"),
    ("accepted with errors", 202, errors((None, "Bad Request")), "unsure"),
    ("a bad request", 400, errors((None, "Bad Request")), "refused"),
    ("an invalid recipient", 400, errors(("personalizations.0.to", "Does not contain a valid address.")), "refused"),
    ("an invalid key", 401, errors((None, "The provided authorization grant is invalid")), "unauthorised"),
    ("no credits left", 401, errors((None, "Maximum credits exceeded")), "unauthorised"),
    (
        "a sender that is not verified",
        403,
        errors(("from", "does not match a verified Sender Identity")),
        "unauthorised",
    ),
    ("no accept header", 406, b"", "unauthorised"),
    ("too large", 413, errors((None, "content too large")), "refused"),
    ("too fast", 429, errors((None, "too many requests")), "throttled"),
    ("the other region", 451, b"", "unauthorised"),
    ("an error of theirs", 500, errors((None, "internal server error")), "deferred"),
    ("a gateway without its upstream", 502, b"<html>", "unsure"),
    ("out of service", 503, b"", "deferred"),
    ("a gateway that waited in vain", 504, b"", "unsure"),
]


@pytest.mark.parametrize(("name", "status", "answer", "kind"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_an_answer_means(name: str, status: int, answer: bytes, kind: OutcomeKind) -> None:
    assert consequence(SENDGRID.judge(status, answer)).kind == kind


def test_an_acceptance_is_empty_whatever_its_content_type_says() -> None:
    outcome = SENDGRID.judge(202, b"", x_message_id="14c5", content_type="text/html; charset=utf-8")
    assert outcome == Accepted(202, message_id="14c5")


@pytest.mark.parametrize("field", ["categories", "custom_args", "headers", "attachments.0.content"])
def test_what_sendgrid_alone_forbids_is_left_to_another_provider(field: str) -> None:
    outcome = SENDGRID.judge(400, errors((None, "Bad Request"), (field, "is not allowed")))
    assert isinstance(outcome, Refused)
    assert outcome.about == "content"
    assert outcome.detail == f"Bad Request; {field}: is not allowed"


@pytest.mark.parametrize(
    ("reset", "wait"),
    [("1795000060", 60.0), ("1795000000", 0.0), ("1794999999", None), ("60", None), ("soon", None), ("9e99", None)],
)
def test_the_rate_limit_resets_at_an_instant(reset: str, wait: float | None) -> None:
    outcome = SENDGRID.judge(429, b"", x_ratelimit_reset=reset)
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after_s == wait


def test_retry_after_counts_more_than_the_reset() -> None:
    outcome = SENDGRID.judge(429, b"", x_ratelimit_reset="1795000060", retry_after="7")
    assert outcome.retry_after_s == 7


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b'{"scopes": ["alerts.read", "mail.send"]}', Accepted),
        (b'{"scopes": ["alerts.read"]}', Unauthorised),
        (b'{"scopes": []}', Unauthorised),
        (b"{}", Accepted),
    ],
)
def test_a_key_that_may_not_send_fails_the_probe(answer: bytes, kind: type) -> None:
    assert isinstance(sendgrid.probed(HttpResponse(200, {}, answer)), kind)


def test_the_probe_reads_the_keys_own_scopes() -> None:
    probe = sendgrid.probe(SENDGRID.configured(), NOW)
    assert (probe.method, probe.url) == ("GET", "https://api.sendgrid.com/v3/scopes")
    assert probe.headers["authorization"].startswith("Bearer ")
