"""The bare loop: the least a durable gateway must do, with nothing around it.

Read HTTP, decode JSON, commit with fsync, answer, claim, POST to the provider, record. No keys, no validation,
no routing, no attempts, no events, no retry. It is not a mail server; it is the ceiling of this machine, with
the parts that Posthouse is made of. Run as `python -m posthouse.bench.bare '{"store": "x.db", "carrier": URL}'`.
On PostgreSQL a second process may deliver what the first one accepts.
"""

import asyncio
import sys
from collections import deque
from typing import Final, Literal

import msgspec
import uvloop

from posthouse.bench.bulk import Bulk
from posthouse.bench.door import Door, serve
from posthouse.bench.journal import Body, Commit, Group, Journal
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Client, prepare

HEADERS: Final = {"Authorization": "Bearer bench", "Content-Type": "application/json"}
PATIENCE_S: Final = 30.0
POSTGRESQL: Final = "postgresql://"
Role = Literal["all", "web", "delivery"]


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """store: file or URL of the database, which has its tables when it is PostgreSQL. carrier: URL to post to.

    port: 0 for any free one. in_flight: POSTs at once. role: on PostgreSQL, which part is this process's.
    """

    store: str
    carrier: str
    port: int = 0
    in_flight: int = 64
    role: Role = "all"


class Mail(msgspec.Struct, rename={"sender": "from"}):
    """The message, decoded as far as its kinds go."""

    sender: str
    to: str
    subject: str
    text: str
    html: str


class State(msgspec.Struct):
    """Counts since the start: messages on disk, messages recorded as sent, transactions."""

    accepted: int = 0
    sent: int = 0
    commits: int = 0


decoder = msgspec.json.Decoder(Mail)


class Bare:
    """The loop. What comes up in one turn of the event loop is put into the journal together, as one group."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.loop = asyncio.get_running_loop()
        self.state = State()
        self.seq = 0
        self.group: Group | None = None
        self.fronts: dict[int, Front] = {}
        self.ready: deque[Body] = deque()
        self.idle: deque[asyncio.Future[None]] = deque()
        # Claims run ahead of the POSTs, so that none of these has to wait for a commit.
        room = 4 * setup.in_flight
        self.journal = (
            Bulk(setup.store, room, self.committed, claims=setup.role != "web")
            if setup.store.startswith(POSTGRESQL)
            else Journal(setup.store, room, self.committed)
        )

    def gathering(self) -> Group:
        """The group of this turn."""
        if self.group is None:
            self.group = Group()
            self.loop.call_soon(self.put)
        return self.group

    def put(self) -> None:
        if self.group is not None:
            self.journal.put(self.group)
            self.group = None

    def take(self, front: "Front", body: bytes) -> None:
        """A message has come in by this front, which is told when it is on disk."""
        self.seq += 1
        self.fronts[self.seq] = front
        self.gathering().bodies.append((self.seq, body))

    def committed(self, commit: Commit) -> None:
        """A transaction is on disk: answer those added, wake senders for those claimed."""
        self.state.commits += 1
        self.state.accepted += len(commit.group.bodies)
        self.state.sent += len(commit.group.sent)
        for seq, _ in commit.group.bodies:
            self.fronts.pop(seq).accepted(seq)
        self.ready.extend(commit.claimed)
        for _ in range(min(len(self.ready), len(self.idle))):
            self.idle.popleft().set_result(None)

    async def send(self, client: Client) -> None:
        """One sender: POST the next claimed message, hand in its record, again and again."""
        while True:
            while not self.ready:
                turn = self.loop.create_future()
                self.idle.append(turn)
                await turn
            seq, body = self.ready.popleft()
            answer = await client.call(prepare(HttpRequest("POST", self.setup.carrier, HEADERS, body)), PATIENCE_S)
            if not isinstance(answer, HttpResponse):
                raise ConnectionError(f"the provider gave no answer: {answer}")
            self.gathering().sent.append((seq, answer.status, answer.headers.get("x-message-id")))


class Front(Door):
    """A connection to the bare loop."""

    def __init__(self, bare: Bare) -> None:
        self.bare = bare

    def asked(self, method: bytes) -> None:
        if method == b"POST":
            decoder.decode(self.body)
            self.bare.take(self, self.body)
        else:
            self.say(b"200 OK", msgspec.json.encode(self.bare.state))

    def accepted(self, seq: int) -> None:
        self.say(b"202 Accepted", b'{"id":"%d","status":"queued"}' % seq, b"content-type: application/json\r\n")


async def run(setup: Setup) -> None:
    """Be the bare loop until told to stop. A POST that fails ends it: there is no retry to hide behind."""
    bare = Bare(setup)
    async with Client(setup.in_flight) as client, asyncio.TaskGroup() as group:
        senders = setup.in_flight if setup.role != "web" else 0
        work = [group.create_task(bare.journal.run()), *(group.create_task(bare.send(client)) for _ in range(senders))]
        await serve(lambda: Front(bare), setup.port)
        for one in work:
            one.cancel()


if __name__ == "__main__":
    uvloop.run(run(msgspec.json.decode(sys.argv[1], type=Setup)))
