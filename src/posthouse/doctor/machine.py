"""What Posthouse stands on: the versions, the disk, and who may read what is on it."""

import os
import platform
import re
import shutil
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import apsw
import msgspec
import yaml

from posthouse.config.schema import Config
from posthouse.doctor.finding import Finding
from posthouse.secret import Secret

OLDEST_PYTHON: Final = (3, 11)

SOUND_SQLITE: Final = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""The first of each line in which a checkpoint beside a commit loses nothing (sqlite.org/wal.html#walresetbug)."""

_DEFAULT: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*:-([^}]*)\}")
"""The default of a variable stands in the file like any other text."""

LOW_BYTES: Final = 1 << 30
LEAST_BYTES: Final = 100 << 20
LOW_SHARE: Final = 0.05


def python() -> Finding:
    found = platform.python_version()
    if tuple(map(int, platform.python_version_tuple()[:2])) < OLDEST_PYTHON:
        return Finding("fail", "version", "Python", found, "Posthouse needs Python 3.11 or newer.")
    return Finding("ok", "version", "Python", found)


def sqlite(version: str | None = None) -> Finding:
    """version: the library's own unless said."""
    found = version or apsw.sqlite_lib_version()
    numbers = tuple(map(int, found.split(".")[:3]))
    newest, *backports = SOUND_SQLITE
    if numbers >= newest or any(numbers[:2] == line[:2] and numbers >= line for line in backports):
        return Finding("ok", "version", "SQLite", found)
    seen = f"{found} may lose commits (the WAL-reset bug)"
    return Finding("fail", "version", "SQLite", seen, "Install an apsw whose SQLite is 3.51.3 or newer.")


def disk(store: Path) -> Finding:
    """Room under the store, and whether this user may write there."""
    folder = store.resolve().parent
    if not folder.is_dir():
        return Finding("fail", "disk", str(folder), "there is no such folder", f"mkdir -p {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        advice = f"Let the user that runs Posthouse own it: chown USER {folder}"
        return Finding("fail", "disk", str(folder), "this user may not write there", advice)
    if store.exists() and not os.access(store, os.R_OK | os.W_OK):
        advice = f"Let the user that runs Posthouse own it: chown USER {store}"
        return Finding("fail", "disk", str(store), "this user may not write it", advice)
    return room(folder, *shutil.disk_usage(folder)[::2])


def room(folder: Path, total: int, free: int) -> Finding:
    """Of `total` bytes `free` are left."""
    seen = f"{free / (1 << 30):.1f} GiB of {total / (1 << 30):.1f} GiB free"
    advice = "Make room, or move the store to a larger disk: with a full one nothing is accepted, and nothing new sent."
    if free < LEAST_BYTES:
        return Finding("fail", "disk", str(folder), seen, advice)
    if free < LOW_BYTES or free < total * LOW_SHARE:
        return Finding("warn", "disk", str(folder), seen, advice)
    return Finding("ok", "disk", str(folder), seen)


def rights(store: Path) -> Finding | None:
    """Who may read the messages; None where there is no store yet."""
    files = [store.with_name(store.name + ending) for ending in ("", "-wal", "-shm")]
    there = [file for file in files if file.exists()]
    if not there:
        return None
    if open_to_all := [file for file in there if readable_by_all(file)]:
        advice = f"chmod o= {' '.join(map(str, open_to_all))}; a service with UMask=0077 makes them so."
        return Finding("warn", "rights", str(store), "everybody on this machine may read the messages", advice)
    return Finding("ok", "rights", str(store), "not readable by everybody")


def configuration(config: Config) -> Finding | None:
    """Who may read the secrets in the file; None where there is no file."""
    file = config.source
    if file is None:
        return None
    if not readable_by_all(file):
        return Finding("ok", "rights", str(file), "not readable by everybody")
    inside = list(secrets_in(config, file.read_text("utf-8")))
    if not inside:
        return Finding("ok", "rights", str(file), "readable by everybody, and no secret stands in it")
    advice = f"chmod o= {file}, or write ${{VARIABLE}} or {{file: PATH}} in their place."
    seen = f"everybody on this machine may read it, with {', '.join(inside)} in it"
    return Finding("fail", "rights", str(file), seen, advice)


def readable_by_all(file: Path) -> bool:
    """Whether others may read the file, and every folder on the way lets them through."""
    real = file.resolve()
    if not real.stat().st_mode & stat.S_IROTH:
        return False
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in real.parents)


def secrets_in(config: Config, text: str) -> Iterator[str]:
    """The places of the secrets that stand in the file in clear; never the secrets."""
    written = {str(node.value) for node in _scalars(yaml.compose(text, yaml.SafeLoader))}
    written |= {default for value in written for default in _DEFAULT.findall(value)}
    digests = {sha256(value.encode()).digest() for value in written}
    if any(config.store.url.reveal() == value for value in written) and "@" in config.store.url.reveal():
        yield "store"
    for name, admin in config.admins.items():
        if bytes(admin.digest) in digests:
            yield f"admins.{name}"
    for pool in config.pools.values():
        for name, key in pool.keys.items():
            if bytes(key.digest) in digests:
                yield f"pools.{pool.name}.keys.{name}"
        for name, entry in pool.providers.items():
            for field, value in msgspec.structs.asdict(entry.settings).items():
                if isinstance(value, Secret) and value.reveal() in written:
                    yield f"pools.{pool.name}.providers.{name}.{field}"


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _scalars(value)
