"""What the audit says of a configuration that takes the place of another: the paths that changed, and the keys.

Of a key it says who may use it and until when, never the key itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from posthouse.clock import rfc3339
from posthouse.config.masked import MASK
from posthouse.config.pool import Key
from posthouse.config.schema import Admin, Config
from posthouse.store.values import Change, Who

Held = Admin | Key

REPLACED: Final = "replaced"
"""Stands for a key that is another one than before, under the same name."""


def changes(
    before: Config, now: Config, paths: Sequence[str], waiting: Sequence[str], at: float, who: Who, once: str | None
) -> list[Change]:
    """paths: what is different; none, and there is nothing to tell. once: the same for all that read the same file."""
    if not paths:
        return []
    told = {"changed": list(paths), "waits_for_restart": list(waiting)}
    subject = None if now.source is None else str(now.source)
    found = [Change(at, "configuration", who, None, subject, after=told), *_keys(before, now, at, who)]
    if once is None:
        return found
    return [msgspec.structs.replace(change, once=f"{once} {place}") for place, change in enumerate(found)]


def _keys(before: Config, now: Config, at: float, who: Who) -> Iterator[Change]:
    yield from _of(None, before.admins, now.admins, at, who)
    for name in [*before.pools, *(name for name in now.pools if name not in before.pools)]:
        were, are = ({} if name not in one.pools else one.pools[name].keys for one in (before, now))
        yield from _of(str(name), were, are, at, who)


def _of(pool: str | None, were: Mapping[Any, Held], are: Mapping[Any, Held], at: float, who: Who) -> Iterator[Change]:
    for name in [*were, *(name for name in are if name not in were)]:
        was, is_now = were.get(name), are.get(name)
        if was == is_now:
            continue
        before = None if was is None else _shown(was)
        after = None if is_now is None else _shown(is_now)
        if was is not None and is_now is not None and after is not None and was.digest != is_now.digest:
            after["key"] = REPLACED
        yield Change(at, "key", who, pool, str(name), None, before, after)


def _shown(held: Held) -> dict[str, Any]:
    """What the configuration says of a key, as JSON; the key itself hidden."""
    if isinstance(held, Admin):
        return {"key": MASK}
    return {
        "key": MASK,
        "mode": held.mode,
        "redirect": None if held.redirect is None else held.redirect.email,
        "allow": [str(pattern) for pattern in held.allow],
        "rate": None if held.rate is None else f"{held.rate.count} in {held.rate.per_s:g} s",
        "daily": held.daily,
        "expires": None if held.expires is None else rfc3339(held.expires),
    }
