from hashlib import sha256
from typing import Any

import pytest

from posthouse.intake.accept import Intake
from posthouse.intake.caller import Caller, Callers
from posthouse.intake.policy import PoolPolicy
from posthouse.mail.limits import Limits
from posthouse.web.answer import Refused
from posthouse.web.auth import STRANGER, admit, presented
from posthouse.web.door import Door
from posthouse.web.route import Access
from tests.delivery.clock import FakeClock
from tests.web.doors import door

ANN = Caller("ann", "example.com")
OPS = Caller("ops", None, admin=True)
CALLERS = Callers({sha256(b"a-key").digest(): ANN, sha256(b"ops-key").digest(): OPS})


def opened(*, to_all: bool = False) -> Door:
    clock, pool = FakeClock(), PoolPolicy("example.com", open=to_all)
    nothing: Any = None
    return door(clock=clock, callers=CALLERS, intake=Intake(clock, nothing, nothing, {pool.name: pool}, Limits()))


def admitted(headers: dict[bytes, bytes], access: Access = "reader", *, to_all: bool = False) -> Caller:
    return admit(opened(to_all=to_all), access, headers, presented(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer a-key"},
        {b"authorization": b"bearer  a-key "},
        {b"authorization": b"BEARER a-key"},
        {b"x-api-key": b"a-key"},
        {b"authorization": b"Bearer a-key", b"x-api-key": b"another"},
        {b"authorization": b"Basic for-a-proxy", b"x-api-key": b"a-key"},
    ],
)
def test_a_key_may_come_in_either_header(headers: dict[bytes, bytes]) -> None:
    assert admitted(headers) is ANN


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
        {b"authorization": b"Basic a-key", b"x-api-key": b"another"},
        {b"authorization": b"Bearer another", b"x-api-key": b"a-key"},
        {b"x-api-key": b""},
        {b"x-api-key": b"a-ke"},
        {b"x-api-key": b"a-key\xff"},
        {b"x-api-key": "ключ".encode()},
        {b"x-api-key": b"a" * 1_000_000},
    ],
)
def test_everything_else_is_refused_in_the_same_words(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(Refused) as refused:
        admitted(headers)
    with pytest.raises(Refused) as missing:
        admitted({})
    assert refused.value.answer == missing.value.answer
    assert refused.value.answer.status == 401
    assert dict(refused.value.answer.headers)[b"www-authenticate"] == b'Bearer realm="posthouse"'


def test_only_where_there_is_no_header_at_all_is_no_key_presented() -> None:
    assert presented({}) is None
    assert presented({b"authorization": b""}) == b""
    assert presented({b"authorization": b"Basic x"}) == b""


def test_a_pools_key_is_too_small_for_what_is_an_administrators() -> None:
    assert admitted({b"x-api-key": b"ops-key"}, "admin") is OPS
    with pytest.raises(Refused) as refused:
        admitted({b"x-api-key": b"a-key"}, "admin")
    assert refused.value.answer.status == 403


def test_a_stranger_may_send_where_a_pool_is_open_and_look_nowhere() -> None:
    assert admitted({}, "anyone") is admitted({}, "sender", to_all=True) is STRANGER
    for access, to_all in (("sender", False), ("reader", True), ("admin", True)):
        with pytest.raises(Refused):
            admitted({}, access, to_all=to_all)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        admitted({b"x-api-key": b"wrong"}, "sender", to_all=True)


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({b"sec-fetch-site": b"same-origin"}, True),
        ({b"sec-fetch-site": b"none"}, True),
        ({b"sec-fetch-site": b"cross-site"}, False),
        ({b"sec-fetch-site": b"same-site"}, False),
        ({b"origin": b"https://mail.example.com", b"host": b"mail.example.com"}, True),
        ({b"origin": b"https://example.net", b"host": b"mail.example.com"}, False),
        ({b"origin": b"null", b"host": b"mail.example.com"}, False),
    ],
)
def test_a_stranger_is_not_a_page_of_another_site(headers: dict[bytes, bytes], taken: bool) -> None:
    if taken:
        assert admitted(headers, "sender", to_all=True) is STRANGER
    else:
        with pytest.raises(Refused) as refused:
            admitted(headers, "sender", to_all=True)
        assert refused.value.answer.status == 403
    assert admitted({**headers, b"x-api-key": b"a-key"}, "sender", to_all=True) is ANN
