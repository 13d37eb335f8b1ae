"""posthouse restore: put a copy of the store to use, without sending anything twice unseen."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from typing import Annotated, Final

import typer

from posthouse.cli.screen import counted, print_json
from posthouse.clock import SystemClock, rfc3339
from posthouse.config import Config, load
from posthouse.delivery.nodes import GONE_S
from posthouse.providers.catalogue import SPECS
from posthouse.store.contract import StoreDown, StoreRefused
from posthouse.store.sqlite import file, restored
from posthouse.store.sqlite.copy import copy, last_known
from posthouse.store.values import Restoring, Who

EXAMPLES: Final = """
  posthouse restore /var/backups/posthouse-2026-11-28.db
  posthouse restore /var/backups/posthouse.db --force       moves the store that is there aside
  posthouse restore --mark                                  the database was restored by other tools
"""


def restore(
    backup: Annotated[Path | None, typer.Argument(metavar="[BACKUP]", help="A copy of a SQLite store.")] = None,
    mark: Annotated[
        bool, typer.Option("--mark", help="The store itself was restored already: by pg_restore, a snapshot, cp.")
    ] = False,
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="Configuration file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Move a store that is there aside.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Put a copy of the store to use. No Posthouse may run on it meanwhile.

    A copy is older than what was sent: each message that was unfinished in it may have gone out since. These are held
    until 'posthouse release' says what becomes of them; what is accepted from then on is sent at once.
    """
    if (backup is None) != mark:
        print("expected a backup, or --mark: not both, not neither", file=sys.stderr)
        raise typer.Exit(2)
    settings = load(config, os.environ, SPECS, SystemClock().now())
    if isinstance(settings, list):
        print(*settings, sep="\n", file=sys.stderr)
        raise typer.Exit(1)
    if backup is not None and settings.store.dialect == "postgresql":
        print("the store is PostgreSQL: restore it with pg_restore, then 'posthouse restore --mark'", file=sys.stderr)
        raise typer.Exit(2)
    aside: Path | None = None
    try:
        if backup is not None:
            count, copied_at, aside = from_backup(backup, Path(settings.store.path), force=force)
        else:
            count, copied_at = marked(settings)
    except (StoreRefused, StoreDown, OSError) as error:
        print(f"nothing was restored: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        at = None if copied_at is None else rfc3339(copied_at)
        kept = None if aside is None else str(aside)
        print_json({"store": settings.store.place, "copied_at": at, "in_doubt": count, "moved_aside": kept})
        return
    of = "" if copied_at is None else f", as of {rfc3339(copied_at)}"
    print(f"{settings.store.place}: restored{of}")
    if aside is not None:
        print(f"  the store that was there is {aside}")
    if count:
        print(
            f"  {counted(count, 'message')} still to be sent in it, which may have gone out since: held until you say"
        )
        print("  what becomes of them. Start Posthouse; what it accepts from now on is sent at once. Then")
        print("    posthouse release                 how many, of which pools")
        print("    posthouse release send --all      send them, marked as possible duplicates; or hold, or cancel")
    else:
        print("  nothing was unfinished in it: nothing is in doubt")


def from_backup(backup: Path, store: Path, *, force: bool) -> tuple[int, float | None, Path | None]:
    """How many messages are in doubt, when the copy was made, and where the store went that was there."""
    now, aside = SystemClock().now(), None
    with file.lock(store):
        if store.exists() and not force:
            raise FileExistsError(f"{store} is there already: --force moves it aside")
        # First a copy beside the place: a backup that is damaged must not cost the store that is there.
        ready = store.with_name(f"{store.name}.restoring")
        made = copy(backup, ready, last_known(backup) or now, replace=True)
        if store.exists():
            aside = store.with_name(f"{store.name}.before-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}")
            for end in ("", "-wal", "-shm"):
                if (part := store.with_name(store.name + end)).exists():
                    part.rename(aside.with_name(aside.name + end))
        ready.rename(store)
        return _set_aside(store, made.at), made.at, aside


def marked(settings: Config) -> tuple[int, float | None]:
    """Set aside what is unfinished in a store that other tools restored; how many messages, as of when."""
    store = Path(settings.store.path)
    if settings.store.dialect == "postgresql":
        from posthouse.store.postgres.restored import mark

        who, now = Who("command", address=gethostname()), SystemClock().now()
        return asyncio.run(mark(settings.store.url.reveal(), Restoring(now, who), GONE_S)), None
    if not store.is_file():
        raise StoreRefused(f"{store}: there is no such file")
    with file.lock(store):
        return _set_aside(store, known := last_known(store)), known


def _set_aside(store: Path, copied_at: float | None) -> int:
    db = file.connect(store)
    try:
        with file.transaction(db):
            item = Restoring(SystemClock().now(), Who("command", address=gethostname()), copied_at)
            [count] = restored.restored(db, [item])
            return count
    finally:
        db.close()
