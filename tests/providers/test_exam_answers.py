"""What every provider that speaks HTTP must do, asked of each of them: what it makes of an answer."""

import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.message import Address, Message
from posthouse.providers.base import DETAIL_MAX, HttpRequest, HttpResponse
from posthouse.routing.capability import Can, needs
from posthouse.routing.outcome import (
    Accepted,
    Deferred,
    Outcome,
    OutcomeKind,
    Refused,
    Throttled,
    Unauthorised,
    Unsure,
    consequence,
)
from tests.providers.exam import (
    CANDIDATES,
    FEATURES,
    FULL,
    ID,
    MINIMAL,
    NOW,
    Candidate,
    adapter,
    envelope,
    minimal,
    names,
)

every_candidate = pytest.mark.parametrize("candidate", CANDIDATES, ids=names)
HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
BODIES = [b"", HTML, b"{}", b"[]", b"null", b"\xff\xfe", b'{"error": "x"}', b"[" * 100_000, b"Forbidden", b"1" * 6_000]


# The answer: acceptance


@every_candidate
def test_an_acceptance_is_accepted_with_the_id_of_the_provider(candidate: Candidate) -> None:
    outcome = candidate.judge(candidate.taken.status, candidate.taken.body, **candidate.taken.headers)
    assert isinstance(outcome, Accepted)
    assert outcome.message_id
    assert outcome.unserved == ()
    assert outcome.status == candidate.taken.status
    assert "<" not in outcome.message_id


@every_candidate
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_page_is_no_acceptance(candidate: Candidate, status: int) -> None:
    assert isinstance(candidate.judge(status, HTML), Unauthorised)
    assert isinstance(candidate.judge(status, b"  \n" + HTML), Unauthorised)
    assert isinstance(candidate.judge(status, b"sorry", **{"content-type": "text/html; charset=utf-8"}), Unauthorised)


ERRORS = {
    "sendgrid": [b'{"errors": [{"message": "Bad Request", "field": null}]}'],
    "mailgun": [b'{"message": "Something went wrong"}', b"Mailgun Magnificent API"],
    "mandrill": [b'{"status": "error", "code": -1, "name": "Invalid_Key", "message": "Invalid API key"}', b"[]", b"{}"],
    "ses": [b'{"message": "Something went wrong"}', b'{"__type": "MessageRejected", "message": "Illegal content"}'],
}


@every_candidate
@pytest.mark.parametrize("status", [200, 202])
def test_an_error_inside_a_success_is_no_acceptance(candidate: Candidate, status: int) -> None:
    for body in ERRORS[candidate.name]:
        assert not isinstance(candidate.judge(status, body), Accepted)


def test_each_candidate_has_errors_of_its_own_to_answer_for() -> None:
    assert set(ERRORS) == {candidate.name for candidate in CANDIDATES}


EMPTY: dict[str, OutcomeKind] = {
    "sendgrid": "accepted",  # never has a body
    "mailgun": "accepted",
    "mandrill": "unsure",  # a 200 is no acceptance there: each recipient has a result
    "ses": "accepted",
}


@every_candidate
def test_a_success_without_an_id_is_believed_where_the_status_alone_is_the_promise(candidate: Candidate) -> None:
    outcome = candidate.judge(candidate.taken.status, b"")
    assert consequence(outcome).kind == EMPTY[candidate.name]
    if isinstance(outcome, Accepted):
        assert outcome.message_id is None


# The answer: everything else

STATUSES: dict[int, OutcomeKind] = {
    301: "unauthorised",  # the URL is wrong: no redirect is followed
    302: "unauthorised",
    307: "unauthorised",
    400: "refused",
    401: "unauthorised",
    402: "unauthorised",
    403: "unauthorised",
    404: "unauthorised",
    405: "unauthorised",
    406: "unauthorised",
    408: "unsure",
    409: "refused",
    410: "unauthorised",
    413: "refused",
    415: "unauthorised",
    420: "throttled",
    421: "deferred",
    422: "refused",
    423: "deferred",
    425: "deferred",
    429: "throttled",
    451: "unauthorised",  # the wrong region
    499: "unsure",
    500: "deferred",
    501: "deferred",
    502: "unsure",  # a gateway lost its upstream after the request had gone through
    503: "deferred",
    504: "unsure",
    505: "deferred",
    507: "deferred",
    520: "unsure",
    521: "deferred",  # never reached the origin
    522: "deferred",
    523: "deferred",
    524: "unsure",
    525: "deferred",
    529: "deferred",
    600: "unsure",
    799: "unsure",
}


@every_candidate
@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
@pytest.mark.parametrize("body", [b"", HTML, b"{}"], ids=["empty", "html", "json"])
def test_a_status_means_the_same_whatever_surrounds_it(
    candidate: Candidate, status: int, kind: OutcomeKind, body: bytes
) -> None:
    outcome = candidate.judge(status, body)
    assert consequence(outcome).kind == kind
    assert outcome.status == status


@every_candidate
def test_every_status_with_every_body_is_an_outcome(candidate: Candidate) -> None:
    for status, body in itertools.product(range(100, 800), BODIES):
        outcome = candidate.judge(status, body)
        assert isinstance(outcome, Outcome)
        assert isinstance(outcome, Accepted) <= (200 <= status < 300)
        assert isinstance(adapter(candidate).probed(HttpResponse(status, {}, body)), Outcome)


ANSWERED = ("id", "message", "errors", "field", "status", "name", "email", "_id", "reject_reason", "queued_reason")
PROBED = ("scopes", "domain", "state", "SendQuota", "Max24HourSend", "SentLast24Hours", "SendingEnabled")
keys = st.sampled_from([*ANSWERED, *PROBED, "MessageId", "__type", "Message"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(
    ["sent", "queued", "rejected", "error", "Invalid_Key", "active", "Queued", "unsigned", "invalid"]
)
answers = st.builds(
    HttpResponse,
    st.integers(100, 799) | st.sampled_from([200, 202, 400, 403, 429]),
    st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-reset", "x-amzn-errortype", "content-type", "x-message-id"]),
        st.text(max_size=20)
        | st.integers().map(str)
        | st.sampled_from(["MessageRejected", "nan", "-1", "inf", "1e400"]),
    ),
    json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(keys, json_values | words, max_size=5).map(lambda value: json.dumps(value).encode())
    | st.lists(st.dictionaries(keys, words, max_size=4), max_size=3).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=60),
)


@every_candidate
@given(response=answers)
def test_no_answer_whatever_it_holds_breaks_the_translator(candidate: Candidate, response: HttpResponse) -> None:
    for outcome in (
        adapter(candidate).outcome(response, envelope(FULL), NOW),
        adapter(candidate).probed(response),
    ):
        assert isinstance(outcome, Outcome)
        assert len(outcome.detail or "") <= DETAIL_MAX
        assert (outcome.detail or "").isprintable()
        if isinstance(outcome, Throttled) and outcome.retry_after_s is not None:
            assert 0 <= outcome.retry_after_s < 1e9


@every_candidate
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", BODIES[:4], ids=range(4))
def test_a_refused_key_is_the_operators_business(candidate: Candidate, status: int, body: bytes) -> None:
    assert isinstance(candidate.judge(status, body), Unauthorised)
    assert isinstance(adapter(candidate).probed(HttpResponse(status, {}, body)), Unauthorised)


@every_candidate
def test_too_large_is_about_the_size_so_that_another_provider_is_asked(candidate: Candidate) -> None:
    outcome = candidate.judge(413, HTML)
    assert isinstance(outcome, Refused)
    assert outcome.about == "size"


WAITS: list[tuple[str, float | None]] = [
    ("0", 0.0),
    ("1", 1.0),
    ("120", 120.0),
    ("86400", 86_400.0),
    ("1.5", 1.5),
    ("Wed, 18 Nov 2026 11:07:40 GMT", 60.0),
    ("Wednesday, 18-Nov-26 11:07:40 GMT", 60.0),
    ("Wed, 18 Nov 2026 11:05:40 GMT", None),  # past
    ("-1", None),
    ("1000000000", None),  # not a wait, whatever it is
    ("1e400", None),
    ("nan", None),
    ("inf", None),
    ("soon", None),
    ("", None),
    ("120 seconds", None),
    ("\u0661\u0662", 12.0),
    ("Wed, 99 Nov 2026 99:99:99 GMT", None),
]


@every_candidate
@pytest.mark.parametrize(("text", "wait"), WAITS)
def test_a_wait_is_told_in_seconds_from_now_and_junk_is_no_wait(
    candidate: Candidate, text: str, wait: float | None
) -> None:
    outcome = candidate.judge(429, b"", **{"retry-after": text})
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after_s == wait


def test_a_date_without_a_zone_is_in_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert CANDIDATES[0].judge(429, b"", retry_after="Wed, 18 Nov 2026 11:07:40 -0000").retry_after_s == 60
    finally:
        monkeypatch.undo()
        time.tzset()


@every_candidate
def test_a_throttle_without_a_hint_names_no_wait(candidate: Candidate) -> None:
    assert candidate.judge(429, b"").retry_after_s is None


@every_candidate
def test_details_are_one_line_of_at_most_500_characters(candidate: Candidate) -> None:
    outcome = candidate.judge(500, b"\x1b[31m<h1>\x00no\r\n" + b"x" * 5_000)
    assert isinstance(outcome, Deferred)
    assert len(outcome.detail or "") <= DETAIL_MAX
    assert (outcome.detail or "").isprintable()


# The probe


@every_candidate
def test_a_probe_asks_and_sends_nothing(candidate: Candidate) -> None:
    probe = adapter(candidate).probe(candidate.configured(), NOW)
    assert isinstance(probe, HttpRequest)
    assert probe.url != candidate.request(envelope(MINIMAL)).url
    assert b"example.net" not in probe.body


@every_candidate
def test_a_probe_is_not_satisfied_by_a_page(candidate: Candidate) -> None:
    assert isinstance(adapter(candidate).probed(HttpResponse(200, {}, HTML)), Unauthorised)


@every_candidate
@pytest.mark.parametrize(
    ("status", "kind"), [(500, "deferred"), (503, "deferred"), (502, "deferred"), (429, "throttled"), (404, "deferred")]
)
def test_a_probe_that_fails_says_so(candidate: Candidate, status: int, kind: OutcomeKind) -> None:
    assert consequence(adapter(candidate).probed(HttpResponse(status, {}, b""))).kind == kind


def test_unsure_is_never_the_answer_to_a_question() -> None:
    for candidate in CANDIDATES:
        for status in range(100, 800):
            assert not isinstance(adapter(candidate).probed(HttpResponse(status, {}, b"{}")), Unsure)


def test_the_messages_of_the_exam_need_every_feature() -> None:
    asked = Can(0)
    for changes in FEATURES.values():
        asked |= needs(minimal(**changes).message)
    assert asked == Can(1023)
    assert ID in repr(envelope(Message(sender=Address("ann@example.com"))))
