"""The calls below a domain: its pool, sending through it, its suppressions, the switches of its providers."""

from typing import Final

from posthouse.web import pools, sending, suppressions, switches
from posthouse.web.route import Route
from posthouse.web.routes.answers import (
    FOR_ADMINS,
    HANDED_IN,
    NO_POOL,
    NO_PROVIDER,
    STANDING,
    SWITCHED,
    TAKEN,
    UNREADABLE,
)
from posthouse.web.routes.parameters import ONCE, SUPPRESSED, WAIT

POOLS: Final[tuple[Route, ...]] = (
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
)
