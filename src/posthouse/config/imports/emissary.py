"""emissary: `emissary.yaml` with `emissary.providers.NAME.{enabled, key, endpoint, class}`.

One provider is drawn for each message, by weight; it is not tried again, and no key is asked of the caller.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from posthouse.config.imports.draft import Draft, Line, Pool, Provider
from posthouse.config.imports.parts import (
    KEY_NAME,
    ONE_ROUND,
    Collector,
    address,
    kind_of,
    pool_domain,
    provider,
    quote,
    sandbox,
)
from posthouse.config.imports.source import amount, mapping, word

ORIGIN: Final = "emissary"
PLACES: Final = 6
"""Decimal places of a weight."""
TOLERANCE: Final = 1e-9


def speaks(document: dict[str, Any]) -> bool:
    inside = document.get("emissary")
    return isinstance(inside, dict) and "providers" in inside


def draft(document: dict[str, Any], fresh: Callable[[], str], domain: str | None) -> Draft:
    """The draft of one pool. domain: its name; the Mailgun domain, or example.com, unless said."""
    settings, collector = mapping(document["emissary"], "emissary"), Collector(fresh)
    entries = {
        label: mapping(entry, f"emissary.providers.{label}")
        for label, entry in mapping(settings["providers"], "emissary.providers").items()
    }
    for name in settings:
        if name != "providers":
            collector.note(f"{quote(f'emissary.{name}')} has no equivalent here.")
    drawn = _drawn({label: _weight(label, entry) for label, entry in entries.items()}, collector)
    chosen = domain or _sending_domain(entries, collector)
    kinds = {label: kind for label, entry in entries.items() if (kind := _kind(label, entry, collector))}
    shares, taken = _whole({label: drawn[label] for label in kinds}, collector), set[str]()
    providers = tuple(
        _provider(label, kind, entries[label], shares[label], chosen, taken, collector) for label, kind in kinds.items()
    )
    if not providers:
        providers = (sandbox(collector, "No provider could be taken over"),)
    collector.note("emissary asked its callers for no key. Here one is needed, so a fresh one stands in the file; "
                   "`open: true` in the pool lets everybody in.")  # fmt: skip
    collector.note("emissary waited for a provider as long as it took; here each has 30 s (timeout_s).")
    keys = (Line(KEY_NAME, collector.key("", "", "A fresh API key is in the file: callers send it as X-API-KEY.")),)
    lines = (
        Line("sender", "any", "any From was taken"),
        Line("strategy", "weighted" if any(shares.values()) else "priority", "shares, as `enabled` gave them"),
        Line("failover", 1, "one provider a message, as before; `all` lets the others take over"),
        ONE_ROUND,
        Line("on_unsure", "hold", "what may have been sent was never sent twice"),
    )
    return Draft(ORIGIN, (Pool(chosen, keys, lines, providers),), collector.finished())


def _sending_domain(entries: dict[str, Any], collector: Collector) -> str:
    """The pool's name, where none was said."""
    silent = Collector(str)
    for label, entry in entries.items():
        if kind_of(label, word(entry.get("class"))) == "mailgun":
            found = pool_domain(address("mailgun", entry.get("endpoint"), label, silent).sending_domain)
            if found is not None:
                collector.note(f"emissary knew no domains; the pool is named after Mailgun's, {found}. "
                               "`--domain` names it otherwise.")  # fmt: skip
                return found
    collector.note("emissary knew no domains; the pool is named example.com. `--domain` names it otherwise.")
    return "example.com"


def _weight(label: str, entry: Any) -> float:
    weight = amount(entry.get("enabled"), f"emissary.providers.{label}.enabled") or 0.0
    return weight if math.isfinite(weight) and weight > 0.0 else 0.0


def _drawn(enabled: dict[str, float], collector: Collector) -> dict[str, float]:
    """What each got of the traffic: a number below 1 was drawn and the weights taken from it in the file's order."""
    left, drawn = 1.0, {}
    for label, weight in enabled.items():
        drawn[label] = min(weight, left)
        left = max(0.0, left - weight)
        if drawn[label] < weight:
            collector.note(f"{quote(label)}: its weight went beyond 1.0 in all, so it got only {drawn[label]:.3g}.")
    if 0.0 < left < 1.0 and left > TOLERANCE:
        collector.note(
            f"The weights made {1.0 - left:.6g}; the rest of the messages went to nobody. Here they make 1.0."
        )
    return drawn


def _whole(drawn: dict[str, float], collector: Collector) -> dict[str, float]:
    """The shares of those that are taken over, rounded, with the sum 1.0 (or all of them 0)."""
    total = math.fsum(drawn.values())
    if total == 0.0:
        if drawn:
            collector.note("No provider had a weight: all of them are disabled here too.")
        return drawn
    shares = {label: round(share / total, PLACES) for label, share in drawn.items()}
    largest = max(shares, key=lambda label: shares[label])
    shares[largest] = round(1.0 - math.fsum(share for label, share in shares.items() if label != largest), PLACES)
    return shares


def _kind(label: str, entry: Any, collector: Collector) -> str | None:
    """What this provider is here; None, with a note, where it cannot be taken over."""
    program = word(entry.get("class"))
    for name in entry:
        if name not in ("enabled", "key", "endpoint", "class"):
            collector.note(f"{quote(label)}: its setting {quote(name)} has no equivalent here.")
    kind = kind_of(label, program)
    if kind is None:
        collector.note(f"{quote(label)} (class {quote(program)}) has no equivalent here: it is left out, with its key.")
        return None
    if not word(entry.get("key")):
        collector.note(f"{quote(label)} has no key: it is left out.")
        return None
    return kind


def _provider(
    label: str, kind: str, entry: Any, share: float, pool: str, taken: set[str], collector: Collector
) -> Provider:
    where = address(kind, entry.get("endpoint"), quote(label), collector)
    lines = [Line("weight", share), *((Line("enabled", False),) if share == 0.0 else ())]
    lines.append(Line("api_key", collector.secret(word(entry.get("key")))))
    if kind == "mailgun":
        why = "" if where.sending_domain else "the pool's, as its endpoint named none: see that it is right"
        lines.append(Line("domain", where.sending_domain or pool, why))
    return provider(label, kind, (*lines, *where.lines), taken)
