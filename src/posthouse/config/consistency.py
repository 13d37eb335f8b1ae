"""What must be true between the settings, once each of them is readable.

A rule looks only at places that nothing is wrong with yet, so one mistake is one problem.
"""

import math
from typing import Final

from posthouse.config.pool import Pool
from posthouse.config.problem import Report
from posthouse.config.schema import Config

WEIGHT_TOLERANCE: Final = 1e-6


def examine(config: Config, report: Report, now: float) -> None:
    """Report whatever contradicts itself. `config` may be incomplete where the report is not clean."""
    _workers(config, report)
    _keys(config, report, now)
    _canary(config, report)
    for name, pool in config.pools.items():
        path = f"pools.{name}"
        _closed(pool, path, report)
        _sender(pool, path, report)
        _weights(pool, path, report)
        _classes(pool, path, report)


def _workers(config: Config, report: Report) -> None:
    if (
        report.clean("workers")
        and report.clean("store")
        and config.processes(1) > 1
        and config.store.dialect == "sqlite"
    ):
        report.add("workers", "more than 1 needs a store on PostgreSQL: expected 1 with SQLite")


def _keys(config: Config, report: Report, now: float) -> None:
    """One key belongs to one pool. (An admin's key may also be a pool's: the rights add up.)"""
    owners: dict[bytes, str] = {}
    for pool in config.pools.values():
        for key in pool.keys.values():
            path = f"pools.{pool.name}.keys.{key.name}"
            if not report.clean(path):
                continue  # a key that could not be read is like every other such key
            first = owners.setdefault(key.digest, path)
            if first != path:
                report.add(path, f"the same API key as {first}: expected one of its own")
            if key.expires is not None and key.expires <= now:
                report.warn(f"{path}.expires", "this key has expired: nobody can send with it any more")


def _canary(config: Config, report: Report) -> None:
    if config.canary is None or not report.clean("canary.pool"):
        return
    pool = config.pools.get(config.canary.pool)
    if pool is None:
        if config.pools and report.clean("pools"):
            report.add("canary.pool", f"not a pool of this file: expected one of {', '.join(config.pools)}")
    elif not any(entry.enabled for entry in pool.providers.values()) and report.clean(f"pools.{pool.name}"):
        report.warn("canary.pool", "no provider of this pool is enabled: there is none to try")


def _closed(pool: Pool, path: str, report: Report) -> None:
    if not pool.keys and not pool.open and report.clean(f"{path}.keys") and report.clean(f"{path}.open"):
        report.add(f"{path}.keys", "nobody may send: expected at least one key (or `open: true` to let everybody in)")


def _sender(pool: Pool, path: str, report: Report) -> None:
    place = f"{path}.default_from"
    if not report.clean(place) or not report.clean(f"{path}.sender"):
        return
    if pool.sender == "fixed" and pool.default_from is None:
        report.add(place, "required by `sender: fixed`: expected an address")
    if pool.sender == "pool_domain" and pool.default_from and pool.default_from.domain != pool.name:
        report.add(place, f"expected an address at {pool.name}, as `sender: pool_domain` demands")


def _weights(pool: Pool, path: str, report: Report) -> None:
    """The sum is 1.0 over all providers or over the enabled ones, so that one can be disabled in a hurry."""
    place = f"{path}.providers"
    readable = all(
        report.clean(f"{place}.{name}", below=False)
        and report.clean(f"{place}.{name}.weight")
        and report.clean(f"{place}.{name}.enabled")
        for name in pool.providers
    )
    if pool.strategy != "weighted" or not pool.providers or not readable or not report.clean(f"{path}.strategy"):
        return
    everybody = math.fsum(entry.weight for entry in pool.providers.values())
    enabled = math.fsum(entry.weight for entry in pool.providers.values() if entry.enabled)
    if min(abs(everybody - 1.0), abs(enabled - 1.0)) > WEIGHT_TOLERANCE:
        report.add(place, f"`strategy: weighted` expects weights with the sum 1.0; they sum to {everybody:g}")


def _classes(pool: Pool, path: str, report: Report) -> None:
    for rules in pool.classes.values():
        place = f"{path}.classes.{rules.name}"
        if rules.provider is not None and rules.provider not in pool.providers and pool.providers:
            names = ", ".join(pool.providers)
            report.add(f"{place}.provider", f"not a provider of this pool: expected one of {names}")
        elif report.clean(f"{path}.providers") and report.clean(place):
            carriers = (entry for entry in pool.providers.values() if rules.provider in (None, entry.name))
            if not any(set(rules.require_tags) <= set(entry.tags) for entry in carriers):
                report.warn(f"{place}.require_tags", "no provider has all of these tags: nobody can carry this class")
