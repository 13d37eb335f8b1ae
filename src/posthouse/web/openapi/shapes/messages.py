"""What messages look like in answers: taken, shown, listed, and what became of each of a batch."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta

from posthouse.mail.event import EventType, Status
from posthouse.routing.outcome import OutcomeKind
from posthouse.web.openapi.shapes.shape import Absent, Count, Id, Instant, Lane, Shape, said


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


class Receipt(Shape):
    """It is on disk."""

    id: Id
    status: Annotated[Status, said("`queued`, or `scheduled` for later; after a replay what has become of it.")]


class Resent(Receipt):
    """A new message with the content of another one."""

    resent_from: Annotated[Id, said("The message whose content it is.")]


class Cancelled(Shape):
    """It will not be sent."""

    id: Id
    status: Literal["cancelled"]


class Attempt(Shape):
    """One try at one provider."""

    number: Annotated[int, Meta(ge=1)]
    provider: str
    started_at: Instant
    latency_ms: Annotated[Count | None, said("null while it lasts.")]
    outcome: Annotated[OutcomeKind | None, said("`unsure`: the request left, and no answer came.")]
    status: Annotated[int | None, said("The provider's status, as HTTP or SMTP has them.")]
    detail: Annotated[str | None, said("What the provider said.")]
    evidence: Annotated[str | Absent, said("What was learnt after somebody else took over.")] = UNSET


class Event(Shape):
    """Something that happened to a message."""

    type: EventType
    at: Instant
    provider: str | Absent = UNSET
    recipient: Annotated[str | Absent, said("Whom it concerns; missing where it concerns all.")] = UNSET
    detail: str | Absent = UNSET


class Listed(Shape, rename={"class_name": "class", "sender": "from"}):
    """A message, as a list shows it."""

    id: Id
    status: Status
    pool: str
    class_name: str | None
    lane: Lane
    sender: str
    to: Annotated[list[str], said("Everybody it goes to: to, cc and bcc.")]
    subject: str
    tags: list[str]
    metadata: dict[str, str]
    created_at: Instant
    next_attempt_at: Instant | None
    expires_at: Instant | None
    provider: Annotated[str | None, said("Who took it, or was asked last.")]
    provider_message_id: str | None
    possible_duplicate: Annotated[bool, said("Whether an attempt in doubt was followed by another one.")]
    resent_from: Annotated[Id | Absent, said("The message whose content it sends again.")] = UNSET


class Message(Listed, kw_only=True):
    """A message with all that happened to it."""

    attempts: list[Attempt]
    events: list[Event]


class Page(Shape):
    """Messages, newest first."""

    messages: list[Listed]
    next_cursor: Annotated[
        str | None,
        said(
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
