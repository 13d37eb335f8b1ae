"""uber-email-service: `config.json` with `root_api_key` and `email_services[]{email_domain, pool_api_key, …}`.

`enabled_services` names the providers, the highest `priority_value` first. A message goes to one after the other within
the request, and is not tried again.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from posthouse.config.imports.draft import Draft, Line, Pool
from posthouse.config.imports.parts import KEY_NAME, ONE_ROUND, Collector, pool_domain, quote, sandbox
from posthouse.config.imports.services import Service, ordered
from posthouse.config.imports.source import amount, listing, mapping, word

ORIGIN: Final = "uber-email-service"
LEAST: Final = 1.0
"""What a priority_value of null means."""


def speaks(document: dict[str, Any]) -> bool:
    return "email_services" in document


def draft(document: dict[str, Any], fresh: Callable[[], str], domain: str | None) -> Draft:
    """The draft of all its domains. domain: must be None, since the file names them."""
    collector = Collector(fresh)
    for other in document:
        if other not in ("root_api_key", "email_services") and not other.startswith("_"):
            collector.note(f"{quote(other)} has no equivalent here.")
    pools: dict[str, Pool] = {}
    for number, entry in enumerate(listing(document["email_services"], "email_services")):
        place = f"email_services[{number}]"
        pool = _pool(mapping(entry, place), place, collector)
        if pool is not None and pools.setdefault(pool.domain, pool) is not pool:
            collector.note(f"{place}: the domain {pool.domain} is there twice: the second one is left out.")
    if not pools:
        collector.note("No domain could be taken over: example.com stands in for one.")
        keys = (Line(KEY_NAME, collector.key("", "", "A fresh API key is in the file.")),)
        providers = (sandbox(collector, "No provider could be taken over"),)
        pools["example.com"] = Pool("example.com", keys, (), providers)
    root = word(document.get("root_api_key"))
    missing = "It had no root_api_key, which opened everything to everybody; a fresh admin key is in the file."
    admins = (Line("root", collector.key(root, "root_api_key", missing)),)
    collector.note("uber-email-service waited for a service as long as it took; here each has 30 s (timeout_s).")
    return Draft(ORIGIN, tuple(pools.values()), collector.finished(), admins)


def _pool(entry: Mapping[str, Any], place: str, collector: Collector) -> Pool | None:
    for other in entry:
        if other not in ("email_domain", "pool_api_key", "enabled_services") and not other.startswith("_"):
            collector.note(f"{place}: its setting {quote(other)} has no equivalent here.")
    found = pool_domain(word(entry.get("email_domain")))
    if found is None:
        collector.note(f"{place}: its email_domain is none: it is left out, with its keys.")
        return None
    none = f"{found}: it had no pool_api_key; a fresh one is in the file."
    keys = (Line(KEY_NAME, collector.key(word(entry.get("pool_api_key")), f"{found}: its pool_api_key", none)),)
    lines = (
        Line("sender", "pool_domain", "the sender had to be of this domain"),
        Line("strategy", "priority", "order: 1 first; it was the highest priority_value"),
        ONE_ROUND,
    )
    return Pool(found, keys, lines, ordered(_services(entry, place, collector), found, collector))


def _services(entry: Mapping[str, Any], place: str, collector: Collector) -> list[Service]:
    """The highest priority_value first, with the file's order behind it."""
    found = []
    for label, given in mapping(entry.get("enabled_services"), f"{place}.enabled_services").items():
        where = f"{place}.enabled_services.{label}"
        settings = mapping(given, where)
        for other in settings:
            if other not in ("api_key", "priority_value") and not other.startswith("_"):
                collector.note(f"{quote(label)}: its setting {quote(other)} has no equivalent here.")
        priority = amount(settings.get("priority_value"), f"{where}.priority_value")
        found.append((-(LEAST if priority is None else priority), Service(label, word(settings.get("api_key")))))
    return [service for _, service in sorted(found, key=lambda each: each[0])]
