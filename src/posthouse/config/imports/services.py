"""The services of a pool, each with one API key, in the order they are asked."""

import msgspec

from posthouse.config.imports.draft import Line, Provider
from posthouse.config.imports.parts import Collector, kind_of, provider, quote, sandbox


class Service(msgspec.Struct, frozen=True):
    """label: as the other file called it. api_key: empty where there is none."""

    label: str
    api_key: str
    enabled: bool = True

    def __repr__(self) -> str:
        return f"Service({self.label})"


def ordered(services: list[Service], pool: str, collector: Collector) -> tuple[Provider, ...]:
    """The providers of a pool, `order` counted from 1; those that cannot be taken over are noted and left out."""
    found: list[Provider] = []
    taken: set[str] = set()
    for service in services:
        label, kind = quote(service.label), kind_of(service.label)
        if kind is None:
            why = "has no equivalent that one API key would be enough for" if service.api_key else "has no API key"
            if "ses" in service.label.lower():
                why = "needs a region, an access key and its secret here (`posthouse providers ses`)"
            collector.note(f"{pool}: {label} {why}: it is left out.")
        elif not service.api_key:
            collector.note(f"{pool}: {label} has no API key: it is left out.")
        else:
            lines = [Line("order", len(found) + 1), *(() if service.enabled else (Line("enabled", False),))]
            lines.append(Line("api_key", collector.secret(service.api_key)))
            if kind == "mailgun":
                lines.append(Line("domain", pool, "the pool's: see that Mailgun knows it by this name"))
            found.append(provider(service.label.lower(), kind, tuple(lines), taken))
    return tuple(found) or (sandbox(collector, f"{pool}: no provider could be taken over"),)
