"""The documented example, letter by letter, against the providers that are shipped."""

from typing import Final

import msgspec
import pytest

from posthouse.config.describe import rows
from posthouse.config.pool import ProviderEntry
from posthouse.config.problem import Problem
from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.config.shape import shape, written
from posthouse.providers.base import Spec
from posthouse.providers.catalogue import HTTP, SPECS
from tests.config.sample import NOW

EXAMPLE: Final = """\
http:  {listen: "127.0.0.1:8080", public_url: "https://mail.example.com", max_body_mb: 30, cors_origins: []}
smtp:  {listen: "127.0.0.1:2525"}                # leave out to close the SMTP door; tls: {cert: …, key: …}
store: sqlite:///posthouse.db                    # or postgresql://user:secret@host/db
workers: 1                                       # processes on this machine; more than 1 needs PostgreSQL
health_scope: cluster                            # or node
admins: {ops: "${POSTHOUSE_ADMIN_KEY}"}          # name: key; a key may be given as sha256:HEX
retention: {content: 7d, records: 90d}
pools:
  example.com:                                   # the sending domain names the pool
    keys: {web: "${WEB_KEY}"}                    # no key = nobody may send; `open: true` must be said aloud
    sender: pool_domain                          # any | pool_domain | fixed (always default_from)
    default_from: "Example <no-reply@example.com>"
    strategy: priority                           # weighted | priority | score
    providers:                                   # name: settings; type is the name unless said
      sendgrid: {order: 1, weight: 0.7, score: 50, api_key: "${SENDGRID_API_KEY}"}
      mailgun:  {order: 2, weight: 0.3, score: 40, api_key: "${MAILGUN_API_KEY}", domain: mg.example.com, region: eu}
      spare:    {type: smtp, order: 3, host: smtp.example.net, port: 587, username: u, password: "${SMTP_PASSWORD}", tls: starttls}
    breaker: {failures: 5, rate: 0.5, window_s: 30, min_calls: 20, probe: check, probe_every_s: 5}
    retry:   {first_s: 5, factor: 2, max_s: 3600, give_up_after: 24h}
    failover: all                                # how many providers one round may try; 1 = fail fast
    on_unsure: failover                          # failover | retry_same | hold
    classes:                                     # named policies a message may ask for
      otp: {lane: critical, expires_in: 5m, on_unsure: failover}
      bulk: {lane: bulk, on_unsure: hold}
"""  # noqa: E501  as it is documented

ENV: Final = dict.fromkeys(("SENDGRID_API_KEY", "MAILGUN_API_KEY", "SMTP_PASSWORD"), "x") | {
    "POSTHOUSE_ADMIN_KEY": "admin",
    "WEB_KEY": "web",
}

NEEDED: Final = {
    "mailgun": "api_key: x, domain: d",
    "mandrill": "api_key: x",
    "sendgrid": "api_key: x",
    "ses": "region: eu-central-1, access_key_id: x, secret_access_key: x",
}
"""What each provider cannot do without."""


def test_the_documented_example_is_good() -> None:
    found = read(EXAMPLE, ENV, SPECS, NOW)
    assert isinstance(found, Config), found
    assert found.warnings == ()
    assert list(found.pools["example.com"].providers) == ["sendgrid", "mailgun", "spare"]


def test_under_weighted_the_same_weights_are_good() -> None:
    assert isinstance(read(EXAMPLE.replace("priority ", "weighted "), ENV, SPECS, NOW), Config)
    assert isinstance(read(EXAMPLE.replace("priority ", "weighted ").replace("0.3", "0.2"), ENV, SPECS, NOW), list)


def test_what_the_example_shows_are_the_defaults() -> None:
    said = ("breaker:", "retry:", "failover:", "on_unsure:", "strategy:", "sender:")
    shorter = "\n".join(
        line
        for line in EXAMPLE.splitlines()
        if not line.strip().startswith(said)
        and not line.startswith(("store:", "workers:", "health_scope:", "retention:"))
    )
    assert read(shorter, ENV, SPECS, NOW) == read(EXAMPLE, ENV, SPECS, NOW)


@pytest.mark.parametrize("base_url", ["https://api.example.net", "http://127.0.0.1:9", "http://localhost:9/v3"])
def test_a_provider_takes_the_address_for_all_its_calls(base_url: str) -> None:
    text = EXAMPLE.replace('api_key: "${SENDGRID_API_KEY}"', f'api_key: x, base_url: "{base_url}"')
    found = read(text, ENV, SPECS, NOW)
    assert isinstance(found, Config), found
    assert found.pools["example.com"].providers["sendgrid"].settings.base_url == base_url


@pytest.mark.parametrize("base_url", ["smtp://127.0.0.1:25", "smtps://smtp.example.net", "SMTP://[::1]:2525"])
def test_an_address_for_smtp_is_taken_by_the_smtp_provider_alone(base_url: str) -> None:
    found = read(with_provider(f'type: smtp, base_url: "{base_url}"'), ENV, SPECS, NOW)
    assert isinstance(found, Config), found
    for kind in HTTP:
        (problem,) = problems(f'type: {kind}, {NEEDED[kind]}, base_url: "{base_url}"')
        assert problem.path == "pools.example.com.providers.one.base_url"
        assert problem.message.startswith("expected a URL such as https://mail.example.com")


@pytest.mark.parametrize("base_url", ["https://smtp.example.net", "http://127.0.0.1:25", "nowhere", "smtp://"])
def test_the_smtp_provider_says_what_address_it_expects(base_url: str) -> None:
    (problem,) = problems(f'type: smtp, base_url: "{base_url}"')
    assert problem.path == "pools.example.com.providers.one.base_url"
    assert problem.message == "expected smtp://HOST:PORT or smtps://HOST:PORT"


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_every_shipped_provider_describes_its_settings_and_has_a_base_url(spec: Spec) -> None:
    names = {info.encode_name for info in written(spec.settings)}
    assert "base_url" in names or spec.name == "sandbox"  # it calls nobody
    assert names.isdisjoint(info.encode_name for info in written(ProviderEntry))
    assert set(spec.env) <= names
    for info in msgspec.structs.fields(spec.settings):
        assert shape(info.type).description, info.name


def test_every_setting_of_the_shipped_providers_has_a_row() -> None:
    paths = {row.path for row in rows(SPECS)}
    assert "pools.DOMAIN.providers.ses.secret_access_key" in paths


def with_provider(settings: str) -> str:
    return f"pools: {{example.com: {{keys: {{web: k}}, providers: {{one: {{{settings}}}}}}}}}"


def problems(settings: str) -> list[Problem]:
    """Those of a configuration whose one provider has these settings."""
    found = read(with_provider(settings), ENV, SPECS, NOW)
    assert isinstance(found, list)
    return found
