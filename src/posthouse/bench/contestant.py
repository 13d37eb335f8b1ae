"""The two that are measured: how each is started, and how each is asked whether its work is done."""

from pathlib import Path
from typing import Final, Protocol

import msgspec

from posthouse.bench import bare
from posthouse.bench.process import BenchError
from posthouse.bench.report import Name
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Client, prepare

KEY: Final = "bench"
PATIENCE_S: Final = 30.0
"""How long a server may take to tell how far it is."""

UNFINISHED: Final = ("scheduled", "queued", "sending")


class Place(msgspec.Struct, frozen=True):
    """Where one run happens. directory: an empty one. carrier: the base URL of the fake provider."""

    directory: Path
    port: int
    carrier: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Tally(msgspec.Struct, frozen=True):
    """What a server says of itself. done: nothing it accepted is still to be sent. commits: None where unknown."""

    done: bool
    commits: int | None = None


class Contestant(Protocol):
    """A server under measurement."""

    @property
    def name(self) -> Name: ...

    def command(self, place: Place) -> list[str]:
        """The arguments to Python that start it at this place; files it needs are written."""
        ...

    async def tally(self, client: Client, place: Place) -> Tally:
        """Ask it."""
        ...


class BareLoop:
    """The bare loop of this package."""

    name: Final = "bare"

    def command(self, place: Place) -> list[str]:
        setup = bare.Setup(str(place.directory / "bare.db"), f"{place.carrier}/v3/mail/send", place.port)
        return ["-m", "posthouse.bench.bare", msgspec.json.encode(setup).decode()]

    async def tally(self, client: Client, place: Place) -> Tally:
        state = msgspec.json.decode(await fetch(client, f"{place.url}/"), type=bare.State)
        return Tally(state.accepted == state.sent, state.commits)


class Page(msgspec.Struct):
    """One page of a list of messages, as far as it matters here."""

    messages: list[msgspec.Raw]


class Posthouse:
    """The product, as shipped: one process, one pool, one provider."""

    name: Final = "posthouse"

    def command(self, place: Place) -> list[str]:
        file = place.directory / "posthouse.yaml"
        file.write_bytes(msgspec.json.encode(configuration(place)))  # JSON is YAML
        return ["-m", "posthouse", "serve", "--config", str(file), "--listen", f"127.0.0.1:{place.port}"]

    async def tally(self, client: Client, place: Place) -> Tally:
        for status in UNFINISHED:
            page = await fetch(client, f"{place.url}/email?status={status}&limit=1", KEY)
            if msgspec.json.decode(page, type=Page).messages:
                return Tally(done=False)
        return Tally(done=True)


def configuration(place: Place) -> dict[str, object]:
    """The least that accepts and sends."""
    provider = {"api_key": "bench", "base_url": place.carrier}
    pool = {"keys": {"bench": KEY}, "sender": "any", "providers": {"sendgrid": provider}}
    return {"store": f"sqlite:///{place.directory / 'posthouse.db'}", "pools": {"example.com": pool}}


async def fetch(client: Client, url: str, key: str = "") -> bytes:
    """GET. BenchError for anything but an answer of 200."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = await client.call(prepare(HttpRequest("GET", url, headers)), PATIENCE_S)
    if isinstance(answer, HttpResponse) and answer.status == 200:
        return answer.body
    raise BenchError(f"GET {url} was answered with {answer}")


CONTESTANTS: Final[dict[Name, Contestant]] = {"bare": BareLoop(), "posthouse": Posthouse()}
