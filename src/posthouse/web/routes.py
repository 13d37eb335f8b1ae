"""Every call of the API, in one table: the server asks it, the documents and the pages are made from it.

To add a call: write a function `async def verb(door: Door, request: Request) -> Answer` in the file of its noun, and a
`Route` here. The route says who may call; the function is called only by those, and finds them in `request.caller`. A
function whose path names a domain asks `pool_named`, which keeps other pools unknown. What stands in the body is read
by `given` (a message, a list) or `few` (some words, read with `read_words`). Whatever is wrong is raised as `Refused`.
Each answer the function can give stands in `answers`; those that all calls share (400, 401, 405, 500, 503) need not.
What a good answer shows is described in `openapi/shapes`, what is sent in `openapi/bodies.py`, a new kind of error
in `openapi/kinds.py`: the tests name whatever is missing there.
"""

from typing import Final

from posthouse.web import (
    admin,
    audit,
    batch,
    explain,
    health,
    messages,
    pools,
    release,
    resend,
    sending,
    suppressions,
    switches,
)
from posthouse.web.openapi import call
from posthouse.web.route import Parameter, Route

ONCE: Final = Parameter("Idempotency-Key", "header", "The same key with the same body is the same message, for 24 h.")
WAIT: Final = Parameter("Prefer", "header", "`wait=10` waits up to so many seconds (60 at most) for the final state.")

KNOWN: Final = Parameter("If-None-Match", "header", "The `ETag` of the document that is there already.")

FILTERS: Final = (
    Parameter("status", "query", "Only messages in this state."),
    Parameter("to", "query", "Only messages to this recipient."),
    Parameter("tag", "query", "Only messages with this tag."),
    Parameter("provider", "query", "Only messages that this provider took, or was asked last."),
    Parameter("since", "query", "Accepted then or later, as RFC 3339 writes it."),
    Parameter("until", "query", "Accepted then or earlier."),
    Parameter("limit", "query", "Messages on a page, from 1 to 100; 50 unless said."),
    Parameter("cursor", "query", "The next_cursor of the page before."),
)

SUPPRESSED: Final = (
    Parameter("address", "query", "Only this address."),
    Parameter("limit", "query", "Addresses on a page, from 1 to 100; 50 unless said."),
    Parameter("cursor", "query", "The next_cursor of the page before."),
)

CHANGES: Final = (
    Parameter("pool", "query", "Only changes that concern this pool."),
    Parameter("what", "query", "Only changes of this kind."),
    Parameter("since", "query", "Made then or later, as RFC 3339 writes it."),
    Parameter("limit", "query", "Changes on a page, from 1 to 100; 50 unless said."),
    Parameter("cursor", "query", "The next_cursor of the page before."),
)

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

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        *("POST", "/email", "sender", messages.submit),
        summary="Hand in a message.",
        answers=HANDED_IN,
        shows=TAKEN,
        parameters=(WAIT, ONCE),
        body="message",
    ),
    Route(
        *("GET", "/email", "reader", messages.page),
        summary="List messages, newest first.",
        answers={200: "A page, and where the next one begins.", 400: "A parameter is wrong."},
        shows={200: "Page"},
        parameters=FILTERS,
    ),
    Route(
        *("POST", "/email/batch", "sender", batch.submit),
        summary="Hand in up to 1,000 messages at once.",
        answers={
            200: "A result for each, in order: its id and status, or its problems.",
            403: "A browser calls for a page of another site, without a key.",
            422: "It is no list of messages; nothing was stored.",
            503: "None of them was taken.",
            **UNREADABLE,
            **LIMITED,
        },
        shows={200: "Results"},
        parameters=(ONCE,),
        body="batch",
    ),
    Route(
        *("GET", "/email/{id}", "reader", messages.show),
        summary="Show a message, its attempts and its events.",
        answers={200: "The message.", **NO_MESSAGE},
        shows={200: "Message"},
    ),
    Route(
        *("DELETE", "/email/{id}", "reader", messages.cancel),
        summary="Take back a message that was not sent yet.",
        answers={200: "It is cancelled, and will not be sent.", 409: "It is too late.", **NO_MESSAGE},
        shows={200: "Cancelled"},
    ),
    Route(
        *("POST", "/email/{id}/resend", "reader", resend.resend),
        summary="Send the same content once more, as a new message.",
        answers={
            202: "The new message is on disk.",
            403: "The sender or a recipient is not allowed to this key.",
            409: "It was delivered, or may have been, or is still to be sent: say `force`. Or its content is gone.",
            422: "A field is wrong, or the message is no longer allowed. Or the Idempotency-Key was used before.",
            **NO_MESSAGE,
            **UNREADABLE,
            **LIMITED,
        },
        shows={202: "Resent"},
        parameters=(ONCE,),
        body="resend",
    ),
    Route(
        *("GET", "/email/{id}/explain", "reader", explain.explained),
        summary="Explain where a message goes, and why.",
        answers={200: "Every provider, with each rule's verdict.", **NO_MESSAGE},
        shows={200: "Explained"},
    ),
    Route(
        *("POST", "/route/explain", "reader", explain.foreseen),
        summary="Explain where a message would go. Nothing is stored or sent.",
        answers={
            200: "Every provider, with each rule's verdict.",
            403: "The sender or a recipient is not allowed to this key.",
            422: "The message is wrong; every problem is named.",
            **UNREADABLE,
        },
        shows={200: "Foreseen"},
        body="message",
    ),
    Route(
        *("GET", "/", "reader", pools.listed),
        summary="List the pools that the key may see, and their providers.",
        answers={200: "The pools."},
        shows={200: "Pools"},
    ),
    Route(
        *("POST", "/", "reader", pools.listed),
        summary="The same, with the key in the body.",
        answers={200: "The pools.", 422: "There is more than a key in the body.", **UNREADABLE},
        shows={200: "Pools"},
        body="key",
        key_in_body=True,
    ),
    Route(
        *("GET", "/{domain}", "reader", pools.shown),
        summary="Show one pool and its providers.",
        answers={200: "The pool.", **NO_POOL},
        shows={200: "Pool"},
    ),
    Route(
        *("POST", "/{domain}", "reader", pools.shown),
        summary="The same, with the key in the body.",
        answers={200: "The pool.", 422: "There is more than a key in the body.", **NO_POOL, **UNREADABLE},
        shows={200: "Pool"},
        body="key",
        key_in_body=True,
    ),
    Route(
        *("POST", "/{domain}/send", "sender", sending.send),
        summary="Hand in a message through this pool.",
        answers={**HANDED_IN, **NO_POOL},
        shows=TAKEN,
        parameters=(WAIT, ONCE),
        body="message",
        key_in_body=True,
    ),
    Route(
        *("POST", "/{domain}/{provider}/send", "sender", sending.send_through),
        summary="Hand in a message through this provider of the pool, and no other.",
        answers={**HANDED_IN, **NO_PROVIDER},
        shows=TAKEN,
        parameters=(WAIT, ONCE),
        body="message",
        key_in_body=True,
    ),
    Route(
        *("GET", "/{domain}/suppressions", "reader", suppressions.listed),
        summary="List the addresses that are not sent to.",
        answers={200: "A page, and where the next one begins.", 400: "A parameter is wrong.", **NO_POOL},
        shows={200: "Suppressions"},
        parameters=SUPPRESSED,
    ),
    Route(
        *("POST", "/{domain}/suppressions", "reader", suppressions.add),
        summary="Send no more to these addresses.",
        answers={200: "Whether each is new on the list.", 422: "An address is wrong.", **NO_POOL, **UNREADABLE},
        shows={200: "Additions"},
        body="suppression",
    ),
    Route(
        *("DELETE", "/{domain}/suppressions", "reader", suppressions.remove),
        summary="Send to these addresses again.",
        answers={200: "Whether each was on the list.", 422: "An address is wrong.", **NO_POOL, **UNREADABLE},
        shows={200: "Removals"},
        parameters=SUPPRESSED[:1],
        body="addresses",
    ),
    Route(
        *("POST", "/{domain}/{provider}/fail", "admin", switches.fail),
        summary="Make a provider seem to fail: with nothing said, on if it is off and off if it is on.",
        answers={**SWITCHED, **FOR_ADMINS},
        shows=STANDING,
        body="fail",
        key_in_body=True,
    ),
    Route(
        *("DELETE", "/{domain}/{provider}/fail", "admin", switches.mend),
        summary="End a simulated failure.",
        answers={200: "The provider as it stands now.", **NO_PROVIDER, **FOR_ADMINS},
        shows=STANDING,
    ),
    Route(
        *("POST", "/{domain}/{provider}/pause", "admin", switches.pause),
        summary="Start no more sends at a provider; with `drain`, only those that are bound to it.",
        answers={**SWITCHED, **FOR_ADMINS},
        shows=STANDING,
        body="pause",
        key_in_body=True,
    ),
    Route(
        *("POST", "/{domain}/{provider}/resume", "admin", switches.resume),
        summary="Use a provider again.",
        answers={**SWITCHED, **FOR_ADMINS},
        shows=STANDING,
        body="resume",
        key_in_body=True,
    ),
    Route(
        *("GET", "/admin/config", "admin", admin.shown),
        summary="Show the configuration, its secrets hidden.",
        answers={200: "What the file says; where it is broken, what is in force.", **FOR_ADMINS},
        shows={200: "Configuration"},
    ),
    Route(
        *("PUT", "/admin/config", "admin", admin.replaced),
        summary="Replace the configuration: the file and what is in force, or neither. `********` means: as it was.",
        answers={
            200: "It is in force.",
            408: "It came too slowly.",
            413: "It is larger than 1 MB.",
            422: "It has problems, or there is no file; nothing was changed.",
            503: "It could not be written; nothing was changed.",
            **FOR_ADMINS,
        },
        shows={200: "Reloaded"},
        body="configuration",
    ),
    Route(
        *("POST", "/admin/reload", "admin", admin.reloaded),
        summary="Read the configuration file anew.",
        answers={200: "It is in force.", 422: "It has problems; the one before stays in force.", **FOR_ADMINS},
        shows={200: "Reloaded"},
    ),
    Route(
        *("GET", "/admin/audit", "admin", audit.listed),
        summary="List who changed what, newest first.",
        answers={200: "A page, and where the next one begins.", 400: "A parameter is wrong.", **FOR_ADMINS},
        shows={200: "Changes"},
        parameters=CHANGES,
    ),
    Route(
        *("GET", "/admin/release", "admin", release.shown),
        summary="Tell how many messages are in doubt since the store was restored from a copy.",
        answers={200: "How many, in which pools.", **FOR_ADMINS},
        shows={200: "Doubts"},
    ),
    Route(
        *("POST", "/admin/release", "admin", release.release),
        summary="Say what becomes of the messages that are in doubt: `send`, `hold` or `cancel`.",
        answers={200: "How many it met.", 422: "A field is wrong; nothing was changed.", **FOR_ADMINS, **UNREADABLE},
        shows={200: "Released"},
        body="release",
    ),
    Route(
        *("GET", "/healthz", "anyone", health.alive),
        summary="Whether the process lives.",
        answers={200: "It does."},
        shows={200: "Alive"},
    ),
    Route(
        *("GET", "/healthcheck", "anyone", health.alive),
        summary="Whether the process lives.",
        answers={200: "It does."},
        shows={200: "Alive"},
    ),
    Route(
        *("GET", "/readyz", "anyone", health.ready),
        summary="Whether messages would be taken: the store, the age of the queue, the circuits, the canaries.",
        answers={200: "They would.", 503: "They would not."},
        shows={200: "Ready", 503: "Ready"},
    ),
    *(
        Route(
            *("GET", path, "anyone", call.shown),
            summary="This document.",
            answers={200: "The document.", 304: "It is the one that is there already."},
            shows={200: "OpenAPI"},
            parameters=(KNOWN,),
        )
        for path in ("/openapi.json", "/swagger.json")
    ),
)
