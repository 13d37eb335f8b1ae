"""What every provider that speaks HTTP must do, asked of each of them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.message import Address, Attachment
from posthouse.routing.capability import Can, needs
from posthouse.secret import Secret
from tests.providers import golden
from tests.providers.exam import (
    CANDIDATES,
    EMAILS,
    FEATURES,
    FULL,
    HOSTILE_TEXTS,
    ID,
    MINIMAL,
    NAMES,
    NOW,
    SECRET,
    TOKEN,
    Candidate,
    adapter,
    envelope,
    expected,
    minimal,
    names,
)
from tests.providers.reading import Arrived

every_candidate = pytest.mark.parametrize("candidate", CANDIDATES, ids=names)
HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
BODIES = [b"", HTML, b"{}", b"[]", b"null", b"\xff\xfe", b'{"error": "x"}', b"[" * 100_000, b"Forbidden", b"1" * 6_000]


# The request


@pytest.mark.parametrize(
    ("candidate", "case"),
    [pytest.param(one, path, id=f"{one.name}-{path.stem}") for one in CANDIDATES for path in golden.cases(one)],
)
def test_a_golden_case_comes_out_as_it_is_written(candidate: Candidate, case: Path) -> None:
    written = json.loads(case.read_text())
    assert golden.worked(candidate, written) == written


@every_candidate
def test_each_provider_has_a_full_and_a_minimal_golden_case(candidate: Candidate) -> None:
    assert {"full", "minimal"} <= {path.stem for path in golden.cases(candidate)}


@every_candidate
def test_a_message_with_everything_arrives_whole(candidate: Candidate) -> None:
    assert candidate.arrived(envelope(FULL)) == expected(FULL)


@every_candidate
def test_a_message_with_nothing_optional_arrives_whole(candidate: Candidate) -> None:
    assert candidate.arrived(envelope(MINIMAL)) == expected(MINIMAL)


@every_candidate
def test_what_is_not_there_is_not_said(candidate: Candidate) -> None:
    request = candidate.request(envelope(MINIMAL))
    if request.headers["content-type"] == "application/json":
        assert list(hollow(json.loads(request.body))) == []


def hollow(value: Any) -> list[Any]:
    """Empty strings, lists and objects, and nulls: some provider refuses each of them."""
    if value in ("", [], {}) or value is None:
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for one in inner for found in hollow(one)]


@every_candidate
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_feature_changes_the_request_where_it_is_claimed_and_only_there(candidate: Candidate, feature: Can) -> None:
    changed = minimal(**FEATURES[feature])
    assert feature & needs(changed.message)
    assert bool(feature & adapter(candidate).SPEC.can) == (candidate.arrived(changed) != expected(MINIMAL))


@every_candidate
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_feature_that_is_claimed_arrives_as_it_was_asked_for(candidate: Candidate, feature: Can) -> None:
    changed = minimal(**FEATURES[feature])
    if feature & adapter(candidate).SPEC.can:
        assert candidate.arrived(changed) == expected(changed.message)


@every_candidate
@pytest.mark.parametrize("name", NAMES)
def test_a_display_name_is_read_back_as_it_was_given(candidate: Candidate, name: str) -> None:
    changed = minimal(
        sender=Address("ann@example.com", name),
        to=(Address("bob@example.net", name), Address("carol@example.org")),
        cc=(Address("dave@example.net", name),),
        reply_to=(Address("help@example.com", name), Address("desk@example.com", name)),
    )
    assert candidate.arrived(changed) == expected(changed.message)


@every_candidate
@pytest.mark.parametrize("email", EMAILS)
def test_an_address_that_looks_like_something_else_stays_an_address(candidate: Candidate, email: str) -> None:
    changed = minimal(
        sender=Address(email), to=(Address(email),), cc=(Address("x" + email),), bcc=(Address("y" + email),)
    )
    assert candidate.arrived(changed) == expected(changed.message)
    assert candidate.request(changed).url == candidate.request(envelope(MINIMAL)).url


@every_candidate
@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_what_others_would_take_for_a_template_arrives_verbatim(candidate: Candidate, text: str) -> None:
    changed = minimal(
        subject=text,
        text=text,
        html=text,
        headers=(("X-Note", text),),
        tags=(text,),
        metadata=(("note", text),),
        to=(Address("bob@example.net", text),),
    )
    assert candidate.arrived(changed) == expected(changed.message)


@every_candidate
@pytest.mark.parametrize("name", ["räksmörgås.txt", "山田 (1).pdf", 'a "b".txt', "100%.txt", "a;b=c.txt", "a'b.txt"])
def test_a_file_keeps_its_name(candidate: Candidate, name: str) -> None:
    changed = minimal(attachments=(Attachment(name, b"content", "application/pdf"),))
    [file] = candidate.arrived(changed).files
    assert (file.name, file.content) == (name, b"content")


@every_candidate
@given(content=st.binary(max_size=300))
def test_a_file_arrives_byte_for_byte(candidate: Candidate, content: bytes) -> None:
    changed = minimal(
        attachments=(Attachment("a.bin", content), Attachment("b.gif", content, "image/gif", "b@example"))
    )
    assert [file.content for file in candidate.arrived(changed).files] == [content, content]


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=40)


@every_candidate
@given(text=texts.filter(str.strip))
def test_any_text_arrives_verbatim(candidate: Candidate, text: str) -> None:
    arrived = candidate.arrived(minimal(subject=text.strip(), text=text, metadata=(("k", text.strip()),)))
    assert (arrived.subject, arrived.text) == (text.strip(), text)
    assert arrived.metadata == {"k": text.strip()}


@every_candidate
def test_the_senders_metadata_cannot_take_the_place_of_our_id(candidate: Candidate) -> None:
    request = candidate.request(minimal(metadata=(("posthouse_id", "forged"),)))
    assert candidate.read(request).id == ID
    if candidate.name != "ses":  # which keeps the two apart: one is a message tag, the other a header
        assert b"forged" not in request.body


@every_candidate
def test_only_those_still_owed_are_served(candidate: Candidate) -> None:
    emails = ("carol@example.org", "frank@example.org")
    request = candidate.request(envelope(FULL, emails))
    body = msgspec.json.decode(request.body) if request.body.startswith(b"{") else None
    served = recipients(candidate.name, body) if body else form_recipients(candidate.read(request))
    assert sorted(served) == sorted(emails)


def recipients(name: str, body: Any) -> list[str]:
    if name == "ses":
        return [email for emails in body["Destination"].values() for email in emails]
    if name == "mandrill":
        return [one["email"] for one in body["message"]["to"]]
    return [one["email"] for envelope in body["personalizations"] for field in envelope.values() for one in field]


def form_recipients(arrived: Arrived) -> list[str]:
    return [email for email, _ in (*arrived.to, *arrived.cc)] + arrived.bcc


@every_candidate
@pytest.mark.parametrize(
    "changes",
    [
        {"to": (), "cc": FULL.cc},
        {"to": (), "cc": FULL.cc, "bcc": FULL.bcc},
        {"to": (), "bcc": FULL.bcc},
        {"to": (), "bcc": FULL.bcc[:1]},
    ],
    ids=["cc alone", "cc and bcc", "several bcc alone", "one bcc alone"],
)
def test_a_message_without_to_reaches_everybody_and_shows_no_bcc_to_another(
    candidate: Candidate, changes: dict[str, Any]
) -> None:
    changed = minimal(**changes)
    request = candidate.request(changed)
    arrived = candidate.read(request)
    reached = [email for email, _ in (*arrived.to, *arrived.cc)] + arrived.bcc
    assert sorted(reached) == sorted(one.email for one in changed.message.recipients)
    if candidate.name == "sendgrid" and not changed.message.cc:
        shown = [len(one["to"]) for one in msgspec.json.decode(request.body)["personalizations"]]
        assert shown == [1] * len(changed.message.bcc)
    else:
        hidden = {one.email for one in changed.message.bcc}
        assert not hidden & {email for email, _ in (*arrived.to, *arrived.cc)}


@every_candidate
def test_the_same_message_makes_the_same_request(candidate: Candidate) -> None:
    assert candidate.request(envelope(FULL)) == candidate.request(envelope(FULL))


@every_candidate
@pytest.mark.parametrize("base", ["http://127.0.0.1:8025", "http://127.0.0.1:8025/", "https://proxy.example.com/mail/"])
def test_all_calls_go_to_the_base_url_with_or_without_a_slash(candidate: Candidate, base: str) -> None:
    usual = candidate.request(envelope(MINIMAL)).url
    settings = candidate.configured(base_url=base)
    assert candidate.request(envelope(MINIMAL), base_url=base).url == base.rstrip("/") + urlsplit(usual).path
    assert adapter(candidate).probe(settings, NOW).url.startswith(base.rstrip("/") + "/")
    assert "//" not in urlsplit(adapter(candidate).probe(settings, NOW).url).path


@every_candidate
def test_calls_are_https_unless_somebody_says_otherwise(candidate: Candidate) -> None:
    assert candidate.request(envelope(MINIMAL)).url.startswith("https://")
    assert adapter(candidate).probe(candidate.configured(), NOW).url.startswith("https://")


# Secrets and settings


@every_candidate
def test_secrets_are_in_the_request_and_in_nothing_that_is_printed(candidate: Candidate) -> None:
    request = candidate.request(envelope(FULL))
    for text in (repr(candidate.configured()), repr(request), str(candidate.configured())):
        assert SECRET not in text
        assert TOKEN not in text
    assert b"\r" not in "".join(request.headers.values()).encode()


@every_candidate
def test_every_setting_is_described_and_every_variable_belongs_to_one(candidate: Candidate) -> None:
    spec = adapter(candidate).SPEC
    schema = msgspec.json.schema(spec.settings, schema_hook=lambda _: {"type": "string"})["$defs"]["Settings"]
    assert [name for name, one in schema["properties"].items() if not one.get("description")] == []
    assert set(spec.env) <= set(schema["properties"])
    assert "base_url" in schema["properties"]
    assert [name for name in ("api_key", "secret_access_key", "session_token") if is_shown(candidate, name)] == []


def is_shown(candidate: Candidate, name: str) -> bool:
    return not isinstance(getattr(candidate.configured(), name, None) or Secret(""), Secret)
