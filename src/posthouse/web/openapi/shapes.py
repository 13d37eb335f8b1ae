"""What comes back, as types. The handlers build plain dicts; a test holds every answer they give to its type here.

None of these is ever made: the document is. A field that may be missing is `Absent`, one that may be null says None.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from posthouse.mail.event import EventType, Status
from posthouse.routing.breaker import State
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.rules import Strategy
from posthouse.routing.switch import Mode

Absent = UnsetType

Id = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        extra_json_schema={"format": "uuid"},
    ),
]
Instant = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="RFC 3339, UTC, with milliseconds.",
        extra_json_schema={"format": "date-time"},
    ),
]
Lane = Literal["critical", "normal", "bulk"]
Count = Annotated[int, Meta(ge=0)]


def _said(words: str) -> Meta:
    return Meta(description=words)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


class Shape(Struct, forbid_unknown_fields=True):
    """An object with these fields and no others."""


class Receipt(Shape):
    """It is on disk."""

    id: Id
    status: Annotated[Status, _said("`queued`, or `scheduled` for later; after a replay what has become of it.")]


class Resent(Receipt):
    """A new message with the content of another one."""

    resent_from: Annotated[Id, _said("The message whose content it is.")]


class Cancelled(Shape):
    """It will not be sent."""

    id: Id
    status: Literal["cancelled"]


class Attempt(Shape):
    """One try at one provider."""

    number: Annotated[int, Meta(ge=1)]
    provider: str
    started_at: Instant
    latency_ms: Annotated[Count | None, _said("null while it lasts.")]
    outcome: Annotated[OutcomeKind | None, _said("`unsure`: the request left, and no answer came.")]
    status: Annotated[int | None, _said("The provider's status, as HTTP or SMTP has them.")]
    detail: Annotated[str | None, _said("What the provider said.")]
    evidence: Annotated[str | Absent, _said("What was learnt after somebody else took over.")] = UNSET


class Event(Shape):
    """Something that happened to a message."""

    type: EventType
    at: Instant
    provider: str | Absent = UNSET
    recipient: Annotated[str | Absent, _said("Whom it concerns; missing where it concerns all.")] = UNSET
    detail: str | Absent = UNSET


class Listed(Shape, rename={"class_name": "class", "sender": "from"}):
    """A message, as a list shows it."""

    id: Id
    status: Status
    pool: str
    class_name: str | None
    lane: Lane
    sender: str
    to: Annotated[list[str], _said("Everybody it goes to: to, cc and bcc.")]
    subject: str
    tags: list[str]
    metadata: dict[str, str]
    created_at: Instant
    next_attempt_at: Instant | None
    expires_at: Instant | None
    provider: Annotated[str | None, _said("Who took it, or was asked last.")]
    provider_message_id: str | None
    possible_duplicate: Annotated[bool, _said("Whether an attempt in doubt was followed by another one.")]
    resent_from: Annotated[Id | Absent, _said("The message whose content it sends again.")] = UNSET


class Message(Listed, kw_only=True):
    """A message with all that happened to it."""

    attempts: list[Attempt]
    events: list[Event]


class Page(Shape):
    """Messages, newest first."""

    messages: list[Listed]
    next_cursor: Annotated[
        str | None,
        _said(
            "Where the next page begins, null at the end; good for this key and this list alone. "
            "A page may be short, or empty, and still go on."
        ),
    ]


class Wrong(Shape):
    """A message of a batch that was not taken."""

    problems: Annotated[list[Any], Meta(min_length=1, extra_json_schema={"items": _ref("Flaw")})]


class Results(Shape):
    """What became of each message of a batch, in the order they were given."""

    results: Annotated[list[Any], Meta(extra_json_schema={"items": {"oneOf": [_ref("Receipt"), _ref("Wrong")]}})]


class Switch(Shape):
    """How an operator has switched a provider. mode, rate and until: of the failure that is simulated."""

    held: Literal["no", "pause", "drain"]
    reason: str | None
    by: Annotated[str | None, _said("The name of the key that switched it last.")]
    at: Instant | None
    fail: bool
    mode: Mode | Absent = UNSET
    rate: float | Absent = UNSET
    until: Instant | Absent | None = UNSET


class Provider(Shape):
    """A provider of a pool, as it stands now."""

    name: str
    type: str | None
    enabled: bool
    order: int
    weight: float
    score: float
    breaker: Annotated[State, _said("`open`: nothing is sent there. `half-open`: one message is trying it.")]
    distrusted: Annotated[bool, _said("Whether it comes after all others for now, because it failed of late.")]
    in_flight: Annotated[Count, _said("Sends of this process that have begun and not ended.")]
    left_today: Annotated[int | None, _said("Of its daily quota; null without one.")]
    left_this_month: Annotated[int | None, _said("Of its monthly quota; null without one.")]
    switch: Switch
    secrets: Annotated[dict[str, str] | Absent, _said("With `reveal_keys`, and to administrators only.")] = UNSET


class Pool(Shape):
    """A sending domain and its providers."""

    domain: str
    url: str
    url_send_email: str
    strategy: Strategy
    sender: Literal["any", "pool_domain", "fixed"]
    classes: list[str]
    providers: list[Provider]


class Pools(Shape):
    """The pools that the key may see."""

    pools: list[Pool]


class Check(Shape):
    """What one rule says of a message at a provider."""

    name: str
    ok: bool
    why: str | None


class Candidate(Shape):
    """One provider's part in a decision. place: 1 for who is asked next, null for who is not available."""

    name: str
    chosen: bool
    place: int | None
    filters: list[Check]
    tier: float
    weight: float
    score: float
    circuit: State
    circuit_until: Instant | None
    distrusted: Annotated[bool, _said("Whether it has failed lately, and its circuit is closed all the same.")]
    doubt: Annotated[str | None, _said("Why this message asks the others before it.")]
    ready_at: Annotated[Instant | None, _said("When nothing that passes with time is against it; null for never.")]
    in_flight: Count
    concurrency: int
    today_left: int | None
    month_left: int | None


class Foreseen(Shape):
    """Where a message would go, and why."""

    pool: str
    decision: Literal["send", "wait", "fail", "none"]
    provider: str | None
    until: Annotated[Instant | None, _said("When it is decided again, while it waits.")]
    reason: Annotated[str | None, _said("Why nobody carries it now.")]
    if_failed: Annotated[str | None, _said("Who would be asked at once if `provider` failed.")]
    candidates: list[Candidate]


class Explained(Foreseen, kw_only=True):
    """Where a message goes, and why. `none`: it is over, and its attempts tell the rest."""

    id: Id
    status: Status
    attempts: list[Attempt]


class Suppression(Shape):
    """An address that is not sent to."""

    address: str
    reason: str
    source: Literal["operator", "provider", "sender"]
    at: Instant
    by: str | None


class Suppressions(Shape):
    """Addresses that are not sent to, in alphabetical order."""

    suppressions: list[Suppression]
    next_cursor: str | None


class Added(Shape):
    """Whether an address is new on the list."""

    address: str
    added: bool


class Additions(Shape):
    suppressions: list[Added]


class Removed(Shape):
    """Whether an address was on the list."""

    address: str
    removed: bool


class Removals(Shape):
    suppressions: list[Removed]


class Configuration(Struct):
    """What the file says, with `********` where a secret stands."""


class Reloaded(Shape):
    """A configuration that is in force."""

    status: Literal["in force"]
    changed: Annotated[list[str], _said("Paths of the settings that are different now.")]
    waits_for_restart: Annotated[list[str], _said("Those of them that change with the next start only.")]


class Changer(Shape):
    """Who made a change."""

    kind: Annotated[
        Literal["admin", "pool", "file", "signal", "command"], _said("What he came with: a key, the file, a signal …")
    ]
    name: Annotated[str | None, _said("Of the key.")]
    address: Annotated[str | None, _said("Where the call came from; of a file or a signal, the machine.")]


class Change(Shape):
    """One change, with what was before."""

    at: Instant
    what: Annotated[Literal["switch", "suppression", "configuration", "key", "restore", "release"], _said("What kind.")]
    pool: str | None
    subject: Annotated[str | None, _said("A provider, an address, the name of a key, a file.")]
    who: Changer
    reason: str | None
    before: Annotated[dict[str, Any] | None, _said("Null where there was nothing.")]
    after: Annotated[dict[str, Any] | None, _said("Null where there is nothing any more.")]


class Changes(Shape):
    """Who changed what, newest first."""

    changes: list[Change]
    next_cursor: str | None


class Doubts(Shape):
    """What a store that was restored from a copy cannot know."""

    in_doubt: Annotated[int, _said("Messages that may have been sent since the copy was made, and wait for a verdict.")]
    pools: Annotated[dict[str, int], _said("Of which pools they are.")]
    copied_at: Annotated[Instant | None, _said("When the copy was made, where that is known.")]
    restored_at: Annotated[Instant | None, _said("When it was put to use; null where the store never was a copy.")]


class Released(Shape):
    """A verdict that was given."""

    verdict: Literal["send", "hold", "cancel"]
    released: Annotated[int, _said("Messages that it met.")]
    in_doubt: Annotated[int, _said("Messages that still wait for one.")]


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
    canary: Annotated[Canaries | None, _said("null where none is configured. It does not decide about the status.")]
    in_doubt: Annotated[
        int | None, _said("Messages that wait for a verdict since the store was restored: `GET /admin/release`.")
    ]
    configuration: Annotated[Literal["ok", "broken"], _said("`broken`: what was read last is not in force.")]


class OpenAPI(Struct):
    """This document."""

    openapi: str


class Flaw(Shape):
    """One thing that must be put right."""

    code: Annotated[str, _said("Stable: codes are added, never renamed.")]
    field: Annotated[str, _said("Where, by the name the caller used: `to[1]`, `attachments[0].filename`.")]
    message: Annotated[str, _said("What was expected, for a person.")]


class Problem(Shape):
    """An error, as RFC 9457 writes it."""

    type: Annotated[str, Meta(pattern="^urn:posthouse:problem:[a-z0-9-]+$")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    problems: Annotated[list[Flaw] | Absent, _said("All of them at once.")] = UNSET
    id: Annotated[Id | Absent, _said("The message that stands in the way.")] = UNSET
    message_status: Annotated[Status | Absent, _said("Its status.")] = UNSET
    limit: Annotated[Literal["rate", "daily"] | Absent, _said("Which limit of the key is reached.")] = UNSET
    reasons: Annotated[dict[str, str] | Absent, _said("Provider → why it cannot carry the message now.")] = UNSET


SHAPES: Final[dict[str, type[Struct]]] = {
    shape.__name__: shape
    for shape in (
        *(Receipt, Resent, Cancelled, Message, Page, Results, Wrong, Pools, Pool, Provider, Foreseen, Explained),
        *(Suppressions, Additions, Removals, Configuration, Reloaded, Alive, Ready, OpenAPI, Problem, Flaw),
        *(Changes, Doubts, Released),
    )
}
"""Those that a route may name in `shows`, and those that others refer to."""
