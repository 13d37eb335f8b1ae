"""A Door with only the parts that a test has something to say about."""

import asyncio
from typing import Any

from posthouse.intake.allowance import Allowances
from posthouse.intake.caller import Callers
from posthouse.web.body import Budget
from posthouse.web.door import Door
from tests.delivery.clock import FakeClock


def door(**parts: Any) -> Door:
    """Whatever is not given is missing, and says so where it is used."""
    nothing: Any = None
    given = {
        "clock": FakeClock(),
        "store": nothing,
        "intake": nothing,
        "callers": Callers({}),
        "allowances": Allowances(),
        "canary": nothing,
        "readiness": nothing,
        "max_body": 2**20,
        "budget": Budget(2**20),
        "board": nothing,
        "outlook": nothing,
        "kinds": {},
        "administration": nothing,
        "stopping": asyncio.Event(),
    }
    return Door(**{**given, **parts})
