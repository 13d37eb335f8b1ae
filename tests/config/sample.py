"""A configuration that uses everything, and ways to read one."""

from collections.abc import Mapping
from textwrap import dedent
from typing import Final

from posthouse.config.problem import Problem
from posthouse.config.read import read
from posthouse.config.schema import Config
from tests.config.providers import SPECS

NOW: Final = 1_800_000_000.0  # 2027-01-15

ENV: Final = {
    "OPS_KEY": "CANARY-ops",
    "WEB_KEY": "CANARY-web",
    "SENDGRID_API_KEY": "CANARY-sendgrid",
    "MAILGUN_API_KEY": "CANARY-mailgun",
    "SMTP_PASSWORD": "CANARY-smtp",
}

SAMPLE: Final = """\
http:  {listen: "127.0.0.1:8080", public_url: "https://mail.example.com", max_body_mb: 30, cors_origins: []}
smtp:  {listen: "127.0.0.1:2525"}
store: postgresql://posthouse:CANARY-store@db.example.net:5433/mail?sslmode=require
workers: 4
health_scope: cluster
admins: {ops: "${OPS_KEY}"}
retention: {content: 7d, records: 90d}
pools:
  example.com:
    keys:
      web: "${WEB_KEY}"
      app: {key: CANARY-app, mode: sandbox, redirect: me@example.com, allow: ["*@example.com"], rate: 50/s, daily: 9}
    sender: pool_domain
    default_from: "Example <no-reply@example.com>"
    strategy: weighted
    providers:
      sendgrid: {order: 1, weight: 0.7, score: 50, api_key: "${SENDGRID_API_KEY}"}
      mailgun:  {order: 2, weight: 0.3, score: 40, api_key: "${MAILGUN_API_KEY}", domain: mg.example.com, region: eu}
      spare:    {type: smtp, weight: 0, host: smtp.example.net, username: u, password: "${SMTP_PASSWORD}", tags: [eu]}
    breaker: {failures: 5, rate: 0.5, window_s: 30, min_calls: 20, probe: check, probe_every_s: 5}
    retry:   {first_s: 5, factor: 2, max_s: 3600, give_up_after: 24h}
    failover: all
    on_unsure: failover
    classes:
      otp: {lane: critical, expires_in: 5m, on_unsure: failover}
      bulk: {lane: bulk, on_unsure: hold, provider: spare, require_tags: [eu]}
"""

MINIMAL: Final = """\
pools:
  example.com:
    keys: {web: secret-of-web}
    providers:
      sandbox: {}
"""


def answer(text: str, env: Mapping[str, str] = ENV) -> Config | list[Problem]:
    return read(dedent(text), env, SPECS, NOW)


def config(text: str, env: Mapping[str, str] = ENV) -> Config:
    """The configuration in a text that must have no problem."""
    found = answer(text, env)
    assert isinstance(found, Config), found
    return found


def problems(text: str, env: Mapping[str, str] = ENV) -> list[Problem]:
    """The problems of a text that must have some."""
    found = answer(text, env)
    assert isinstance(found, list)
    assert found
    return found


def the_problem(text: str, env: Mapping[str, str] = ENV) -> Problem:
    """The one problem of a text."""
    found = problems(text, env)
    assert len(found) == 1, found
    return found[0]


def pool(lines: str) -> str:
    """A configuration whose pool has these lines beside the least it needs; they begin on line 6."""
    return MINIMAL + "".join(f"    {line}\n" for line in dedent(lines).splitlines())
