"""What stands around Posthouse in these tests: a mail server in a process of its own, and a client."""

import asyncio
import http.client
import json
import multiprocessing
from collections import defaultdict
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP

ARRIVES_S = 20.0


class Arrival(msgspec.Struct, frozen=True):
    """One message as the mail server took it: its envelope, and its bytes as they came."""

    sender: str
    recipients: list[str]
    raw: bytes


class MailServer:
    """port: where it listens. A message is here before Posthouse is told that it was taken."""

    def __init__(self, line: Connection, folder: Path) -> None:
        self._line, self._folder = line, folder
        self._arrived: defaultdict[str, list[Arrival]] = defaultdict(list)
        assert line.poll(ARRIVES_S), "the mail server does not start"
        self.port = int(line.recv())

    def next(self, recipient: str) -> Arrival:
        """The next message whose envelope begins with this recipient."""
        while not self.waiting(recipient):
            assert self._line.poll(ARRIVES_S), f"nothing arrived for {recipient}"
            self._sort()
        return self._arrived[recipient].pop(0)

    def waiting(self, recipient: str) -> int:
        """How many messages have come for this recipient that were not looked at."""
        while self._line.poll(0):
            self._sort()
        return len(self._arrived[recipient])

    def _sort(self) -> None:
        number = self._line.recv()
        envelope = json.loads((self._folder / f"{number}.json").read_text())
        arrival = Arrival(**envelope, raw=(self._folder / f"{number}.eml").read_bytes())
        self._arrived[arrival.recipients[0]].append(arrival)


@pytest.fixture(scope="module")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    folder = tmp_path_factory.mktemp("mail")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=receive, args=(folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield MailServer(ours, folder)
    finally:
        process.terminate()
        process.join()
        ours.close()


def receive(folder: Path, line: Connection) -> None:
    """The mail server's process: says its port, then the number of each message that lies in the folder."""

    class Box:
        count = 0

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            self.count += 1
            told = {"sender": envelope.mail_from, "recipients": envelope.rcpt_tos}
            (folder / f"{self.count}.eml").write_bytes(envelope.original_content)
            (folder / f"{self.count}.json").write_text(json.dumps(told))
            line.send(self.count)
            return f"250 2.0.0 queued as BOX{self.count}"

    async def serve() -> None:
        loop, box = asyncio.get_running_loop(), Box()
        # aiosmtpd's own Controller wants to know its port beforehand; a free one is known only afterwards.
        server = await loop.create_server(lambda: SMTP(box, enable_SMTPUTF8=True), "127.0.0.1", 0)
        line.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class Client:
    """Calls Posthouse with a key."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key

    def post(self, content_type: str, body: bytes, wait_s: int = 30) -> dict[str, Any]:
        """Hand a message in and wait until it is final; its record."""
        status, document = self.call("POST", "/email", body, {"Content-Type": content_type, "Prefer": f"wait={wait_s}"})
        assert status == 200, document
        return document

    def show(self, id: str) -> dict[str, Any]:
        status, document = self.call("GET", f"/email/{id}")
        assert status == 200, document
        return document

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=50)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._key}", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()
