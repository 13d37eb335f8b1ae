"""posthouse backup: a copy of the store while it is in use."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from posthouse.cli.screen import counted, print_json, progress
from posthouse.clock import SystemClock, rfc3339
from posthouse.config import load
from posthouse.providers.catalogue import SPECS
from posthouse.store.contract import StoreRefused
from posthouse.store.sqlite.copy import Copied, copy

EXAMPLES: Final = """
  posthouse backup /var/backups/posthouse-$(date +%F).db
  posthouse backup /var/backups/posthouse.db --force --config /etc/posthouse/posthouse.yaml
"""

PARTS: Final = 10
"""So often a copy tells how far it has come."""

QUICK_S: Final = 1.0
"""What takes no longer says nothing of it."""

ELSEWHERE: Final = """\
the store is PostgreSQL: it is backed up by PostgreSQL's own tools, while Posthouse runs.
  one moment:     pg_dump --format=custom --file=posthouse.dump "$POSTHOUSE_STORE"
  every moment:   pg_basebackup, and WAL archiving
Once it is restored, and before anything sends from it: posthouse restore --mark"""


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes.")],
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="Configuration file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Take the place of a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Copy the store into a file, as of this moment, while Posthouse goes on.

    The copy is checked and synced before it has its name. It holds the content of messages: keep it as you keep the
    store. 'posthouse restore' puts it to use again.
    """
    settings = load(config, os.environ, SPECS, SystemClock().now())
    if isinstance(settings, list):
        print(*settings, sep="\n", file=sys.stderr)
        raise typer.Exit(1)
    if settings.store.dialect == "postgresql":
        print(ELSEWHERE, file=sys.stderr)
        raise typer.Exit(2)
    try:
        found = copied(Path(settings.store.path), file, replace=force)
    except FileExistsError:
        print(f"{file} is there already: --force replaces it", file=sys.stderr)
        raise typer.Exit(1) from None
    except (StoreRefused, OSError) as error:
        print(f"no copy was made: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        told = {"file": str(file), "bytes": found.bytes, "schema": found.schema, "unfinished": found.unfinished}
        print_json({**told, "at": rfc3339(found.at)})
    else:
        size = f"{found.bytes / 2**20:,.1f} MiB"
        waiting = counted(found.unfinished, "message")
        print(f"{file}: {size}, as of {rfc3339(found.at)}, with {waiting} still to be sent")


def copied(source: Path, target: Path, *, replace: bool = False) -> Copied:
    """A copy of the store as it is now, and word of how far it has come. Raises as `copy` does."""
    if target.exists() and source.exists() and target.samefile(source):
        raise StoreRefused(f"{target} is the store itself")
    with progress(PARTS) as step:
        done, began = 0, SystemClock.monotonic()

        def told(pages: int, of: int) -> None:
            nonlocal done
            while done < pages * PARTS // max(1, of) and SystemClock.monotonic() - began > QUICK_S:
                done += 1
                step(f"copied {done * 100 // PARTS} %")

        return copy(source, target, SystemClock().now(), told, replace=replace)
