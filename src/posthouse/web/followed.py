"""A call under a span, where requests are traced."""

from typing import TYPE_CHECKING

import msgspec

from posthouse.store.contract import StoreDown
from posthouse.telemetry.trace import Tracer
from posthouse.web.answer import Answer, Refused
from posthouse.web.arrival import Arrival
from posthouse.web.request import Request

if TYPE_CHECKING:
    from posthouse.web.door import Door
    from posthouse.web.route import Route


async def followed(tracer: Tracer, door: "Door", route: "Route", request: Request) -> Answer:
    """The answer to it, or what its handler raises."""
    arrival = Arrival(tracer, door.clock, request.headers, route.path)
    status = 500
    try:
        given = await route.handler(door, msgspec.structs.replace(request, arrival=arrival))
        status = given.status
        return given
    except Refused as refused:
        status = refused.answer.status
        raise
    except StoreDown:
        status = 503
        raise
    finally:
        arrival.over(status, request.id)
