"""A sending domain, with what a provider told of it and what stands in the DNS."""

from base64 import b64encode
from typing import Final

import pytest

from posthouse.doctor.accounts import Account
from posthouse.doctor.domain import domain
from posthouse.doctor.finding import Finding
from posthouse.providers.base import Identity
from tests.doctor.answers import asks
from tests.doctor.patient import account

KEY: Final = f"v=DKIM1; k=rsa; p={b64encode(bytes(294)).decode()}"
GOOD: Final[dict[str, list[str] | None]] = {
    "example.com": ["v=spf1 include:a.test ~all"],
    "a.test": ["v=spf1 -all"],
    "_dmarc.example.com": ["v=DMARC1; p=reject; rua=mailto:a@example.com"],
}

Found = dict[tuple[str, str], Finding]


async def found(*accounts: Account, **zone: list[str] | None) -> Found:
    """(check, subject) → what was found, in a zone that is good but for these names, with `__` for a dot."""
    held = {**GOOD, **{name.replace("___", "._").replace("__", "."): texts for name, texts in zone.items()}}
    return {(one.check, one.subject): one for one in await domain("example.com", list(accounts), asks(held))}


async def test_a_domain_that_is_well() -> None:
    told = await found()
    assert {key: one.value for key, one in told.items()} == {
        ("spf", "example.com"): "ok",
        ("dmarc", "example.com"): "ok",
    }
    assert told["spf", "example.com"].seen == "v=spf1 include:a.test ~all (1 of 10 lookups)"


@pytest.mark.parametrize(
    ("texts", "value", "words"),
    [
        ([], "warn", 'Publish the TXT record "v=spf1 mx ~all"'),
        (["v=spf1 mx -all", "v=spf1 a -all"], "fail", "Make one TXT record of them"),
        (["v=spf1 " + "mx " * 11 + "-all"], "fail", "Remove includes"),
        (["v=spf1 nonsense -all"], "fail", "receivers take it for an error"),
        (["v=spf1 mx +all"], "fail", "lets everybody send"),
        (["v=spf1 mx"], "warn", "says nothing of all other servers"),
        (None, "skipped", "--resolver"),
    ],
)
async def test_what_is_wrong_with_spf_and_what_to_do(texts: list[str] | None, value: str, words: str) -> None:
    one = (await found(account("mailgun"), example__com=texts))["spf", "example.com"]
    assert one.value == value
    assert words in one.advice


async def test_a_provider_whose_return_path_is_the_domain_itself_is_in_the_record_to_publish() -> None:
    here = Identity(True, "x", return_path="example.com")
    below = Identity(True, "x", return_path="bounce.example.com")
    told = await found(account(identity=here), account("ses", identity=below), example__com=[])
    assert '"v=spf1 include:mailgun.org ~all"' in told["spf", "example.com"].advice


@pytest.mark.parametrize(
    ("texts", "value"),
    [([], "warn"), (["v=DMARC1; p=maybe"], "fail"), (["v=DMARC1; p=none"], "ok"), (None, "skipped")],
)
async def test_what_is_wrong_with_dmarc(texts: list[str] | None, value: str) -> None:
    one = (await found(_dmarc__example__com=texts))["dmarc", "example.com"]
    assert one.value == value
    assert one.advice


async def test_a_provider_that_sends_nothing_without_dmarc_makes_it_a_failure() -> None:
    one = (await found(account("mandrill"), _dmarc__example__com=[]))["dmarc", "example.com"]
    assert one.value == "fail"
    assert "mandrill needs one" in one.seen


async def test_spf_is_looked_at_where_the_return_path_is() -> None:
    told = Identity(True, "x", return_path="bounce.example.com")
    good = ["v=spf1 include:amazonses.com -all"]
    named = await found(
        account("ses", identity=told), bounce__example__com=good, amazonses__com=["v=spf1 ip4:192.0.2.0/24 -all"]
    )
    assert named["spf", "example.com ses"].value == "ok"
    other = await found(account("ses", identity=told), bounce__example__com=["v=spf1 mx -all"])
    assert other["spf", "example.com ses"].advice == "Add include:amazonses.com to the SPF of bounce.example.com."
    assert (await found(account("ses", identity=told)))["spf", "example.com ses"].value == "fail"
    assert (await found(account("ses")))["spf", "example.com ses"].value == "skipped"
    of_theirs = await found(
        account("sendgrid", identity=Identity(True, "x", return_path="em1.example.com")),
        em1__example__com=["v=spf1 ip4:192.0.2.1 -all"],
    )
    assert of_theirs["spf", "example.com sendgrid"].value == "ok"  # a CNAME of theirs names their servers itself


async def test_keys_are_looked_for_where_the_provider_said() -> None:
    told = Identity(True, "x", ("aa._domainkey.example.com", "bb._domainkey.example.com"))
    both = await found(
        account("ses", identity=told), aa___domainkey__example__com=[KEY], bb___domainkey__example__com=[KEY]
    )
    assert both["dkim", "example.com ses"].value == "ok"
    one = (await found(account("ses", identity=told), aa___domainkey__example__com=[KEY]))["dkim", "example.com ses"]
    assert (one.value, one.seen) == ("fail", "there is no key at bb._domainkey.example.com")
    revoked = await found(
        account("ses", identity=told), aa___domainkey__example__com=[KEY], bb___domainkey__example__com=["v=DKIM1; p="]
    )
    assert "revoked" in revoked["dkim", "example.com ses"].seen


async def test_where_it_said_nothing_they_are_looked_for_under_its_usual_names() -> None:
    there = await found(account("sendgrid"), s1___domainkey__example__com=[KEY])
    assert there["dkim", "example.com sendgrid"].seen == "keys at s1._domainkey.example.com"
    nowhere = (await found(account("sendgrid")))["dkim", "example.com sendgrid"]
    assert nowhere.value == "warn"
    assert "unless you chose others" in nowhere.advice
    assert (await found(account("smtp")))["dkim", "example.com smtp"].value == "skipped"


async def test_a_signature_that_does_not_speak_for_the_sender_is_told() -> None:
    told = Identity(True, "x", ("k._domainkey.mg.example.com",), "mg.example.com")
    zone = {"k___domainkey__mg__example__com": [KEY]}
    assert (await found(account("mailgun", identity=told), **zone))["dkim", "example.com mailgun"].value == "ok"
    strict = await found(account("mailgun", identity=told), **zone, _dmarc__example__com=["v=DMARC1; p=none; adkim=s"])
    assert "under adkim=s" in strict["dkim", "example.com mailgun"].seen
    foreign = Identity(True, "x", ("k._domainkey.example.net",))
    other = await found(account("mailgun", identity=foreign), k___domainkey__example__net=[KEY])
    assert other["dkim", "example.com mailgun"].value == "fail"
