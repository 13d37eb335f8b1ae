"""Mailgun: its form, and what its answers mean."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.message import Address, Attachment
from posthouse.providers import mailgun
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.mailgun import Part, form
from posthouse.routing.outcome import Accepted, OutcomeKind, Refused, Throttled, Unauthorised, consequence
from tests.providers.exam import CANDIDATES, FULL, NOW, envelope, minimal
from tests.providers.reading import FormPart, decoded, form_parts

MAILGUN = CANDIDATES[1]


def fields(request: HttpRequest) -> list[tuple[str, str]]:
    return [(part.name, part.content.decode()) for part in form_parts(request) if part.filename is None]


def says(message: str) -> bytes:
    return json.dumps({"message": message}).encode()


@pytest.mark.parametrize(
    ("domain", "path"),
    [
        ("mg.example.com", "/v3/mg.example.com/messages"),
        ("a/b", "/v3/a%2Fb/messages"),
        ("a?b=c#d", "/v3/a%3Fb%3Dc%23d/messages"),
        ("../v4", "/v3/..%2Fv4/messages"),
        ("a%2Fb", "/v3/a%252Fb/messages"),
    ],
)
def test_the_domain_is_one_segment_of_the_path_whatever_it_holds(domain: str, path: str) -> None:
    assert MAILGUN.request(envelope(FULL), domain=domain).url == f"https://api.mailgun.net{path}"


def test_a_region_has_a_host_of_its_own_and_base_url_counts_more() -> None:
    assert MAILGUN.request(envelope(FULL), region="eu").url.startswith("https://api.eu.mailgun.net/v3/")
    assert MAILGUN.request(envelope(FULL), region="eu", base_url="http://127.0.0.1:1").url.startswith(
        "http://127.0.0.1:1/"
    )


def test_the_key_is_the_password_of_the_user_api() -> None:
    request = MAILGUN.request(envelope(FULL))
    assert request.headers["authorization"] == "Basic YXBpOmV4YW1wbGUtc2VjcmV0LTAxMjM0NTY3ODk="


def test_each_recipient_is_a_field_of_its_own() -> None:
    sent = fields(MAILGUN.request(envelope(FULL)))
    assert [value for name, value in sent if name == "to"] == ["Bob <bob@example.net>", "carol@example.org"]


def test_nothing_is_said_that_would_make_a_template_of_the_content() -> None:
    names = {name for name, _ in fields(MAILGUN.request(envelope(FULL)))}
    assert not {name for name in names if name.startswith("t:")} | (names & {"template", "recipient-variables"})


def test_a_name_that_looks_encoded_is_encoded_once_more() -> None:
    sent = fields(MAILGUN.request(minimal(sender=Address("ann@example.com", "=?utf-8?q?=0D=0ABcc:x?="))))
    word, _, email = dict(sent)["from"].partition(" ")
    assert (decoded(word), email) == ("=?utf-8?q?=0D=0ABcc:x?=", "<ann@example.com>")


@pytest.mark.parametrize(("text", "html"), [("", None), ("", ""), (None, "")])
def test_a_body_is_never_missing(text: str | None, html: str | None) -> None:
    sent = dict(fields(MAILGUN.request(minimal(text=text, html=html))))
    assert sent["text"] == " "
    assert "html" not in sent


def test_a_file_without_a_name_gets_one_or_it_would_be_dropped() -> None:
    [part] = [
        part for part in form_parts(MAILGUN.request(minimal(attachments=(Attachment("", b"x"),)))) if part.filename
    ]
    assert part.filename == "attachment"


def test_a_message_without_to_goes_as_mime_with_its_labels() -> None:
    request = MAILGUN.request(minimal(to=(), bcc=FULL.bcc, tags=("receipt",), metadata=(("order", "17"),)))
    assert request.url == "https://api.mailgun.net/v3/mg.example.com/messages.mime"
    assert fields(request) == [
        ("to", "erin@example.net"),
        ("to", "frank@example.org"),
        ("v:order", "17"),
        ("v:posthouse_id", "019a0b4c-5d6e-7f80-8123-456789abcdef"),
        ("o:tag", "receipt"),
    ]


# The form

token = st.sampled_from(
    ["--", "posthouse-seed", "-1", "\r\n", "\r", "\n", "--posthouse-seed", "--posthouse-seed--", '"', ";", "\\", "é"]
)
contents = st.lists(token, max_size=8).map("".join)


@given(st.lists(st.tuples(contents, contents, st.none() | contents), min_size=1, max_size=4))
def test_a_form_is_read_back_as_it_was_written(parts: list[tuple[str, str, str | None]]) -> None:
    written = [Part(name, content.encode(), filename, "text/plain") for name, content, filename in parts]
    boundary, body = form(written, "seed")
    request = HttpRequest("POST", "", {"content-type": f"multipart/form-data; boundary={boundary}"}, body)
    assert [(one.name, one.content.decode(), one.filename) for one in form_parts(request)] == parts


def test_a_boundary_that_is_in_a_part_is_not_taken() -> None:
    boundary, _ = form([Part("a", b"posthouse-seed"), Part("b", b"posthouse-seed-1")], "seed")
    assert boundary == "posthouse-seed-2"


def test_a_line_break_in_a_name_or_a_type_never_begins_a_line() -> None:
    nasty = 'a"\r\nX-Evil: 1\r\n\r\n'
    _, body = form([Part(nasty, b"", nasty, nasty)], "seed")
    assert b"\nX-Evil" not in body
    request = HttpRequest("POST", "", {"content-type": "multipart/form-data; boundary=posthouse-seed"}, body)
    part: FormPart
    [part] = form_parts(request)
    assert set(part.headers) == {"content-disposition", "content-type"}


# The answer

ANSWERS: list[tuple[str, int, bytes, OutcomeKind]] = [
    ("queued", 200, b'{"id": "<1@example.com>", "message": "Queued. Thank you."}', "accepted"),
    ("queued without an id", 200, says("Queued. Thank you."), "accepted"),
    ("an id alone", 200, b'{"id": "<1@example.com>"}', "accepted"),
    ("an empty object", 200, b"{}", "accepted"),
    ("nothing at all", 200, b"", "accepted"),
    ("a list", 200, b"[]", "unauthorised"),
    ("the wrong path", 200, b"Mailgun Magnificent API", "unauthorised"),
    ("words that are not known", 200, says("Something else"), "unsure"),
    ("an invalid recipient", 400, says("'to' parameter is not a valid address. please check documentation"), "refused"),
    ("a form that lacks something", 400, says("'from' parameter is not present"), "refused"),
    ("a sandbox domain", 400, says("Sandbox subdomains are for test purposes only."), "unauthorised"),
    ("a recipient not authorized", 403, says("Please add the address to authorized recipients."), "unauthorised"),
    ("an invalid key", 401, b"Forbidden", "unauthorised"),
    ("an unpaid bill", 402, says("parameters valid but request failed"), "unauthorised"),
    ("the other region", 404, says("Domain not found: mg.example.com"), "unauthorised"),
    ("too large", 413, b"", "refused"),
    ("too many this hour", 420, b"", "throttled"),
    ("too fast", 429, says("limit exceeded"), "throttled"),
    ("an error of theirs", 500, b"", "deferred"),
    ("a gateway without its upstream", 502, b"", "unsure"),
    ("out of service", 503, b"", "deferred"),
]


@pytest.mark.parametrize(("name", "status", "answer", "kind"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_an_answer_means(name: str, status: int, answer: bytes, kind: OutcomeKind) -> None:
    assert consequence(MAILGUN.judge(status, answer)).kind == kind


@pytest.mark.parametrize(
    ("field", "about"), [("to", "recipient"), ("cc", "recipient"), ("bcc", "recipient"), ("from", "message")]
)
def test_an_invalid_address_is_about_whoever_has_it(field: str, about: str) -> None:
    outcome = MAILGUN.judge(400, says(f"'{field}' parameter is not a valid address. please check documentation"))
    assert isinstance(outcome, Refused)
    assert outcome.about == about


def test_the_id_has_no_angle_brackets_because_events_have_none() -> None:
    outcome = MAILGUN.judge(200, b'{"id": "<20261118.1.AB@mg.example.com>", "message": "Queued. Thank you."}')
    assert outcome.message_id == "20261118.1.AB@mg.example.com"


@pytest.mark.parametrize(
    ("text", "wait", "quota"),
    [
        ("Domain example.com is not allowed to send: limit exceeded, try again after 120 seconds", 120.0, False),
        ("try again after 1 second", 1.0, False),
        ("try again after 7200 seconds", 7200.0, True),
        ("try again later", None, False),
        ("try again after 99999999999999 seconds", None, False),
    ],
)
def test_the_wait_stands_in_the_text(text: str, wait: float | None, quota: bool) -> None:
    outcome = MAILGUN.judge(429, says(text))
    assert isinstance(outcome, Throttled)
    assert (outcome.retry_after_s, outcome.quota) == (wait, quota)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, b'{"domain": {"name": "mg.example.com", "state": "active"}}', Accepted),
        (200, b'{"state": "active"}', Accepted),
        (200, b"{}", Accepted),
        (200, b'{"domain": {"state": "unverified"}}', Unauthorised),
        (200, b'{"state": "disabled"}', Unauthorised),
        (200, b"Mailgun Magnificent API", Unauthorised),
        (401, b"Forbidden", Unauthorised),
    ],
)
def test_a_domain_that_is_not_active_fails_the_probe(status: int, answer: bytes, kind: type) -> None:
    assert isinstance(mailgun.probed(HttpResponse(status, {}, answer)), kind)


def test_the_probe_asks_for_the_domain() -> None:
    probe = mailgun.probe(MAILGUN.configured(), NOW)
    assert (probe.method, probe.url) == ("GET", "https://api.mailgun.net/v4/domains/mg.example.com")
