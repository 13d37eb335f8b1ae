"""Amazon SES: its envelope and its signature, and what the types of its errors mean."""

import json
from base64 import b64decode
from email import message_from_bytes
from typing import Any

import msgspec
import pytest

from posthouse.providers import ses
from posthouse.providers.base import HttpResponse
from posthouse.routing.outcome import Accepted, OutcomeKind, Refused, Throttled, Unauthorised, consequence
from tests.providers.exam import CANDIDATES, FULL, NOW, SECRET, TOKEN, envelope, minimal
from tests.providers.test_sigv4 import by_botocore

SES = CANDIDATES[3]


def body(**changes: Any) -> Any:
    return json.loads(SES.request(envelope(FULL), **changes).body)


def says(type_: str, message: str) -> tuple[bytes, dict[str, str]]:
    return json.dumps({"message": message}).encode(), {"x-amzn-errortype": type_}


def test_the_envelope_is_in_the_destination_and_no_bcc_is_in_the_mail() -> None:
    sent = body()
    assert sent["Destination"] == {
        "ToAddresses": ["bob@example.net", "carol@example.org"],
        "CcAddresses": ["dave@example.org"],
        "BccAddresses": ["erin@example.net", "frank@example.org"],
    }
    raw = b64decode(sent["Content"]["Raw"]["Data"])
    assert b"erin@example.net" not in raw
    assert b"frank@example.org" not in raw


def test_the_mail_is_ascii_in_lines_of_at_most_998() -> None:
    changed = minimal(text="Grüße " * 400, html="<p>" + "ü" * 3_000, subject="Grüße " * 100, tags=("ä" * 100,))
    raw = b64decode(json.loads(SES.request(changed).body)["Content"]["Raw"]["Data"])
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_nothing_replaces_what_the_mail_says() -> None:
    assert set(body()) == {"Destination", "Content", "EmailTags"}
    assert body(configuration_set="a")["ConfigurationSetName"] == "a"


def test_our_id_is_a_message_tag_and_the_message_id() -> None:
    sent = body()
    assert sent["EmailTags"] == [{"Name": "posthouse_id", "Value": "019a0b4c-5d6e-7f80-8123-456789abcdef"}]
    mail = message_from_bytes(b64decode(sent["Content"]["Raw"]["Data"]))
    assert mail["Message-ID"] == "<019a0b4c-5d6e-7f80-8123-456789abcdef@example.com>"


@pytest.mark.parametrize("token", [TOKEN, None])
def test_the_request_is_signed_for_ses_in_its_region(token: str | None) -> None:
    settings = {} if token else {"session_token": None}
    request = SES.request(envelope(FULL), **settings)
    unsigned = {name: value for name, value in request.headers.items() if name in ("accept", "content-type")}
    bare = type(request)(request.method, request.url, unsigned, request.body)
    assert request.headers["authorization"] == by_botocore(bare, "eu-central-1", "AKIAEXAMPLE", SECRET, token, NOW)
    assert request.headers.get("x-amz-security-token") == token


def test_the_probe_is_signed_too() -> None:
    probe = ses.probe(SES.configured(), NOW)
    assert (probe.method, probe.url) == ("GET", "https://email.eu-central-1.amazonaws.com/v2/email/account")
    assert "/eu-central-1/ses/aws4_request" in probe.headers["authorization"]


ANSWERS: list[tuple[int, str, str, OutcomeKind]] = [
    (429, "TooManyRequestsException", "Too many requests", "throttled"),
    (400, "ThrottlingException", "Maximum sending rate exceeded.", "throttled"),
    (400, "Throttling", "Daily message quota exceeded.", "throttled"),
    (400, "LimitExceededException", "Too many", "throttled"),
    (400, "MessageRejected", "Email address is not verified. The following identities failed", "unauthorised"),
    (400, "MessageRejected", "Sending suspended for this account.", "unauthorised"),
    (400, "MessageRejected", "Sending paused for this configuration set", "unauthorised"),
    (400, "MessageRejected", "Illegal content", "refused"),
    (400, "MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified", "unauthorised"),
    (400, "AccountSuspendedException", "Account suspended", "unauthorised"),
    (400, "SendingPausedException", "Sending paused", "unauthorised"),
    (404, "NotFoundException", "Configuration set <a> does not exist.", "unauthorised"),
    (400, "BadRequestException", "Missing final '@domain'", "refused"),
    (400, "ValidationError", "1 validation error detected", "refused"),
    (403, "AccessDeniedException", "User is not authorized to perform ses:SendRawEmail", "unauthorised"),
    (403, "UnrecognizedClientException", "The security token included in the request is invalid.", "unauthorised"),
    (400, "UnrecognizedClientException", "The security token included in the request is invalid.", "unauthorised"),
    (403, "ExpiredTokenException", "The security token included in the request is expired", "unauthorised"),
    (403, "IncompleteSignature", "Signature incomplete", "unauthorised"),
    (403, "InvalidSignatureException", "Signature not yet current", "unauthorised"),
    (401, "NotAuthorized", "Not authorized", "unauthorised"),
    (413, "RequestEntityTooLarge", "Too large", "refused"),
    (408, "RequestExpired", "Too slow", "unsure"),
    (500, "InternalFailure", "Oops", "deferred"),
    (503, "ServiceUnavailable", "Later", "deferred"),
    (200, "InternalFailure", "Oops", "unsure"),
    (400, "TypeOfTomorrow", "?", "refused"),
]


@pytest.mark.parametrize(("status", "type_", "message", "kind"), ANSWERS)
def test_an_error_means(status: int, type_: str, message: str, kind: OutcomeKind) -> None:
    answer, headers = says(type_, message)
    outcome = SES.judge(status, answer, **headers)
    assert consequence(outcome).kind == kind
    assert outcome.detail == f"{type_}: {message}"


@pytest.mark.parametrize(
    "type_",
    [
        "MessageRejected",
        "MessageRejected:http://internal.example.com/coral/",
        "com.amazonaws.sesv2#MessageRejected",
        "com.amazonaws.sesv2#MessageRejected:http://internal.example.com/#x",
    ],
)
def test_a_type_is_recognised_in_whatever_dress(type_: str) -> None:
    answer, headers = says(type_, "Illegal content")
    in_header = SES.judge(400, answer, **headers)
    in_body = SES.judge(400, json.dumps({"__type": type_, "Message": "Illegal content"}).encode())
    assert in_header == in_body == Refused("content", 400, "MessageRejected: Illegal content")


@pytest.mark.parametrize(
    ("type_", "message", "quota"),
    [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", False),
        ("TooManyRequestsException", "Daily message quota exceeded.", True),
        ("LimitExceededException", "Too many", True),
    ],
)
def test_a_days_quota_is_not_a_matter_of_seconds(type_: str, message: str, quota: bool) -> None:
    answer, headers = says(type_, message)
    outcome = SES.judge(429, answer, **headers)
    assert isinstance(outcome, Throttled)
    assert outcome.quota is quota


ECHO = (
    "The request signature we calculated does not match the signature you provided. "
    f"The Canonical String for this request should have been 'POST /v2 x-amz-security-token:{TOKEN}'"
)


@pytest.mark.parametrize("answer", [json.dumps({"message": ECHO}).encode(), ECHO.encode(), f"<p>{ECHO}".encode()])
@pytest.mark.parametrize("type_", ["InvalidSignatureException", "", "TypeOfTomorrow"])
def test_the_token_that_amazon_repeats_is_not_kept(answer: bytes, type_: str) -> None:
    response = HttpResponse(403, {"x-amzn-errortype": type_}, answer)
    for outcome in (ses.outcome(response, envelope(FULL), NOW), ses.probed(response)):
        assert isinstance(outcome, Unauthorised)
        assert "does not match" in (outcome.detail or "")
        assert TOKEN not in (outcome.detail or "")


ACCOUNTS: list[tuple[str, dict[str, Any], OutcomeKind]] = [
    ("ready", {"SendingEnabled": True, "SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 1.0}}, "accepted"),
    ("without a limit", {"SendingEnabled": True, "SendQuota": {"Max24HourSend": -1, "SentLast24Hours": 9}}, "accepted"),
    ("silent", {}, "accepted"),
    ("switched off", {"SendingEnabled": False}, "unauthorised"),
    ("shut down", {"SendingEnabled": True, "EnforcementStatus": "SHUTDOWN"}, "unauthorised"),
    ("used up", {"SendingEnabled": True, "SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 200}}, "throttled"),
]


@pytest.mark.parametrize(("name", "account", "kind"), ACCOUNTS, ids=[row[0] for row in ACCOUNTS])
def test_an_account_that_is(name: str, account: dict[str, Any], kind: OutcomeKind) -> None:
    outcome = ses.probed(HttpResponse(200, {}, json.dumps(account).encode()))
    assert consequence(outcome).kind == kind
    if isinstance(outcome, Throttled):
        assert outcome.quota


def test_a_probe_that_is_throttled_says_so_whatever_the_status() -> None:
    answer, headers = says("ThrottlingException", "Rate exceeded")
    assert isinstance(ses.probed(HttpResponse(400, headers, answer)), Throttled)


@pytest.mark.parametrize("answer", [b"", b"{}"])
def test_a_success_without_an_id_is_believed(answer: bytes) -> None:
    assert SES.judge(200, answer) == Accepted(200, "accepted without an id")


@pytest.mark.parametrize("region", ["eu-central-1/..", "evil.example.com#", "", "EU"])
def test_a_region_that_is_no_region_is_refused_with_the_configuration(region: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="region"):
        msgspec.convert(
            {"region": region, "access_key_id": "AKIA", "secret_access_key": ""}, ses.Settings, strict=False
        )
