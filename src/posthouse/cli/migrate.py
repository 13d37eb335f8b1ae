"""posthouse migrate: bring the store's schema up to date before the server does."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import apsw
import typer

from posthouse.cli.screen import print_json
from posthouse.clock import SystemClock
from posthouse.config import load
from posthouse.providers.catalogue import SPECS
from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.sql import migrations
from posthouse.store.sqlite import file
from posthouse.store.sqlite.copy import copy as copy_of

EXAMPLES: Final = """
  posthouse migrate
  posthouse migrate --no-backup             where the disk has no room for a copy
  posthouse migrate --config /etc/posthouse/posthouse.yaml --json
"""


def migrate(
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="Configuration file.")] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Keep no copy of a SQLite store as it was.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Bring the store's schema up to date, and say what was done.

    `posthouse serve` does the same when it opens the store; this is for whoever wants it done, or tried on a copy,
    before. No server may run on a SQLite file meanwhile; a copy of it as it was stays beside it.
    """
    settings = load(config, os.environ, SPECS, SystemClock().now())
    if isinstance(settings, list):
        print(*settings, sep="\n", file=sys.stderr)
        raise typer.Exit(1)
    place = settings.store.place
    path = Path(settings.store.path)
    before: int | None
    after: int | None
    copy: Path | None = None
    try:
        if settings.store.dialect == "postgresql":
            before, after = asyncio.run(migrated_database(settings.store.url.reveal()))
        else:
            if path.exists() and not no_backup:
                copy = kept(path)
            before, after = migrated(path) if path.exists() else (None, None)
    except (StoreRefused, StoreDown, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        print_json({"store": place, "from": before, "to": after, "copy": None if copy is None else str(copy)})
    elif after is None:
        print(f"{place}: there is no store yet; 'posthouse serve' makes it, with schema {newest()}")
    elif before == after:
        print(f"{place}: schema {after} already, nothing to do")
    else:
        print(f"{place}: from schema {before} to {after}")
        if copy is not None:
            print(f"  {copy} is the store as it was: delete it when all is well")


def newest() -> int:
    """The schema that this version writes."""
    return len(migrations("posthouse.store.sqlite"))


async def migrated_database(url: str) -> tuple[int, int]:
    """The schema before and after. StoreRefused where the database is another's, newer, or not to be reached."""
    from posthouse.store.postgres.migrate import migrate as bring_up
    from posthouse.store.postgres.server import DEADLINE_S, Server

    server = Server(url, SystemClock(), DEADLINE_S)
    await server.check()
    return await bring_up(server)


def kept(path: Path) -> Path | None:
    """A copy of the file beside it, where its schema is older than ours; None where there is nothing to be done."""
    schema = _schema(path)
    if not 0 < schema < newest():
        return None
    now = SystemClock().now()
    with file.lock(path):
        target = path.with_name(f"{path.name}.schema-{schema}.{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}")
        return copy_of(path, target, now).path


def migrated(path: Path) -> tuple[int, int]:
    """The schema before and after. StoreRefused where the file is another's, newer, or in use."""
    with file.lock(path):
        before = _schema(path)
        db = file.connect(path)
        try:
            return before, int(db.pragma("user_version"))
        finally:
            db.close()


def _schema(path: Path) -> int:
    try:
        db = file.reader(path)
        try:
            return int(db.pragma("user_version"))
        finally:
            db.close()
    except apsw.Error:
        return 0  # what it is, or why it cannot be read, is told when it is opened to be written
