"""The commands that talk to a server, and a server for them to talk to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from typer.testing import CliRunner, Result

from posthouse.cli import app
from tests.web.house import KEY, House, one_pool, running


class Counter:
    """Where a person types commands; `house` is what they talk to."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def run(self, *words: str, key: str | None = KEY, stdin: str | None = None, **env: str) -> Result:
        """`posthouse …` with the server and the key in the environment."""
        known = {"POSTHOUSE_URL": f"http://127.0.0.1:{self.house.port}", "COLUMNS": "80", **env}
        if key is not None:
            known["POSTHOUSE_API_KEY"] = key
        return await asyncio.to_thread(CliRunner().invoke, app, list(words), stdin, known)

    async def json(self, *words: str) -> Any:
        """What a command prints with --json."""
        result = await self.run(*words, "--json")
        return msgspec.json.decode(result.stdout)


@asynccontextmanager
async def counter(folder: Path, **pool: Any) -> AsyncIterator[Counter]:
    """A counter at a house with one pool, whose sender is `post@example.com` unless said."""
    async with running(one_pool(folder, **{"default_from": "post@example.com", **pool}), folder) as house:
        yield Counter(house)
