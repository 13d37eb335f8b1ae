"""stampman: `config.json` with `pools[]{domain, api_key, services{NAME{api_key, priority, enabled}}}` and `admins[]`.

A message goes to one service after the other within the request, and is not tried again.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from posthouse.config.imports.draft import Draft, Line, Pool
from posthouse.config.imports.parts import KEY_NAME, ONE_ROUND, Collector, pool_domain, quote, sandbox
from posthouse.config.imports.services import Service, ordered
from posthouse.config.imports.source import amount, listing, mapping, truth, word
from posthouse.config.values import Scalar, name

ORIGIN: Final = "stampman"


def speaks(document: dict[str, Any]) -> bool:
    """Its pools are a list; those of Posthouse are a mapping."""
    return isinstance(document.get("pools"), list) or ("domain" in document and "services" in document)


def draft(document: dict[str, Any], fresh: Callable[[], str], domain: str | None) -> Draft:
    """The draft of all its pools. domain: must be None, since the file names them."""
    collector = Collector(fresh)
    for other in document:
        if other not in ("pools", "admins", "domain", "services", "api_key") and not other.startswith("_"):
            collector.note(f"{quote(other)} has no equivalent here.")
    entries = listing(document.get("pools"), "pools") if "pools" in document else [document]
    pools: dict[str, Pool] = {}
    for number, entry in enumerate(entries):
        place = f"pools[{number}]"
        pool = _pool(mapping(entry, place), place, collector)
        if pool is not None and pools.setdefault(pool.domain, pool) is not pool:
            collector.note(f"{place}: the domain {pool.domain} is there twice: the second one is left out.")
    if not pools:
        collector.note("No pool could be taken over: example.com stands in for one.")
        providers = (sandbox(collector, "No provider could be taken over"),)
        keys = (Line(KEY_NAME, collector.key("", "", "A fresh API key is in the file.")),)
        pools["example.com"] = Pool("example.com", keys, (), providers)
    collector.note("stampman waited for a service as long as it took; here each has 30 s (timeout_s).")
    collector.note("stampman took a pool's key at every pool's address; here it opens its own pool only.")
    collector.note("SENTRY_API_DSN has no equivalent: errors are in the log, as JSON on standard error.")
    admins = _admins(document, collector)
    return Draft(ORIGIN, tuple(pools.values()), collector.finished(), admins, "127.0.0.1:8000")


def _pool(entry: Mapping[str, Any], place: str, collector: Collector) -> Pool | None:
    for other in entry:
        if other not in ("domain", "api_key", "services", "admins") and not other.startswith("_"):
            collector.note(f"{place}: its setting {quote(other)} has no equivalent here.")
    found = pool_domain(word(entry.get("domain")))
    if found is None:
        collector.note(f"{place}: its domain is none: the pool is left out, with its keys.")
        return None
    services = [
        Service(label, word(given.get("api_key")), truth(given.get("enabled"), unless_said=True))
        for label, given, _ in _ranked(entry, place, collector)
    ]
    none = f"{found}: it had no api_key; a fresh one is in the file."
    lines = (
        Line("sender", "any", "any From was taken; pool_domain keeps others' addresses out"),
        Line("strategy", "priority"),
        ONE_ROUND,
    )
    keys = (Line(KEY_NAME, collector.key(word(entry.get("api_key")), f"{found}: its api_key", none)),)
    return Pool(found, keys, lines, ordered(services, found, collector))


def _ranked(entry: Mapping[str, Any], place: str, collector: Collector) -> list[tuple[str, Mapping[str, Any], float]]:
    """The services by their priority, 1 first, with the file's order behind it."""
    found = []
    for label, given in mapping(entry.get("services"), f"{place}.services").items():
        where = f"{place}.services.{label}"
        settings = mapping(given, where)
        for other in settings:
            if other not in ("api_key", "priority", "enabled") and not other.startswith("_"):
                collector.note(f"{quote(label)}: its setting {quote(other)} has no equivalent here.")
        priority = amount(settings.get("priority"), f"{where}.priority")
        found.append((label, settings, float("inf") if priority is None else priority))
    by_priority = sorted(found, key=lambda each: each[2])
    if by_priority != found:
        collector.note(
            "stampman's program went by the order of the file and only showed the priorities; here they count, as its "
            "documentation says (1 first)."
        )
    return by_priority


def _admins(document: Mapping[str, Any], collector: Collector) -> tuple[Line, ...]:
    found: dict[str, Line] = {}
    for number, given in enumerate(listing(document.get("admins"), "admins")):
        entry = mapping(given, f"admins[{number}]")
        label = word(entry.get("name"))
        own = label if name(Scalar(label)) and label not in found else f"admin-{number + 1}"
        if own != label:
            collector.note(f"admins[{number}]: its name cannot stand here; it is called {own}.")
        missing = f"admins[{number}]: it had no api_key; a fresh one is in the file."
        found[own] = Line(own, collector.key(word(entry.get("api_key")), f"admins[{number}]", missing))
    return tuple(found.values())
