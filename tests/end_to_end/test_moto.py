"""Letters from the HTTP door to moto, which plays Amazon SES in a process of its own, signatures checked.

moto is no part of what Posthouse is made with, and has an environment of its own: `make moto`. As of 5.2.5 it keeps the
raw message of `SendEmail` and its recipients, to which it adds those of the headers To and Cc once more; it has no
`GetAccount`, so that our probe finds nothing there; and it tells a sender that is not verified in other words than SES.
"""

import asyncio
import json
import re
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from tests.end_to_end.conftest import Client
from tests.end_to_end.letters import LETTERS, WAYS, Letter, as_json, compare
from tests.faults.server import KEY, POOL, configured, serving

MOTO = Path(__file__).parents[2] / ".venv-moto" / "bin" / "moto_server"
REGION = "eu-central-1"
ALLOWED = ["ses:SendEmail", "ses:SendRawEmail"]

pytestmark = pytest.mark.skipif(not MOTO.exists(), reason="moto, which plays Amazon SES, is not there: `make moto`")


class Moto:
    """url: where it listens. key_id, secret: of a user who may send, and do nothing else."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.key_id, self.secret = self._user("post")
        identity = json.dumps({"EmailIdentity": POOL})
        self._call("/v2/email/identities", identity, "ses", "application/json")
        self._call("/moto-api/reset-auth", "0", content_type="text/plain")  # from now on, every signature is checked

    def kept(self, id: str) -> dict[str, Any]:
        """What it keeps of the message it has given this id."""
        [found] = [one for one in json.loads(self._call("/moto-api/data.json"))["ses"]["RawMessage"] if one["id"] == id]
        return dict(found)

    def settings(self, **others: object) -> dict[str, object]:
        """A provider of the pool."""
        keys = {"access_key_id": self.key_id, "secret_access_key": self.secret}
        return {"type": "ses", "region": REGION, "base_url": self.url, **keys, **others}

    def _user(self, name: str) -> tuple[str, str]:
        self._iam("CreateUser", UserName=name)
        made = self._iam("CreateAccessKey", UserName=name)
        statement = {"Effect": "Allow", "Action": ALLOWED, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._iam("PutUserPolicy", UserName=name, PolicyName="send", PolicyDocument=policy)
        found = [re.search(f"<{field}>(.+?)<", made) for field in ("AccessKeyId", "SecretAccessKey")]
        key_id, secret = [one[1] for one in found if one]
        return key_id, secret

    def _iam(self, action: str, **parameters: str) -> str:
        return self._call("/", urlencode({"Action": action, "Version": "2010-05-08", **parameters}), "iam")

    def _call(
        self,
        path: str,
        body: str | None = None,
        service: str | None = None,
        content_type: str = "application/x-www-form-urlencoded",
    ) -> str:
        headers = {"Content-Type": content_type}
        if service is not None:
            # Which service is meant, moto reads out of the signature; a call without one is taken for S3's.
            scope = f"nobody/20260101/{REGION}/{service}/aws4_request"
            headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        request = urllib.request.Request(self.url + path, None if body is None else body.encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    command = [str(MOTO), "-H", "127.0.0.1", "-p", "0"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        said: list[str] = []
        for line in process.stderr:
            said.append(line.decode())
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", said[-1]):
                break
        else:
            pytest.fail(f"moto does not start: {said}")
        yield Moto(found[1])
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def posthouse(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    async with serving(configured(tmp_path_factory.mktemp("posthouse"), {"amazon": moto.settings()})) as server:
        yield Client(server.port, KEY)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.name)
def test_a_letter_reaches_ses_as_it_was_posted(letter: Letter, way: str, posthouse: Client, moto: Moto) -> None:
    posted, expected = WAYS[way]
    record = posthouse.post(*posted(letter))
    assert (record["status"], record["provider"]) == ("sent", "amazon")
    assert [attempt["outcome"] for attempt in record["attempts"]] == ["accepted"]
    kept = moto.kept(record["provider_message_id"])
    assert kept["destinations"][: len(letter.envelope)] == letter.envelope
    compare(kept["raw_data"].encode(), expected(letter), record["id"])


async def test_a_signature_with_another_secret_is_not_taken_and_the_next_provider_sends(
    moto: Moto, tmp_path: Path
) -> None:
    impostor = moto.settings(order=1, secret_access_key="another-secret")
    config = configured(tmp_path, {"impostor": impostor, "amazon": moto.settings(order=2)})
    letter = LETTERS[0]
    async with serving(config) as server:
        record = await asyncio.to_thread(Client(server.port, KEY).post, *as_json(letter))
    first, second = record["attempts"]
    assert (first["provider"], first["outcome"], first["status"]) == ("impostor", "unauthorised", 403)
    assert "SignatureDoesNotMatch" in first["detail"]
    assert (second["provider"], second["outcome"]) == ("amazon", "accepted")
    assert record["possible_duplicate"] is False
    compare(moto.kept(record["provider_message_id"])["raw_data"].encode(), letter, record["id"])
