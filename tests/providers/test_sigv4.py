"""Signature Version 4, judged by the signer of Amazon's own library."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from posthouse.providers.base import HttpRequest, Method
from posthouse.providers.sigv4 import sign
from posthouse.secret import Secret

NOW = 1_795_000_000.25
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

words = st.text(PLAIN + "-_", min_size=1, max_size=12)
segments = st.text(st.characters(exclude_characters=".", codec="utf-8"), min_size=1, max_size=8).map(
    lambda text: quote(text, safe="~@:$,+!'()*")
)
hosts = st.one_of(
    words.map(lambda word: f"{word.strip('_-').lower() or 'a'}.example.com"),
    st.sampled_from(["127.0.0.1", "[::1]", "email.eu-central-1.amazonaws.com"]),
)
origins = st.builds(
    "{}://{}{}".format, st.sampled_from(["https", "http"]), hosts, st.sampled_from(["", ":443", ":80", ":8025"])
)
queries = st.lists(
    st.one_of(st.builds("{}={}".format, words, words.map(lambda word: quote(word + " /=é", safe=""))), words),
    max_size=4,
).map("&".join)
urls = st.builds(
    lambda origin, path, query: f"{origin}{path}" + (f"?{query}" if query else ""),
    origins,
    st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts) if parts else ""),
    queries,
)
# Names that botocore leaves out of the signature (hop-by-hop, tracing), or that the signer itself writes.
headers = st.dictionaries(
    words.map(lambda word: f"x-{word}".lower()).filter(lambda name: not name.startswith("x-amz")),
    st.text(PLAIN + "  \t;,=/\"'", max_size=20),
    max_size=4,
)
requests = st.builds(
    HttpRequest, st.sampled_from(["GET", "POST"]), urls, headers, st.one_of(st.just(b""), st.binary(max_size=64))
)
secrets = st.text(PLAIN + "+/=", min_size=1, max_size=40)


def by_botocore(request: HttpRequest, region: str, key: str, secret: str, token: str | None, now: float) -> str:
    theirs = AWSRequest(request.method, request.url, dict(request.headers), request.body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: datetime.fromtimestamp(now, UTC))
        auth.SigV4Auth(Credentials(key, secret, token), "ses", region).add_auth(theirs)
    return str(theirs.headers["Authorization"])


@given(
    request=requests,
    region=st.sampled_from(["eu-central-1", "us-east-1", "ap-southeast-2"]),
    secret=secrets,
    token=st.none() | secrets,
    now=st.floats(min_value=0, max_value=4e9),
)
def test_a_signature_is_the_one_botocore_makes(
    request: HttpRequest, region: str, secret: str, token: str | None, now: float
) -> None:
    ours = sign(
        request,
        region=region,
        service="ses",
        access_key_id="AKIAEXAMPLE",
        secret_access_key=Secret(secret),
        session_token=None if token is None else Secret(token),
        now=now,
    )
    assert ours.headers["authorization"] == by_botocore(request, region, "AKIAEXAMPLE", secret, token, now)


def signed(
    method: Method = "POST", body: bytes = b"{}", token: Secret | None = None, now: float = NOW, secret: str = "s"
) -> HttpRequest:
    request = HttpRequest(method, "https://email.eu-west-1.amazonaws.com/v2/email", {"accept": "*/*"}, body)
    return sign(
        request,
        region="eu-west-1",
        service="ses",
        access_key_id="AKIAEXAMPLE",
        secret_access_key=Secret(secret),
        session_token=token,
        now=now,
    )


def variations() -> Iterator[HttpRequest]:
    yield signed()
    yield signed(method="GET")
    yield signed(body=b"{ }")
    yield signed(token=Secret("t"))
    yield signed(now=NOW + 1)
    yield signed(secret="S")


def test_whatever_changes_changes_the_signature() -> None:
    assert len({request.headers["authorization"] for request in variations()}) == 6


def test_signing_adds_headers_and_leaves_the_rest_alone() -> None:
    request = HttpRequest("POST", "https://example.com/a?b=c", {"Content-Type": "application/json"}, b"body")
    before = dict(request.headers)
    result = sign(
        request,
        region="eu-west-1",
        service="ses",
        access_key_id="AKIAEXAMPLE",
        secret_access_key=Secret("s"),
        session_token=Secret("token"),
        now=NOW,
    )
    assert request.headers == before
    assert (result.method, result.url, result.body) == (request.method, request.url, request.body)
    assert result.headers["Content-Type"] == "application/json"
    assert result.headers["x-amz-date"] == "20261118T110640Z"
    assert result.headers["x-amz-security-token"] == "token"
    assert set(result.headers) == {"Content-Type", "x-amz-date", "x-amz-security-token", "authorization"}


def test_the_secret_is_nowhere_in_what_is_sent() -> None:
    assert "example-secret" not in str(signed(secret="example-secret").headers)
