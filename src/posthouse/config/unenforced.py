"""What may be written and is not in force in this version.

It is said aloud: a limit that does not hold is worse than none.
"""

from collections.abc import Iterator

from posthouse.config.schema import Config


def unenforced(config: Config) -> Iterator[str]:
    """A sentence for each setting that was written and has no effect yet."""
    if config.smtp is not None:
        yield "smtp: the SMTP door is not built yet; nothing listens there"
    if config.http.cors_origins:
        yield "http.cors_origins: no CORS headers are sent yet"
    for pool in config.pools.values():
        for key in pool.keys.values():
            for name, value in (("rate", key.rate), ("daily", key.daily)):
                if value is not None:
                    yield f"pools.{pool.name}.keys.{key.name}.{name}: this limit is not enforced yet"
        for entry in pool.providers.values():
            for name, quota in (("daily", entry.daily), ("monthly", entry.monthly)):
                if quota is not None:
                    yield f"pools.{pool.name}.providers.{entry.name}.{name}: this quota is not enforced yet"
