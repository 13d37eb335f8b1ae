"""posthouse init --from, --from-env: another service's configuration, written anew."""

import os
import sys
from pathlib import Path

import msgspec

from posthouse.cli.init import put, refuse
from posthouse.cli.keys import fresh_key
from posthouse.clock import SystemClock
from posthouse.config import Problem
from posthouse.config.document import MAX_BYTES
from posthouse.config.imports import Draft, Unreadable, from_environment, from_text, written
from posthouse.config.imports.draft import Fresh, Reference, Taken
from posthouse.config.load import from_bytes
from posthouse.providers.catalogue import SPECS


def take_over(source: Path | None, config: Path, domain: str | None, *, replace: bool, as_json: bool) -> None:
    """Write the configuration that says what `source` says, or the environment where there is no file."""
    draft = _draft(source, domain)
    text = written(draft)
    if problems := _problems(draft, text):
        told = "\n".join(f"  {problem.message} ({problem.path})" for problem in problems)
        refuse(f"what stands there cannot be taken over; nothing was written:\n{told}")
    put(config, text, replace=replace)
    if as_json:
        print(msgspec.json.encode(_document(draft, config)).decode())
        return
    for note in draft.notes:
        print(f"note: {note}", file=sys.stderr)
    pools = ", ".join(f"{pool.domain} ({', '.join(each.name for each in pool.providers)})" for pool in draft.pools)
    named = "" if config == Path("posthouse.yaml") else f" --config {config}"
    print(f"{config} is written from the configuration of {draft.origin}: {pools} (only you can read it).")
    print(f"What it amounts to tells `posthouse check{named}`; whether the providers know the keys, with --online.")


def _draft(source: Path | None, domain: str | None) -> Draft:
    def fresh() -> str:
        return fresh_key().reveal()

    try:
        if source is None:
            return from_environment(os.environ, fresh, domain)
        with source.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        return from_text(data.decode("utf-8-sig"), fresh, domain)
    except Unreadable as error:
        refuse(f"{source or 'the environment'}: {error}")
    except UnicodeDecodeError:
        refuse(f"{source}: expected UTF-8")
    except OSError as error:
        refuse(f"{source} cannot be read: {error.strerror}")


def _problems(draft: Draft, text: str) -> list[Problem]:
    """What `posthouse check` would say, whatever is in the variables that the file names."""
    names = {value.name for value in draft.values() if isinstance(value, Reference)}
    env = {name: os.environ.get(name) or "unknown.example" for name in names}
    found = from_bytes(text.encode(), env, SPECS, SystemClock().now())
    return found if isinstance(found, list) else []


def _document(draft: Draft, config: Path) -> dict[str, object]:
    values = list(draft.values())
    return {
        "file": str(config),
        "origin": draft.origin,
        "pools": {pool.domain: [provider.name for provider in pool.providers] for pool in draft.pools},
        "variables": sorted({value.name for value in values if isinstance(value, Reference)}),
        "secrets_in_clear": sum(isinstance(value, Taken) for value in values),
        "fresh_keys": [value.text for value in values if isinstance(value, Fresh)],
        "notes": draft.notes,
    }
