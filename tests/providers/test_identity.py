"""What providers say of a sending domain: the call that asks, and what its answers mean."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.providers import mailgun, mandrill, sendgrid, ses
from posthouse.providers.base import HttpResponse, Identity
from posthouse.providers.catalogue import HTTP, IDENTIFIES
from posthouse.secret import Secret
from tests.providers.exam import NOW

DOMAIN: Final = "example.com"
SETTINGS: Final[dict[str, Any]] = {
    "mailgun": mailgun.Settings(api_key=Secret("k"), domain="mg.example.com", region="eu"),
    "mandrill": mandrill.Settings(api_key=Secret("k")),
    "sendgrid": sendgrid.Settings(api_key=Secret("k")),
    "ses": ses.Settings(region="eu-central-1", access_key_id="AKID", secret_access_key=Secret("k")),
}


def told(kind: str, body: object, status: int = 200, **headers: str) -> Identity:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return IDENTIFIES[kind].identified(HttpResponse(status, named, json.dumps(body).encode()), DOMAIN)


@pytest.mark.parametrize(
    ("kind", "method", "url"),
    [
        ("mailgun", "GET", "https://api.eu.mailgun.net/v4/domains/mg.example.com"),
        ("mandrill", "POST", "https://mandrillapp.com/api/1.0/senders/domains.json"),
        ("sendgrid", "GET", "https://api.sendgrid.com/v3/whitelabel/domains?domain=example.com"),
        ("ses", "GET", "https://email.eu-central-1.amazonaws.com/v2/email/identities/example.com"),
    ],
)
def test_the_call_that_asks(kind: str, method: str, url: str) -> None:
    request = IDENTIFIES[kind].identity(DOMAIN, SETTINGS[kind], NOW)
    assert (request.method, request.url) == (method, url)


def test_every_provider_over_http_tells() -> None:
    assert IDENTIFIES.keys() == HTTP.keys()


def test_mailgun_tells_the_state_of_its_domain_and_where_its_keys_stand() -> None:
    records = [
        {"record_type": "TXT", "name": "mg.example.com", "value": "v=spf1 include:mailgun.org ~all"},
        {"record_type": "TXT", "name": "pic._domainkey.mg.example.com", "value": "k=rsa; p=x"},
    ]
    domain = {"name": "mg.example.com", "state": "active"}
    found = told("mailgun", {"domain": domain, "sending_dns_records": records})
    expected = ("pic._domainkey.mg.example.com",)
    assert found == Identity(True, "mg.example.com is active", expected, "mg.example.com")
    assert told("mailgun", {"domain": {**domain, "state": "unverified"}}).verified is False


def test_mandrill_tells_of_all_domains_and_wants_both_signing_and_ownership() -> None:
    good = {"domain": DOMAIN, "valid_signing": True, "verified_at": "2026-11-01 10:00:00"}
    assert told("mandrill", [{"domain": "example.net"}, good]).verified is True
    assert told("mandrill", [{**good, "valid_signing": False}]).verified is False
    assert told("mandrill", [{**good, "verified_at": None}]).verified is False
    assert told("mandrill", []) == Identity(False, "example.com is not among the sending domains")


def test_sendgrid_tells_of_the_domain_its_keys_and_its_return_path() -> None:
    wanted = {
        "mail_cname": {"valid": True, "type": "cname", "host": "em1.example.com", "data": "u1.wl.sendgrid.net"},
        "dkim1": {"valid": True, "type": "cname", "host": "s1._domainkey.example.com", "data": "x"},
        "dkim2": {"valid": True, "type": "cname", "host": "s2._domainkey.example.com", "data": "x"},
    }
    keys = ("s1._domainkey.example.com", "s2._domainkey.example.com")
    found = told(
        "sendgrid", [{"domain": "example.net", "valid": True}, {"domain": DOMAIN, "valid": True, "dns": wanted}]
    )
    assert found == Identity(True, "authenticated", keys, "em1.example.com")
    assert told("sendgrid", [{"domain": DOMAIN, "valid": False, "dns": wanted}]).verified is False
    assert told("sendgrid", []).verified is None  # a single sender may be verified instead


def test_ses_tells_of_the_domain_its_tokens_and_its_mail_from() -> None:
    body = {
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {"Status": "SUCCESS", "Tokens": ["aa", "bb"]},
        "MailFromAttributes": {"MailFromDomain": "bounce.example.com"},
    }
    keys = ("aa._domainkey.example.com", "bb._domainkey.example.com")
    assert told("ses", body) == Identity(True, "verified for sending, DKIM SUCCESS", keys, "bounce.example.com")
    assert told("ses", {**body, "VerifiedForSendingStatus": False}).verified is False
    unknown = told("ses", {"message": "no"}, 404, x_amzn_errortype="NotFoundException")
    assert (unknown.verified, "does not know example.com" in unknown.detail) == (False, True)
    assert told("ses", {**body, "DkimAttributes": {"Tokens": 5}}).dkim == ()
    assert told("ses", {}, 404).verified is None  # another server's page


@pytest.mark.parametrize("kind", IDENTIFIES)
def test_a_key_that_may_not_ask_is_no_domain_that_is_not_verified(kind: str) -> None:
    found = told(kind, {"message": "Forbidden"}, 403)
    assert found.verified is None
    assert "it needs" in found.detail


NAMES: Final = """domain dns dkim1 host valid name state sending_dns_records verified_at valid_signing
    DkimAttributes Tokens MailFromAttributes MailFromDomain VerifiedForSendingStatus"""

ANY_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(DOMAIN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", IDENTIFIES)
@given(body=ANY_JSON, status=st.sampled_from([200, 301, 400, 401, 404, 500]))
def test_whatever_is_answered_it_is_a_value(kind: str, body: object, status: int) -> None:
    assert isinstance(told(kind, body, status), Identity)
