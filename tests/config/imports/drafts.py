"""What the importers' tests share: an import read back by the real reader."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from posthouse.config import Config
from posthouse.config.imports import Draft, from_environment, from_text, written
from posthouse.config.load import from_bytes
from posthouse.config.pool import Pool
from posthouse.providers.catalogue import SPECS

NOW = 1_800_000_000.0


class Keys:
    """Makes API keys that can be told apart."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self) -> str:
        self.made.append(f"fresh-{len(self.made) + 1}")
        return self.made[-1]


def of_file(document: Any, domain: str | None = None) -> Draft:
    return from_text(document if isinstance(document, str) else json.dumps(document), Keys(), domain)


def of_variables(domain: str | None = None, **env: str) -> Draft:
    return from_environment(env, Keys(), domain)


def accepted(draft: Draft, env: Mapping[str, str] | None = None) -> Config:
    """The configuration that the draft's file amounts to: it must be good, and without a warning."""
    found = from_bytes(written(draft).encode(), env or {}, SPECS, NOW)
    assert isinstance(found, Config), (found, written(draft))
    assert found.warnings == ()
    return found


def only(config: Config) -> Pool:
    (pool,) = config.pools.values()
    return pool


def said(draft: Draft, *words: str) -> bool:
    """Whether one note holds all of these words."""
    return any(all(word in note for word in words) for note in draft.notes)


def secrets(config: Config) -> Iterator[str]:
    """Each provider's API key."""
    for pool in config.pools.values():
        for entry in pool.providers.values():
            if hasattr(entry.settings, "api_key"):
                yield entry.settings.api_key.reveal()
