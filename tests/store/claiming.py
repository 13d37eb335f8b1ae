"""Claims everything in a database and says the ids: `python -m tests.store.claiming URL`."""

import asyncio
import sys

from posthouse.store.postgres.store import PostgresStore
from tests.store.letters import intent, result, wanted


async def main(url: str) -> None:
    store = await PostgresStore.open(url)
    print("ready", flush=True)  # noqa: T201  the parent waits for it
    await asyncio.to_thread(sys.stdin.readline)
    idle = 0
    while idle < 3:
        claims = await store.claim(wanted(limit=50))
        idle = 0 if claims else idle + 1
        begun = await store.intend([intent(claim) for claim in claims])
        ids = [claim.job.id for claim, well in zip(claims, begun, strict=True) if well]
        print(*ids, flush=True)  # noqa: T201
        await store.record([result(claim) for claim in claims])
        if not claims:
            await store.due(0.05)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
