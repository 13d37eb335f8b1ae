"""Texts for names without a server."""

from collections.abc import Mapping

from posthouse.doctor.names import Texts, Unanswered
from posthouse.doctor.spf import Ask

DOWN = Unanswered("the DNS server answered that it failed")


def asks(zone: Mapping[str, list[str] | None]) -> Ask:
    """None: nobody answers for the name; a name that is not there has no texts."""

    async def ask(name: str) -> Texts:
        held = zone.get(name, [])
        return DOWN if held is None else tuple(held)

    return ask
