"""What administration looks like: the configuration, who changed what, what is in doubt, how the process is."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from posthouse.web.openapi.shapes.shape import Count, Instant, Shape, said


class Configuration(Struct):
    """What the file says, with `********` where a secret stands."""


class Reloaded(Shape):
    """A configuration that is in force."""

    status: Literal["in force"]
    changed: Annotated[list[str], said("Paths of the settings that are different now.")]
    waits_for_restart: Annotated[list[str], said("Those of them that change with the next start only.")]


class Changer(Shape):
    """Who made a change."""

    kind: Annotated[
        Literal["admin", "pool", "file", "signal", "command"], said("What he came with: a key, the file, a signal …")
    ]
    name: Annotated[str | None, said("Of the key.")]
    address: Annotated[str | None, said("Where the call came from; of a file or a signal, the machine.")]


class Change(Shape):
    """One change, with what was before."""

    at: Instant
    what: Annotated[Literal["switch", "suppression", "configuration", "key", "restore", "release"], said("What kind.")]
    pool: str | None
    subject: Annotated[str | None, said("A provider, an address, the name of a key, a file.")]
    who: Changer
    reason: str | None
    before: Annotated[dict[str, Any] | None, said("Null where there was nothing.")]
    after: Annotated[dict[str, Any] | None, said("Null where there is nothing any more.")]


class Changes(Shape):
    """Who changed what, newest first."""

    changes: list[Change]
    next_cursor: str | None


class Doubts(Shape):
    """What a store that was restored from a copy cannot know."""

    in_doubt: Annotated[int, said("Messages that may have been sent since the copy was made, and wait for a verdict.")]
    pools: Annotated[dict[str, int], said("Of which pools they are.")]
    copied_at: Annotated[Instant | None, said("When the copy was made, where that is known.")]
    restored_at: Annotated[Instant | None, said("When it was put to use; null where the store never was a copy.")]


class Released(Shape):
    """A verdict that was given."""

    verdict: Literal["send", "hold", "cancel"]
    released: Annotated[int, said("Messages that it met.")]
    in_doubt: Annotated[int, said("Messages that still wait for one.")]


class Alive(Shape):
    status: Literal["ok"]


class Circuits(Shape):
    """How many circuits are open, of how many."""

    open: Count
    of: Count


class Canaries(Shape):
    """Through how many providers the last canary failed, of how many."""

    failing: Count
    of: Count


class Ready(Shape):
    """Whether messages would be taken."""

    status: Literal["ready", "stopping", "store-down"]
    store: Literal["ok", "down"]
    queue_oldest_seconds: float | None
    circuits: Circuits
    canary: Annotated[Canaries | None, said("null where none is configured. It does not decide about the status.")]
    in_doubt: Annotated[
        int | None, said("Messages that wait for a verdict since the store was restored: `GET /admin/release`.")
    ]
    configuration: Annotated[Literal["ok", "broken"], said("`broken`: what was read last is not in force.")]
