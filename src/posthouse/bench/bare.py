"""The bare loop: the least a durable gateway must do, in one process, with nothing around it.

Read HTTP, decode JSON, commit with fsync, answer, claim, POST to the provider, record. No keys, no validation,
no routing, no attempts, no events, no retry. It is not a mail server; it is the ceiling of this machine, with
the parts that Posthouse is made of. Run as `python -m posthouse.bench.bare '{"store": "x.db", "carrier": URL}'`.
"""

import asyncio
import sys
from collections import deque

import msgspec
import uvloop

from posthouse.bench.door import Door, serve
from posthouse.bench.journal import Body, Commit, Group, Journal
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.providers.client import Client, prepare

HEADERS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}
PATIENCE_S = 30.0


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """store: file of the database. carrier: URL to post to. port: 0 for any free one. in_flight: POSTs at once."""

    store: str
    carrier: str
    port: int = 0
    in_flight: int = 64


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
        self.journal = Journal(setup.store, 4 * setup.in_flight, self.committed)

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
    try:
        async with Client(setup.in_flight) as client, asyncio.TaskGroup() as group:
            senders = [group.create_task(bare.send(client)) for _ in range(setup.in_flight)]
            await serve(lambda: Front(bare), setup.port)
            for sender in senders:
                sender.cancel()
    finally:
        bare.journal.close()


if __name__ == "__main__":
    uvloop.run(run(msgspec.json.decode(sys.argv[1], type=Setup)))
