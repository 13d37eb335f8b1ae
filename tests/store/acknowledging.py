"""Uses a store, and says `ack METHOD` on its output after each call: `python -m tests.store.acknowledging FILE LEVEL`.

LEVEL is the word for `PRAGMA synchronous`.
"""

import asyncio
import os
import sys
from pathlib import Path

from posthouse.store.sqlite import file
from posthouse.store.sqlite.store import SqliteStore
from posthouse.store.values import Renewal
from tests.store.letters import (
    LEASE_S,
    NOW,
    delay,
    ending,
    intent,
    letter,
    letters,
    renewal,
    result,
    taken_back,
    wanted,
)


def ack(method: str) -> None:
    os.write(1, f"ack {method}\n".encode())  # in one call, for whoever reads the calls


async def main(path: Path) -> None:
    store = SqliteStore(path)
    for entry in letters(8):
        await store.add([entry])
        ack("add")
    await store.cancel([taken_back(letter(0))])
    ack("cancel")
    sent, finished, postponed, lost, *_ = await store.claim(wanted())
    # A claim is answered before its commit; what is done under its lease is answered after its own, and so after it.
    await store.renew([Renewal(sent.job.id, sent.fence, sent.leased_until)])
    ack("claim")
    await store.intend([intent(sent)])
    ack("intend")
    await store.record([result(sent)])
    ack("record")
    await store.finish([ending(finished)])
    ack("finish")
    await store.postpone([delay(postponed, NOW)])
    ack("postpone")
    await store.renew([renewal(lost, NOW + 1)])
    ack("renew")
    await store.sweep(wanted(NOW + LEASE_S))
    ack("sweep")
    await store.retire(NOW + 1, NOW + 1, 10)
    ack("retire")
    await store.close()


if __name__ == "__main__":
    file.SYNCHRONOUS = sys.argv[2]  # type: ignore[misc]
    asyncio.run(main(Path(sys.argv[1])))
