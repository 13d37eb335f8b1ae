"""The calls that need no key: whether the process is well, and the document."""

from typing import Final

from posthouse.web import health
from posthouse.web.openapi import call
from posthouse.web.route import Route
from posthouse.web.routes.parameters import KNOWN

PUBLIC: Final[tuple[Route, ...]] = (
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
