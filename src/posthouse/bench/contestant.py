"""The servers that are measured over HTTP: how each is started, and how each is asked whether its work is done."""

from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from posthouse.bench import bare, bulk
from posthouse.bench.postgresql import Database
from posthouse.bench.process import BenchError
from posthouse.delivery import nodes
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Client, prepare

KEY: Final = "bench"
PATIENCE_S: Final = 30.0
"""How long a server may take to tell how far it is."""

UNFINISHED: Final = ("scheduled", "queued", "sending")
Store = Literal["sqlite", "postgresql"]


class Place(msgspec.Struct, frozen=True):
    """Where one run happens. directory: an empty one. carrier: the base URL of the fake provider.

    second_port: for a server of two processes that do not share one. database: URL of an empty one, on PostgreSQL.
    """

    directory: Path
    port: int
    carrier: str
    second_port: int = 0
    database: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Tally(msgspec.Struct, frozen=True):
    """What a server says of itself. done: nothing it accepted is still to be sent. commits: None where unknown."""

    done: bool
    commits: int | None = None


class Contestant(Protocol):
    """A server under measurement. processes: how many of them work; a supervisor does not count.

    settles_s: so long after its first answer all of them work as they always will.
    """

    @property
    def store(self) -> Store: ...

    @property
    def processes(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def settles_s(self) -> float: ...

    async def commands(self, place: Place, database: Database | None) -> list[list[str]]:
        """The arguments to Python that start it at this place, process by process; what they need is made."""
        ...

    async def tally(self, client: Client, place: Place) -> Tally:
        """Ask it."""
        ...


class BareLoop:
    """The bare loop of this package. Of two processes one accepts and one delivers."""

    def __init__(self, store: Store, processes: int = 1) -> None:
        self.store: Final = store
        self.processes: Final = processes
        self.name: Final = named("bare", store, processes)
        self.settles_s: Final = 0.0

    async def commands(self, place: Place, database: Database | None) -> list[list[str]]:
        store, roles = str(place.directory / "bare.db"), {"all": place.port}
        if database is not None:
            await database.run(place.database, bulk.SCHEMA)
            store = place.database
            if self.processes == 2:
                roles = {"web": place.port, "delivery": place.second_port}
        setups = [
            {"store": store, "carrier": f"{place.carrier}/v3/mail/send", "port": port, "role": role}
            for role, port in roles.items()
        ]
        return [["-m", "posthouse.bench.bare", msgspec.json.encode(setup).decode()] for setup in setups]

    async def tally(self, client: Client, place: Place) -> Tally:
        ports = [place.port, place.second_port][: self.processes]
        answers = [await fetch(client, f"http://127.0.0.1:{port}/") for port in ports]
        states = [msgspec.json.decode(answer, type=bare.State) for answer in answers]
        accepted, sent = (sum(values) for values in zip(*[(one.accepted, one.sent) for one in states], strict=True))
        return Tally(accepted == sent, sum(state.commits for state in states))


class Page(msgspec.Struct):
    """One page of a list of messages, as far as it matters here."""

    messages: list[msgspec.Raw]


class Posthouse:
    """The product, as shipped: one pool, one provider."""

    def __init__(self, store: Store, processes: int = 1) -> None:
        self.store: Final = store
        self.processes: Final = processes
        self.name: Final = named("posthouse", store, processes)
        # One of several that start only takes in until the others have seen it.
        self.settles_s: Final = nodes.SEEN_S + nodes.EVERY_S if processes > 1 else 0.0

    async def commands(self, place: Place, database: Database | None) -> list[list[str]]:
        file = place.directory / "posthouse.yaml"
        file.write_bytes(msgspec.json.encode(configuration(place)))  # JSON is YAML
        workers = ["--workers", str(self.processes)] if self.processes > 1 else []
        serve = ["-m", "posthouse", "serve", "--config", str(file), "--listen", f"127.0.0.1:{place.port}", *workers]
        return [serve]

    async def tally(self, client: Client, place: Place) -> Tally:
        for status in UNFINISHED:
            page = await fetch(client, f"{place.url}/email?status={status}&limit=1", KEY)
            if msgspec.json.decode(page, type=Page).messages:
                return Tally(done=False)
        return Tally(done=True)


def named(what: str, store: Store, processes: int) -> str:
    return f"{what} {store}" if store == "sqlite" else f"{what} {store} {processes}"


def configuration(place: Place) -> dict[str, object]:
    """The least that accepts and sends."""
    provider = {"api_key": "bench", "base_url": place.carrier}
    pool = {"keys": {"bench": KEY}, "sender": "any", "providers": {"sendgrid": provider}}
    store = place.database or f"sqlite:///{place.directory / 'posthouse.db'}"
    return {"store": store, "pools": {"example.com": pool}}


async def fetch(client: Client, url: str, key: str = "") -> bytes:
    """GET. BenchError for anything but an answer of 200."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = await client.call(prepare(HttpRequest("GET", url, headers)), PATIENCE_S)
    if isinstance(answer, HttpResponse) and answer.status == 200:
        return answer.body
    raise BenchError(f"GET {url} was answered with {answer}")


CONTESTANTS: Final[dict[str, Contestant]] = {
    one.name: one
    for one in (
        BareLoop("sqlite"),
        Posthouse("sqlite"),
        BareLoop("postgresql", 1),
        Posthouse("postgresql", 1),
        BareLoop("postgresql", 2),
        Posthouse("postgresql", 2),
    )
}
