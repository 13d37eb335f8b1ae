"""What an error looks like."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta

from posthouse.mail.event import Status
from posthouse.web.openapi.shapes.shape import Absent, Id, Shape, said


class Flaw(Shape):
    """One thing that must be put right."""

    code: Annotated[str, said("Stable: codes are added, never renamed.")]
    field: Annotated[str, said("Where, by the name the caller used: `to[1]`, `attachments[0].filename`.")]
    message: Annotated[str, said("What was expected, for a person.")]


class Problem(Shape):
    """An error, as RFC 9457 writes it."""

    type: Annotated[str, Meta(pattern="^urn:posthouse:problem:[a-z0-9-]+$")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    problems: Annotated[list[Flaw] | Absent, said("All of them at once.")] = UNSET
    id: Annotated[Id | Absent, said("The message that stands in the way.")] = UNSET
    message_status: Annotated[Status | Absent, said("Its status.")] = UNSET
    limit: Annotated[Literal["rate", "daily"] | Absent, said("Which limit of the key is reached.")] = UNSET
    reasons: Annotated[dict[str, str] | Absent, said("Provider → why it cannot carry the message now.")] = UNSET
