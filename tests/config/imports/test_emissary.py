import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.config.imports import Unreadable, written
from posthouse.secret import Secret
from tests.config.imports.drafts import accepted, of_file, only, said, secrets

FILE = """\
emissary:
  providers:
    mailgun:
      enabled: 0.7
      key: key-one
      endpoint: https://api.eu.mailgun.net/v3/mg.example.com/messages
      class: services.mailgun.MailgunService
    mandrill:
      enabled: 0.3
      key: two
      endpoint: https://mandrillapp.com/api/1.0/messages/send.json
      class: services.mandrill.MandrillService
"""


def weighted(**enabled: object) -> dict[str, object]:
    providers = {name: {"enabled": weight, "key": "k", "class": "x.Mandrill"} for name, weight in enabled.items()}
    return {"emissary": {"providers": providers}}


def test_its_shares_its_keys_and_its_endpoint_are_taken_over() -> None:
    config = accepted(of_file(FILE))
    pool = only(config)
    assert (pool.name, pool.strategy, pool.sender, pool.failover) == ("mg.example.com", "weighted", "any", 1)
    mailgun, mandrill = pool.providers.values()
    assert (mailgun.weight, mandrill.weight) == (0.7, 0.3)
    assert (mailgun.settings.domain, mailgun.settings.region) == ("mg.example.com", "eu")
    assert list(secrets(config)) == ["key-one", "two"]


def test_one_provider_is_asked_once_and_doubt_is_not_resolved_by_sending_again() -> None:
    pool = only(accepted(of_file(FILE)))
    assert (pool.on_unsure, pool.failover) == ("hold", 1)
    assert pool.retry.first_s >= pool.retry.give_up_after_s


def test_callers_need_a_key_now_and_are_told() -> None:
    draft = of_file(FILE)
    pool = only(accepted(draft))
    assert not pool.open
    assert pool.keys["imported"].digest == Secret("fresh-1").digest()
    assert said(draft, "no key", "`open: true`")


@pytest.mark.parametrize("domain", ["example.org", "mail.example.com"])
def test_the_pool_is_named_as_asked(domain: str) -> None:
    pool = only(accepted(of_file(FILE, domain)))
    assert pool.name == domain
    assert pool.providers["mailgun"].settings.domain == "mg.example.com"


def test_weights_below_one_are_made_whole_and_that_is_said() -> None:
    draft = of_file(weighted(a=0.5, b=0.25))
    weights = [entry.weight for entry in only(accepted(draft)).providers.values()]
    assert weights == [0.666667, 0.333333]
    assert said(draft, "0.75", "nobody")


def test_beyond_one_the_last_ones_got_what_was_left() -> None:
    draft = of_file(weighted(a=0.8, b=0.8, c=1))
    entries = only(accepted(draft)).providers
    assert [entry.weight for entry in entries.values()] == [0.8, 0.2, 0.0]
    assert [entry.enabled for entry in entries.values()] == [True, True, False]
    assert said(draft, "`b`", "0.2")


def test_where_nobody_had_a_weight_all_are_disabled() -> None:
    draft = of_file(weighted(a=0, b=None))
    assert [entry.enabled for entry in only(accepted(draft)).providers.values()] == [False, False]
    assert said(draft, "disabled")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_whatever_the_weights_were_the_file_is_good(weights: list[float]) -> None:
    pool = only(accepted(of_file(weighted(**{f"p{number}": weight for number, weight in enumerate(weights)}))))
    if pool.strategy == "weighted":
        assert math.fsum(entry.weight for entry in pool.providers.values()) == pytest.approx(1.0, abs=1e-6)


def test_a_provider_that_is_not_known_is_left_out_aloud_and_without_its_key() -> None:
    pigeon = {"enabled": 0.5, "key": "CANARY", "class": "birds.Pigeon", "loft": 3}
    draft = of_file({"emissary": {"providers": {"pigeon": pigeon}, "colour": "red"}})
    assert list(only(accepted(draft)).providers) == ["sandbox"]
    assert said(draft, "`pigeon`", "`birds.Pigeon`")
    assert said(draft, "`loft`")
    assert said(draft, "`emissary.colour`")
    assert "CANARY" not in written(draft)


@pytest.mark.parametrize(
    ("endpoint", "base_url"),
    [
        ("https://mail.proxy.example.com:8443/v3/mg.example.com/messages", "https://mail.proxy.example.com:8443"),
        ("http://127.0.0.1:9200/v3/mg.example.com/messages", "http://127.0.0.1:9200"),
        ("http://proxy.example.com/v3/mg.example.com/messages", None),
        ("https://u:p@proxy.example.com/v3/mg.example.com/messages", None),
        ("https://api.mailgun.net/v3/mg.example.com/events", None),
        ("https://[::1/v3/x/messages", None),
        ("", None),
    ],
)
def test_an_endpoint_of_its_own_becomes_a_base_url_where_keys_are_safe_there(endpoint: str, base_url: str) -> None:
    entry = {"enabled": 1, "key": "k", "endpoint": endpoint, "class": "x.Mailgun"}
    draft = of_file({"emissary": {"providers": {"mailgun": entry}}}, "example.com")
    assert only(accepted(draft)).providers["mailgun"].settings.base_url == base_url
    assert said(draft, "endpoint") is (base_url is None and endpoint != "")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"emissary": {"providers": []}}, "emissary.providers: expected a mapping"),
        ({"emissary": {"providers": {"a": "x"}}}, "emissary.providers.a: expected a mapping"),
        ({"emissary": {"providers": {"a": {"enabled": "CANARY"}}}}, "emissary.providers.a.enabled: expected a number"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(document: object, told: str) -> None:
    with pytest.raises(Unreadable) as error:
        of_file(document)
    assert str(error.value) == told
