from hashlib import sha256

import pytest

from posthouse.intake.caller import Caller, Callers
from posthouse.web.answer import Refused
from posthouse.web.auth import authenticate, presented

NOW = 1_800_000_000.0
ANN = Caller("ann", "example.com")
CALLERS = Callers({sha256(b"a-key").digest(): ANN})


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer a-key"},
        {b"authorization": b"bearer  a-key "},
        {b"authorization": b"BEARER a-key"},
        {b"x-api-key": b"a-key"},
        {b"authorization": b"Bearer a-key", b"x-api-key": b"another"},
    ],
)
def test_a_key_may_come_in_either_header(headers: dict[bytes, bytes]) -> None:
    assert authenticate(headers, CALLERS, NOW) is ANN


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b""},
        {b"authorization": b"a-key"},
        {b"authorization": b"Basic a-key"},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer A-key"},
        {b"authorization": b"Bearer a-key, Bearer a-key"},
        {b"authorization": b"Basic x", b"x-api-key": b"a-key"},
        {b"x-api-key": b""},
        {b"x-api-key": b"a-ke"},
        {b"x-api-key": b"a-key\xff"},
        {b"x-api-key": "ключ".encode()},
        {b"x-api-key": b"a" * 1_000_000},
    ],
)
def test_everything_else_is_refused_in_the_same_words(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Refused) as refused:
        authenticate(headers, CALLERS, NOW)
    with pytest.raises(Refused) as missing:
        authenticate({}, CALLERS, NOW)
    assert refused.value.answer == missing.value.answer
    assert refused.value.answer.status == 401
    assert dict(refused.value.answer.headers)[b"www-authenticate"] == b'Bearer realm="posthouse"'


def test_only_where_there_is_no_header_at_all_is_no_key_presented() -> None:
    assert presented({}) is None
    assert presented({b"authorization": b""}) == b""
    assert presented({b"authorization": b"Basic x"}) == b""
