"""What the processes tell each other of providers.

Rows of one process are committed one after the other, each with the next number. So whoever keeps the last number it
has heard of each process misses nothing and hears nothing twice, in whatever order the commits of different ones come.
"""

from collections.abc import Mapping

import msgspec

from posthouse.routing.board import Fact
from posthouse.store.postgres.connection import Session
from posthouse.store.postgres.statement import ask
from posthouse.store.values import LESSONS, Lessons

Exchange = tuple[Lessons, Mapping[str, int]]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[str, list[Fact]])


async def exchange(db: Session, items: list[Exchange]) -> list[list[Lessons]]:
    answers = []
    for told, heard in items:
        await ask(db, "add_lessons", told.node, told.number, db.clock.now(), _encoder.encode(told.facts))
        answers.append(await since(db, told.node, heard))
    return answers


async def since(db: Session, node: str, heard: Mapping[str, int]) -> list[Lessons]:
    """What the others have told and this process has not heard."""
    found = await ask(db, "lessons", node, list(heard), list(heard.values()), db.clock.now(), LESSONS)
    return [Lessons(teller, number, _facts(packed), behind_s) for teller, number, behind_s, packed in found]


def _facts(packed: bytes) -> dict[str, list[Fact]]:
    try:
        return _decoder.decode(packed)
    except msgspec.MsgspecError:
        return {}  # another version's words
