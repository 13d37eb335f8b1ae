"""What the structs of the configuration are made of."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

UNWRITTEN: Final = Meta(extra={"unwritten": True})
"""Marks a field that the file does not hold: it is known from elsewhere."""

SETTLED_LATER: Final = Meta(extra={"settled_later": True})
"""Marks a field whose default depends on the entries around it; its description tells how."""

DAY_S: Final = 86400.0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping of the file."""


class Named(Part, frozen=True, kw_only=True):
    """An entry of a mapping whose keys are names."""

    name: Annotated[str, UNWRITTEN]
