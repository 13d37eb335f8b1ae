"""A whole Posthouse in the test's own event loop: the real gateway on a free port, with a folder for all it keeps."""

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from posthouse.clock import Clock, SystemClock
from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.gateway import Gateway
from posthouse.providers.catalogue import SPECS
from tests.web.http import Fields, Reply, call

KEY = "a-key-of-example-com"
OTHER_KEY = "a-key-of-example-net"
ADMIN_KEY = "the-key-of-an-admin"
EXPIRED_KEY = "a-key-that-has-expired"


def document(folder: Path, **changes: Any) -> dict[str, Any]:
    """Two pools and an admin; what is sent is kept in `sent` and `sent-net`."""
    return {
        "store": f"sqlite:///{folder / 'posthouse.db'}",
        "admins": {"ops": ADMIN_KEY},
        "pools": {
            "example.com": {
                "keys": {"web": KEY, "old": {"key": EXPIRED_KEY, "expires": "2020-01-01"}},
                "providers": {"sandbox": {"maildir": str(folder / "sent")}},
                "classes": {"otp": {"lane": "critical", "expires_in": "5m"}},
            },
            "example.net": {
                "keys": {"web": OTHER_KEY},
                "providers": {"sandbox": {"maildir": str(folder / "sent-net")}},
            },
        },
        **changes,
    }


def one_pool(folder: Path, **pool: Any) -> dict[str, Any]:
    """One pool, with these settings beside its key and its sandbox."""
    changed = {
        "keys": {"web": KEY},
        "providers": {"sandbox": {"maildir": str(folder / "sent"), "slow_s": 60}},
        **pool,
    }
    return document(folder, pools={"example.com": changed})


def configuration(given: dict[str, Any]) -> Config:
    found = read(json.dumps(given), {}, SPECS, SystemClock().now())
    assert isinstance(found, Config), found
    return found


class Later(SystemClock):
    """The machine's clock, so many seconds ahead."""

    def __init__(self, ahead_s: float) -> None:
        self.ahead_s = ahead_s

    def now(self) -> float:
        return super().now() + self.ahead_s


class House:
    """A gateway that runs. port: where it listens; folder: of its store and its mail."""

    def __init__(self, gateway: Gateway, port: int, folder: Path) -> None:
        self.gateway, self.port, self.folder = gateway, port, folder

    async def get(self, target: str, key: str | None = KEY, **fields: str) -> Reply:
        return await self.call("GET", target, key, None, **fields)

    async def delete(self, target: str, key: str | None = KEY) -> Reply:
        return await self.call("DELETE", target, key)

    async def call(
        self, method: str, target: str, key: str | None = KEY, body: bytes | None = None, **fields: str
    ) -> Reply:
        """A call with that key. fields: headers, `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        credentials = {} if key is None else {"Authorization": f"Bearer {key}"}
        return await call(self.port, method, target, {**credentials, **named}, body)

    async def raw(self, fields: Fields, body: bytes = b"", target: str = "/email") -> Reply:
        """A post with these headers, and no others."""
        return await call(self.port, "POST", target, fields, body)

    async def post(self, message: object, key: str | None = KEY, **fields: str) -> Reply:
        """Post JSON: an object, or bytes as they are."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return await self.call("POST", "/email", key, body, **{"content_type": "application/json", **fields})

    async def ask(
        self, target: str, said: object = None, key: str | None = KEY, method: str = "POST", **fields: str
    ) -> Reply:
        """A call with JSON, or with nothing."""
        if said is None:
            return await self.call(method, target, key, None, **fields)
        return await self.call(
            method, target, key, json.dumps(said).encode(), content_type="application/json", **fields
        )

    async def form(
        self, pairs: list[tuple[str, str]], key: str | None = KEY, target: str = "/email", **fields: str
    ) -> Reply:
        body = urlencode(pairs).encode()
        kind = {"content_type": "application/x-www-form-urlencoded"}
        return await self.call("POST", target, key, body, **kind, **fields)

    async def sent(self, message: object, key: str | None = KEY, **fields: str) -> dict[str, Any]:
        """Post it, wait until it is final, and answer with its record."""
        reply = await self.post(message, key, prefer="wait=20", **fields)
        assert reply.status == 200, reply
        found: dict[str, Any] = reply.json
        return found

    async def accepted(self, message: object, key: str | None = KEY, **fields: str) -> str:
        """Post it; its id."""
        reply = await self.post(message, key, **fields)
        assert reply.status == 202, reply
        found: str = reply.json["id"]
        return found

    async def until(self, message_id: str, told: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for its record again and again until it tells that; the record."""
        while True:
            record: dict[str, Any] = (await self.get(f"/email/{message_id}", ADMIN_KEY)).json
            if told(record):
                return record

    def mail(self, message_id: str, maildir: str = "sent") -> bytes | None:
        """What the sandbox kept of a message."""
        found = list((self.folder / maildir / "new").glob(f"*{message_id}*"))
        assert len(found) < 2, found
        return found[0].read_bytes() if found else None


@asynccontextmanager
async def running(
    given: dict[str, Any] | Config, folder: Path, clock: Clock | None = None, **more: Any
) -> AsyncIterator[House]:
    """A house that is open while the block runs, and has closed well after it. more: for `Gateway.open`."""
    # Tests guess more than twenty wrong keys a minute; test_guesses.py is about the limit.
    gateway = await Gateway.open(given if isinstance(given, Config) else configuration(given), clock, **more)
    gateway.app.door.guesses.most = 10**9
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    port = listener.getsockname()[1]
    ran = asyncio.create_task(gateway.run(listener))
    thresholds = gc.get_threshold()
    try:
        yield House(gateway, port, folder)
    finally:
        gateway.stop()
        status = await ran
        gc.unfreeze()
        gc.set_threshold(*thresholds)
    assert status == 0


def refusing(error: Exception) -> Callable[..., asyncio.Future[Any]]:
    """In the place of a store's `add`: nothing is taken, and whoever waits is told so."""

    def add(*_: object) -> asyncio.Future[Any]:
        refused = asyncio.get_running_loop().create_future()
        refused.set_exception(error)
        return refused

    return add


def letter(**changes: Any) -> dict[str, Any]:
    """A small message that is good."""
    return {"from": "ann@example.com", "to": "bob@example.org", "subject": "Hello", "text": "Hello, Bob.", **changes}
