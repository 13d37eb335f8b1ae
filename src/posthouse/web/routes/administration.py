"""The calls for administrators."""

from typing import Final

from posthouse.web import admin, audit, release
from posthouse.web.route import Route
from posthouse.web.routes.answers import FOR_ADMINS, UNREADABLE
from posthouse.web.routes.parameters import CHANGES

ADMINISTRATION: Final[tuple[Route, ...]] = (
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
)
