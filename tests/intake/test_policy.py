from typing import Any

import msgspec
import pytest

from posthouse.intake.caller import Caller
from posthouse.intake.policy import (
    CODES,
    FORBIDDEN,
    SANDBOX,
    ClassPolicy,
    PoolPolicy,
    Terms,
    objections,
    sender_of,
    terms,
)
from posthouse.mail.message import Address, Message, Policy
from posthouse.mail.policy import NO_WISHES
from posthouse.store.values import Wanted

NOW = 1_800_000_000.0
DAY_S = 86400.0
ANN, BOB, EVE = Address("ann@example.com"), Address("bob@example.org"), Address("eve@example.net")
MESSAGE = Message(ANN, to=(BOB,), text="x")
POOL = PoolPolicy(
    "example.com",
    classes={
        "otp": ClassPolicy(lane="critical", expires_in_s=300.0, on_unsure="failover", provider="first"),
        "bulk": ClassPolicy(lane="bulk", require_tags=("eu",), on_unsure="hold"),
        "plain": ClassPolicy(),
    },
    providers=frozenset({"first", "second"}),
)
WEB = Caller("web", "example.com")
TESTER = Caller("tester", "example.com", mode="sandbox")


def against(message: Message = MESSAGE, caller: Caller = WEB, pool: PoolPolicy = POOL, **wishes: Any) -> list[str]:
    return [f"{p.code} {p.field}" for p in objections(message, Policy(**wishes), pool, caller, NOW)]


def agreed(caller: Caller = WEB, **wishes: Any) -> Terms:
    return terms(Policy(**wishes), POOL, caller, NOW)


def test_there_is_nothing_against_a_plain_message() -> None:
    assert against() == []


def test_everything_that_is_against_it_is_told_at_once() -> None:
    message = Message(EVE, to=(ANN, EVE), cc=(BOB,), bcc=(EVE,), text="x")
    picky = Caller("web", "example.com", allow=("*@example.com",))
    assert against(message, picky, class_name="no", provider="no", expires_at=NOW) == [
        "from-domain-not-allowed from",
        "recipient-not-allowed to[1]",
        "recipient-not-allowed cc[0]",
        "recipient-not-allowed bcc[0]",
        "class-unknown class",
        "provider-unknown provider",
        "expired-already expires_at",
    ]
    assert {line.partition(" ")[0] for line in against(message, picky, class_name="no", provider="no")} < CODES.keys()
    assert CODES.keys() > FORBIDDEN


@pytest.mark.parametrize("name", ["posthouse", "posthouse_id", "Posthouse-Id", "POSTHOUSEX"])
def test_metadata_of_our_own_is_nobody_elses(name: str) -> None:
    message = msgspec.structs.replace(MESSAGE, metadata=(("order", "17"), (name, "x"), ("my_posthouse", "x")))
    assert against(message) == [f"metadata-reserved metadata.{name}"]


@pytest.mark.parametrize(("kind", "allowed"), [("any", True), ("pool_domain", False), ("fixed", True)])
def test_another_senders_domain_is_a_matter_of_the_pool(kind: Any, allowed: bool) -> None:
    pool = msgspec.structs.replace(POOL, sender=kind)
    assert (against(Message(EVE, to=(BOB,), text="x"), pool=pool) == []) is allowed


def test_a_fixed_sender_takes_the_place_of_every_other() -> None:
    message = Message(EVE, to=(BOB,), text="x")
    fixed = msgspec.structs.replace(POOL, sender="fixed", default_from=ANN)
    assert sender_of(message, fixed).sender == ANN
    assert sender_of(message, POOL) is message
    assert sender_of(MESSAGE, fixed) is MESSAGE


def test_without_wishes_everything_is_the_pools() -> None:
    plain = Terms(1, NOW, NOW + DAY_S, None, None, None)
    assert terms(NO_WISHES, POOL, WEB, NOW) == plain
    assert agreed() == plain
    assert agreed(class_name="plain") == msgspec.structs.replace(plain, class_name="plain")


def test_a_class_settles_what_the_message_leaves_open() -> None:
    assert agreed(class_name="otp") == Terms(
        0, NOW, NOW + DAY_S, NOW + 300, Wanted(provider="first", on_unsure="failover"), "otp"
    )
    assert agreed(class_name="bulk") == Terms(
        2, NOW, NOW + DAY_S, None, Wanted(require_tags=("eu",), on_unsure="hold"), "bulk"
    )


def test_the_message_goes_before_its_class() -> None:
    wishes: dict[str, Any] = {"lane": "bulk", "expires_in_s": 60.0, "on_unsure": "hold", "provider": "second"}
    assert agreed(class_name="otp", **wishes) == Terms(
        2, NOW, NOW + DAY_S, NOW + 60, Wanted(provider="second", on_unsure="hold"), "otp"
    )


def test_tags_of_the_class_and_of_the_message_are_both_required() -> None:
    assert agreed(class_name="bulk", require_tags=("own", "eu")).wanted == Wanted(
        require_tags=("eu", "own"), on_unsure="hold"
    )


def test_its_time_is_counted_from_when_it_may_be_sent() -> None:
    later = agreed(send_at=NOW + 1000, expires_in_s=60.0)
    assert (later.due_at, later.give_up_at, later.expires_at) == (NOW + 1000, NOW + 1000 + DAY_S, NOW + 1060)
    assert agreed(send_at=NOW - 1000).due_at == NOW


def test_of_two_ends_the_earlier_counts() -> None:
    assert agreed(class_name="otp", expires_at=NOW + 100).expires_at == NOW + 100
    assert agreed(class_name="otp", expires_at=NOW + 1000).expires_at == NOW + 300


def test_what_a_sandbox_key_sends_goes_to_the_sandbox_whatever_it_asks_for() -> None:
    asked = agreed(TESTER, class_name="bulk", provider="second", require_tags=("own",))
    assert asked.wanted == Wanted(provider=SANDBOX, on_unsure="hold")
    assert terms(NO_WISHES, POOL, TESTER, NOW).wanted == Wanted(provider=SANDBOX)
