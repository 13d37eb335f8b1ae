"""One provider misbehaves on the wire, another one takes the mail: what the record says of it, and what is learned.

Each fault has a pool of its own in one Posthouse process, with the same mail server as the second provider.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from tests.end_to_end.conftest import Client, MailServer
from tests.faults.server import serving as process
from tests.providers.server import Peer, Script, answer, serving

SECRETS = {"api_key": "a-key-of-the-provider"}
MANDRILL = {"type": "mandrill", **SECRETS}
MAILGUN = {"type": "mailgun", "domain": "mg.example.com", **SECRETS}
SENDGRID = {"type": "sendgrid", **SECRETS}
SES = {"type": "ses", "region": "eu-central-1", "access_key_id": "k", "secret_access_key": "a-key-of-the-provider"}
NOBODY: Script | None = None
"""In place of a script: nothing listens."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


def says(status: int, body: bytes = b"", **headers: str) -> Script:
    """Answer every request alike."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(answer(status, fields, body))

    return script


async def hangs(peer: Peer) -> None:
    """Take the request and say nothing, until the other side lets go."""
    await peer.request()
    await peer.gone()


async def ends_early(peer: Peer) -> None:
    """Promise a hundred bytes, and close after a few."""
    await peer.request()
    await peer.say(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")


async def is_gone(peer: Peer) -> None:
    """Close without a word once the request has come."""
    await peer.request()


async def resets(peer: Peer) -> None:
    """Throw the connection away once the request has come."""
    await peer.request()
    peer.reset()


async def half_a_status(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 20")


async def half_a_head(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"HTTP/1.1 202 Accepted\r\nX-Message-")


class Fault(msgspec.Struct, frozen=True):
    """What provider `first` does, and what must come of it.

    outcome, status: of its attempt; detail: words of it. doubt: whether a second send may be a duplicate. shunned:
    whether the next message goes past it, because its circuit has opened or it asked for a rest.
    """

    name: str
    script: Script | None
    outcome: str
    status: int | None = None
    detail: str = ""
    doubt: bool = False
    shunned: bool = False
    settings: dict[str, str] = msgspec.field(default_factory=SENDGRID.copy)

    @property
    def pool(self) -> str:
        return f"{self.name}.example.com"


BOUNCED = [{"email": "x@example.org", "status": "rejected", "reject_reason": "hard-bounce", "_id": "1"}]
REJECTED = [{"email": "x@example.org", "status": "rejected", "reject_reason": "invalid-sender", "_id": "1"}]
BROKEN = {"status": "error", "code": -99, "name": "GeneralError", "message": "Something is down"}
WRONG_KEY = {"status": "error", "code": -1, "name": "Invalid_Key", "message": "Invalid API key"}

FAULTS = (
    Fault("breaks", says(500, b"it broke"), "deferred", 500, "it broke"),
    Fault("overloaded", says(503), "deferred", 503),
    Fault("throttles", says(429, b"slowly", retry_after="600"), "throttled", 429, "slowly", shunned=True),
    Fault("denies", says(401, b'{"errors": [{"message": "bad key"}]}'), "unauthorised", 401, "bad key", shunned=True),
    Fault("forbids", says(403), "unauthorised", 403, shunned=True),
    Fault("is-another", says(404), "unauthorised", 404, shunned=True),
    Fault("redirects", says(302, location="http://127.0.0.1:1/"), "unauthorised", 302, shunned=True),
    Fault("finds-it-large", says(413), "refused", 413),
    Fault("gateway", says(502, b"<html>bad gateway"), "unsure", 502, doubt=True),
    Fault("late-gateway", says(504), "unsure", 504, doubt=True),
    Fault("hangs", hangs, "unsure", doubt=True),
    Fault("resets", resets, "unsure", doubt=True),
    Fault("half-a-status", half_a_status, "unsure", doubt=True),
    Fault("half-a-head", half_a_head, "unsure", doubt=True),
    Fault("ends-early", ends_early, "unsure", 202, doubt=True),
    Fault("is-gone", is_gone, "unsure", doubt=True),
    Fault("unreachable", NOBODY, "deferred"),
    Fault("accepts-errors", says(202, b'{"errors": [{"message": "no"}]}'), "unsure", 202, "no", doubt=True),
    Fault(
        *("says-something", says(200, b'{"message": "Something went wrong"}'), "unsure", 200, "Something went wrong"),
        doubt=True,
        settings=MAILGUN,
    ),
    Fault("is-broken", says(200, json.dumps(BROKEN).encode()), "deferred", 200, "GeneralError", settings=MANDRILL),
    Fault(
        *("throttles-with-400", says(400, b"{}", x_amzn_errortype="TooManyRequestsException"), "throttled", 400),
        shunned=True,
        settings=SES,
    ),
    Fault(
        *("magnificent", says(200, b"Mailgun Magnificent API"), "unauthorised", 200, "Mailgun Magnificent API"),
        shunned=True,
        settings=MAILGUN,
    ),
    Fault(
        *("rejects", says(200, json.dumps(REJECTED).encode()), "unauthorised", 200, "invalid-sender"),
        shunned=True,
        settings=MANDRILL,
    ),
    Fault(
        *("says-error", says(200, json.dumps(WRONG_KEY).encode()), "unauthorised", 200, "Invalid_Key"),
        shunned=True,
        settings=MANDRILL,
    ),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def posthouse(mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """The port of one Posthouse with a pool for each fault."""
    async with AsyncExitStack() as stack:
        ports = {fault.name: await _listening(fault.script, stack) for fault in (*FAULTS, *FINAL)}
        config = _configured(tmp_path_factory.mktemp("posthouse"), ports, mail_server.port)
        server = await stack.enter_async_context(process(config))
        yield server.port


async def _listening(script: Script | None, stack: AsyncExitStack) -> int:
    if script is not None:
        return (await stack.enter_async_context(serving(script))).port
    # Bound and not listening: nobody else can take the port, and a connection to it is refused.
    bound = stack.enter_context(socket.socket())
    bound.bind(("127.0.0.1", 0))
    return int(bound.getsockname()[1])


def _configured(folder: Path, ports: dict[str, int], mail_port: int) -> Path:
    second = {"type": "smtp", "order": 2, "host": "127.0.0.1", "port": mail_port, "tls": "none"}
    pools = {}
    for fault in (*FAULTS, *FINAL):
        url = f"http://127.0.0.1:{ports[fault.name]}"
        # Patience for one alone: a busy machine must not turn another fault into a timeout.
        timeout_s = 0.5 if fault.script is hangs else 20
        first = {**fault.settings, "order": 1, "base_url": url, "timeout_s": timeout_s}
        pools[fault.pool] = {
            "keys": {"test": _key(fault)},
            "providers": {"first": first, "second": second},
            "breaker": {"probe_every_s": 3600},  # what has opened stays open
        }
    path = folder / "posthouse.yaml"
    path.write_text(
        json.dumps({"http": {"listen": "127.0.0.1:0"}, "store": f"sqlite:///{folder}/p.db", "pools": pools})
    )
    return path


def _key(fault: Fault) -> str:
    return f"a-key-of-the-pool-{fault.name}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_what_the_first_provider_does_is_told_and_the_second_delivers(
    fault: Fault, posthouse: int, mail_server: MailServer
) -> None:
    client = Client(posthouse, _key(fault))
    open_before = await _open_circuits(client)
    record = await asyncio.to_thread(client.post, "application/json", _message(fault, "one"))
    first, second = record["attempts"]
    assert (first["number"], first["provider"]) == (1, "first")
    assert (first["outcome"], first["status"]) == (fault.outcome, fault.status)
    assert fault.detail in (first["detail"] or "")
    assert (second["number"], second["provider"], second["outcome"]) == (2, "second", "accepted")
    assert (record["status"], record["provider"]) == ("sent", "second")
    assert record["possible_duplicate"] is fault.doubt
    assert record == await asyncio.to_thread(client.show, record["id"])
    await _arrived(mail_server, fault, "one", record["id"])
    assert await _open_circuits(client) - open_before == (fault.outcome == "unauthorised")

    record = await asyncio.to_thread(client.post, "application/json", _message(fault, "two"))
    asked = [attempt["provider"] for attempt in record["attempts"]]
    assert asked == (["second"] if fault.shunned else ["first", "second"])
    assert record["possible_duplicate"] is (fault.doubt and not fault.shunned)
    await _arrived(mail_server, fault, "two", record["id"])


FINAL = (
    Fault("finds-it-malformed", says(400, b'{"errors": [{"field": "subject", "message": "no"}]}'), "refused", 400),
    Fault(
        *("knows-the-recipient", says(200, json.dumps(BOUNCED).encode()), "refused", 200, "hard-bounce"),
        settings=MANDRILL,
    ),
)


@pytest.mark.parametrize("fault", FINAL, ids=lambda fault: fault.name)
async def test_what_no_provider_would_do_better_ends_at_the_first(
    fault: Fault, posthouse: int, mail_server: MailServer
) -> None:
    client = Client(posthouse, _key(fault))
    record = await asyncio.to_thread(client.post, "application/json", _message(fault, "one"))
    (only,) = record["attempts"]
    assert (only["provider"], only["outcome"], only["status"]) == ("first", fault.outcome, fault.status)
    assert fault.detail in (only["detail"] or "")
    assert (record["status"], record["possible_duplicate"]) == ("failed", False)
    assert [event["type"] for event in record["events"]] == ["accepted", "failed"]
    assert not mail_server.waiting(f"{fault.name}@example.org")


async def test_a_provider_that_hangs_is_given_up_at_its_deadline(posthouse: int, mail_server: MailServer) -> None:
    (fault,) = [fault for fault in FAULTS if fault.script is hangs]
    record = await asyncio.to_thread(Client(posthouse, _key(fault)).post, "application/json", _message(fault, "three"))
    assert 400 <= record["attempts"][0]["latency_ms"] < 5000
    await _arrived(mail_server, fault, "three", record["id"])


async def _open_circuits(client: Client) -> int:
    _, ready = await asyncio.to_thread(client.call, "GET", "/readyz")
    return int(ready["circuits"]["open"])


def _message(fault: Fault, subject: str) -> bytes:
    message = {"from": f"a@{fault.pool}", "to": f"{fault.name}@example.org", "subject": subject, "text": "Hello."}
    return json.dumps(message).encode()


async def _arrived(mail_server: MailServer, fault: Fault, subject: str, id: str) -> None:
    """This message, and once."""
    recipient = f"{fault.name}@example.org"
    arrival = await asyncio.to_thread(mail_server.next, recipient)
    assert arrival.recipients == [recipient]
    assert f"Subject: {subject}\r\n".encode() in arrival.raw
    assert f"Message-ID: <{id}@{fault.pool}>\r\n".encode() in arrival.raw
    assert not mail_server.waiting(recipient)
