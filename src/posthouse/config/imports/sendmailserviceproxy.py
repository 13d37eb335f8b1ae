"""sendmailserviceproxy: variables `SMSP_…`, no file. Mailgun first, SendGrid when Mailgun's circuit is open.

One failure opens a circuit, a dummy message every five seconds tries it; the caller of a message that failed is told so
at once, and nobody tries it again.
"""

from collections.abc import Callable, Mapping
from typing import Final

from posthouse.config.imports.draft import Draft, Fresh, Line, Pool, Provider, Reference, Setting
from posthouse.config.imports.parts import KEY_NAME, ONE_ROUND, Collector, pool_domain, sandbox
from posthouse.config.values import Scalar, key, mailbox
from posthouse.mail.message import Address

ORIGIN: Final = "sendmailserviceproxy"
PREFIX: Final = "SMSP_"

DOMAIN, MAILGUN, SENDGRID = "SMSP_MG_DOMAIN", "SMSP_MG_API_KEY", "SMSP_SG_API_KEY"
POLL, KEY, MOCK = "SMSP_POLL_MESSAGE_ADDRESS", "SMSP_API_KEY", "SMSP_MOCK_EMAIL_SERVICE"
FORMAT, DEBUG = "SMSP_LOG_OUTPUT_FORMAT", "SMSP_LOG_OUTPUT_DEBUG"
TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")

LIMIT: Final = Line("timeout_s", 2, "the limit of one call")


def speaks(env: Mapping[str, str]) -> bool:
    return any(name.startswith(PREFIX) and value for name, value in env.items())


def draft(env: Mapping[str, str], fresh: Callable[[], str], domain: str | None) -> Draft:
    """The draft of one pool. domain: its name; that of SMSP_MG_DOMAIN unless said. Secrets stay in the environment."""
    collector = Collector(fresh)
    chosen = domain or _domain(env, collector)
    mock = env.get(MOCK, "") in TRUE
    providers = _providers(env, collector, enabled=not mock)
    if mock:
        collector.note(
            f"{MOCK} replaced all providers: the sandbox does so here. It fails by recipient (x+defer@…, x+unsure@…), "
            "not by the subjects `fail` and `timeout`."
        )
        providers = (Provider("sandbox"), *providers)
    elif not providers:
        providers = (sandbox(collector, f"Neither {MAILGUN} nor {SENDGRID} is set"),)
    keys = (Line(KEY_NAME, _key(env, collector, fresh)),)
    lines = (
        Line("sender", "any", "any From was taken"),
        Line("strategy", "priority"),
        Line("breaker", {"failures": 1, **_probe(env, collector), "probe_every_s": 5}, "the first failure opens it"),
        Line("failover", 1, "fails fast, as before; `all` lets the other one take over at once"),
        ONE_ROUND,
        Line("on_unsure", "hold", "what may have been sent was left to the caller"),
    )
    for name in (FORMAT, DEBUG):
        if env.get(name):
            collector.note(f"{name} has no equivalent: the log is one line of JSON an event, on standard error.")
    known = (DOMAIN, MAILGUN, SENDGRID, POLL, KEY, MOCK, FORMAT, DEBUG)
    for name in sorted(env):
        if name.startswith(PREFIX) and name not in known:
            collector.note(f"{name} has no equivalent here.")
    return Draft(ORIGIN, (Pool(chosen, keys, lines, providers),), collector.finished())


def _key(env: Mapping[str, str], collector: Collector, fresh: Callable[[], str]) -> Reference | Fresh:
    if not env.get(KEY):
        collector.note(f"{KEY} is not set, which opened the service to everybody; a fresh key is in the file.")
    elif key(Scalar(env[KEY])) is None:
        collector.note(f"{KEY} has spaces or control characters in it, which no key may: a fresh one is in the file.")
    else:
        return Reference(KEY)
    return Fresh(fresh())


def _domain(env: Mapping[str, str], collector: Collector) -> str:
    found = pool_domain(env.get(DOMAIN, "").strip())
    if found is not None:
        collector.note(f"The pool is named after {DOMAIN}; `--domain` names it otherwise.")
        return found
    collector.note(f"{DOMAIN} is no domain: the pool is named example.com. `--domain` names it otherwise.")
    return "example.com"


def _providers(env: Mapping[str, str], collector: Collector, *, enabled: bool) -> tuple[Provider, ...]:
    off = () if enabled else (Line("enabled", False),)
    found: list[Provider] = []
    if env.get(MAILGUN) and env.get(DOMAIN):
        own = (Line("api_key", Reference(MAILGUN)), Line("domain", Reference(DOMAIN)))
        found.append(Provider("mailgun", (Line("order", 1), *off, *own, LIMIT)))
    else:
        collector.note(f"mailgun is left out: {MAILGUN} or {DOMAIN} is not set.")
    if env.get(SENDGRID):
        found.append(Provider("sendgrid", (Line("order", 2), *off, Line("api_key", Reference(SENDGRID)), LIMIT)))
    else:
        collector.note(f"sendgrid is left out: {SENDGRID} is not set.")
    return tuple(found)


def _probe(env: Mapping[str, str], collector: Collector) -> dict[str, Setting]:
    """The breaker's probe: the dummy message to the poll address, where there is one."""
    if not isinstance(mailbox(Scalar(env.get(POLL, ""))), Address):
        collector.note(f"{POLL} is not set to an address: an open circuit is tried with the provider's check instead.")
        return {}
    collector.note(
        f"The dummy message goes to {POLL} but comes from posthouse@ the pool, or from its default_from; it came from "
        "the same address before."
    )
    return {"probe": {"to": Reference(POLL)}}
