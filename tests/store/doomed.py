"""A process that holds a store until it is killed: `python -m tests.store.doomed FILE`.

It adds three messages, claims two of them, begins one, says so on its output, and reads its input for ever.
"""

import asyncio
import sys
from pathlib import Path

from posthouse.store.sqlite.store import SqliteStore
from tests.store.letters import begun, claimed, letter


async def main(path: Path) -> None:
    store = SqliteStore(path)
    await begun(store, letter(1))
    await claimed(store, letter(2))
    await store.add([letter(3)])
    print("holding", flush=True)  # noqa: T201  the parent waits for it
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
