"""The calls for messages: hand in, list, show, take back, send again, explain."""

from typing import Final

from posthouse.web import batch, explain, messages, resend
from posthouse.web.route import Route
from posthouse.web.routes.answers import HANDED_IN, LIMITED, NO_MESSAGE, TAKEN, UNREADABLE
from posthouse.web.routes.parameters import FILTERS, ONCE, WAIT

MESSAGES: Final[tuple[Route, ...]] = (
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
)
