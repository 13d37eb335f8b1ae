"""The adapters on the wire: what the translators wrote is what a server reads, through the client that carries it."""

from typing import cast

import msgspec

from posthouse.clock import SystemClock
from posthouse.providers.base import HttpRequest, Method
from posthouse.providers.client import Client
from posthouse.providers.http import HttpProvider
from posthouse.routing.outcome import Accepted
from tests.providers.exam import CANDIDATES, FULL, MINIMAL, NOW, SECRET, TOKEN, Candidate, adapter, envelope, expected
from tests.providers.server import Received, answer, answering
from tests.providers.test_exam import every_candidate
from tests.providers.test_sigv4 import by_botocore


class At(SystemClock):
    """The time of the exam."""

    @staticmethod
    def now() -> float:
        return NOW


async def carried(candidate: Candidate) -> Received:
    taken = candidate.taken
    async with answering(answer(taken.status, taken.headers.items(), taken.body)) as server, Client(2) as client:
        settings = candidate.configured(base_url=server.url + "/")
        provider = HttpProvider(adapter(candidate), settings, client, At())
        outcome = await provider.send(envelope(FULL), 10)
        assert isinstance(outcome, Accepted)
        assert outcome.message_id
        return msgspec.structs.replace(server.requests[0], target=server.url + server.requests[0].target)


@every_candidate
async def test_a_message_survives_the_wire(candidate: Candidate) -> None:
    received = await carried(candidate)
    request = HttpRequest(cast("Method", received.method), received.target, received.headers, received.body)
    assert candidate.read(request) == expected(FULL)
    written = candidate.request(envelope(FULL))
    unsigned = {name: value for name, value in written.headers.items() if name != "authorization"}
    assert unsigned.items() <= received.headers.items()


async def test_a_signature_covers_what_the_server_reads() -> None:
    ses = CANDIDATES[-1]
    received = await carried(ses)
    covered = {name: received.headers[name] for name in ("accept", "content-type", "host")}
    bare = HttpRequest("POST", received.target, covered, received.body)
    assert received.headers["authorization"] == by_botocore(bare, "eu-central-1", "AKIAEXAMPLE", SECRET, TOKEN, NOW)


@every_candidate
async def test_a_probe_survives_the_wire(candidate: Candidate) -> None:
    async with answering(answer(401, [], b"Forbidden")) as server, Client(2) as client:
        provider = HttpProvider(adapter(candidate), candidate.configured(base_url=server.url), client, At())
        outcome = await provider.probe(10)
    assert outcome.status == 401
    assert server.requests[0].target != candidate.request(envelope(MINIMAL)).url
