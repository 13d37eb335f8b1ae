"""Posthouse with one thing changed. `python -P mutant.py CHANGE… serve …`

A function of this file breaks a promise: that a fault test must be able to see. `module.NAME=number` gives a constant
another value, so that a test need not wait as long as life does: no promise is broken by that.
"""

import sys
from asyncio import Future, get_running_loop
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

SOON = (
    "delivery.desk.LEASE_S=5",
    "delivery.sweep.EVERY_S=0.5",
    "delivery.nodes.EVERY_S=0.2",
    "delivery.nodes.SEEN_S=0.5",
    "delivery.nodes.FRESH_S=0.4",
    "delivery.nodes.GONE_S=1.5",
)
"""The dead are missed sooner, and the new ones seen: leases end earlier, and everybody looks more often."""

SOON_TIMEOUT_S = 1.5
"""For providers, with it: a lease is never shorter than three of their timeouts."""


def forgets_to_sync() -> None:
    """Commits are not synced: the default advice for WAL, and mail is lost in a power cut."""
    from posthouse.store.postgres.server import Server
    from posthouse.store.sqlite import file

    file.SYNCHRONOUS = "NORMAL"  # type: ignore[misc]
    Server._synchronous = property(lambda server: "off", lambda server, value: None)  # type: ignore[assignment]


def sends_unwritten() -> None:
    """An attempt is not written down before its first byte leaves."""
    from posthouse.store.sqlite import inbox, work

    work.intend = lambda db, items: [True for _ in items]
    inbox.attempt_rows = lambda entries: []  # type: ignore[attr-defined]


def forgets_attempts() -> None:
    """What was begun when the process died is taken for untouched, and sent again as if for the first time."""
    from posthouse.store.postgres import work as on_postgres
    from posthouse.store.sqlite import work

    async def none(db: object, begun: object) -> dict[str, object]:
        return {}

    work._opened = lambda db, id_, attempts: None
    on_postgres._opened = none  # type: ignore[assignment]


def believes_in_its_leases() -> None:
    """Whoever once held a message writes of it, whoever holds it now."""
    from posthouse.store.postgres import work

    async def all_of_them(db: object, items: Sequence[object]) -> list[int]:
        return list(range(len(items)))

    work._holding = all_of_them


def believes_the_next_sync() -> None:
    """A sync that failed is forgotten, and the next commit is believed."""
    from posthouse.store.sqlite.store import SqliteStore

    SqliteStore._broken = property(lambda store: None, lambda store, error: None)  # type: ignore[assignment]


def acknowledges_early() -> None:
    """A message is answered for when it is on its way to the disk, not when it is there."""
    from posthouse.store.sqlite import inbox
    from posthouse.store.sqlite.store import SqliteStore
    from posthouse.store.values import Entry, Mismatch, Receipt

    def add(store: SqliteStore, entries: Sequence[Entry]) -> Future[list[Receipt | Mismatch]]:
        store._write(inbox.add, entries).add_done_callback(lambda written: written.exception())
        answered: Future[list[Receipt | Mismatch]] = get_running_loop().create_future()
        answered.set_result([Receipt(entry.id, entry.status, begun=entry.begun is not None) for entry in entries])
        return answered

    SqliteStore.add = add  # type: ignore[method-assign, assignment]


def takes_everything_in() -> None:
    """Any number of large bodies is read at the same time."""
    from posthouse import gateway

    gateway.LARGE_BODIES = 2**40  # type: ignore[misc]


def takes_silence_for_no() -> None:
    """A carrier that gave no answer is believed not to have taken the message."""
    from posthouse.routing import outcome

    outcome.UNSURE = outcome.DEFERRED  # type: ignore[misc]


def stops_at_once() -> None:
    """Attempts under way are not waited for."""
    from posthouse import gateway

    gateway.DRAIN_S = 0.0  # type: ignore[misc]


def goes_by_a_wrong_watch() -> None:
    """No promise: its wall clock is as far off as the file that WATCH names says at that moment.

    At the seam: libfaketime, which would do it from outside, breaks what waits for a monotonic instant (`time.sleep`).
    """
    import os
    import time

    from posthouse.clock import SystemClock

    file = Path(os.environ["WATCH"])
    SystemClock.now = staticmethod(lambda: time.time() + float(file.read_text()))  # noqa: TID251


def change(word: str) -> None:
    """Make one change."""
    place, equals, value = word.partition("=")
    if not equals:
        globals()[place]()
        return
    module, _, name = place.rpartition(".")
    room = import_module(f"posthouse.{module}")
    assert isinstance(getattr(room, name), float), place
    setattr(room, name, float(value))


def program(*changes: str) -> tuple[str, ...]:
    """What Python is to run, for `server.launch`."""
    return ("-P", str(Path(__file__)), *changes)


if __name__ == "__main__":
    while sys.argv[1] != "serve":
        change(sys.argv.pop(1))

    from posthouse.cli import main

    main()
