"""Answers that several calls have in common: status → what it means, or what is shown then."""

from typing import Final

LIMITED: Final = {429: "The key's `rate` or `daily` limit leaves no room; `Retry-After` says when to come again."}

UNREADABLE: Final = {
    400: "The body or a header cannot be read.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The body is of another media type than JSON or a form.",
}

HANDED_IN: Final = {
    200: "With `Prefer: wait`: the message in its final state.",
    202: "It is on disk, and will be sent.",
    403: "The sender or a recipient is not allowed to this key.",
    422: "The message is wrong; every problem is named. Or the Idempotency-Key was used for another one.",
    503: "It was not taken. With `Prefer: wait`: no provider can carry it now; `reasons` says why of each.",
    **UNREADABLE,
    **LIMITED,
}

TAKEN: Final = {200: "Message", 202: "Receipt"}
STANDING: Final = {200: "Provider"}

NO_MESSAGE: Final = {404: "There is no such message, or it is another pool's."}
NO_POOL: Final = {404: "There is no such domain, or it is another pool's."}
NO_PROVIDER: Final = {404: "There is no such domain, or no such provider of it."}
SWITCHED: Final = {200: "The provider as it stands now.", 422: "A field is wrong."} | NO_PROVIDER | UNREADABLE
FOR_ADMINS: Final = {403: "The key is no administrator's."}
