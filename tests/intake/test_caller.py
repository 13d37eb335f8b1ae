from hashlib import sha256
from statistics import median
from time import perf_counter

import pytest

from posthouse.intake.caller import KEY_MAX, Caller, Callers
from posthouse.mail.message import Address, Message

NOW = 1_800_000_000.0
ANN, BOB = Address("ann@example.com"), Address("bob@example.org")


def callers(**keys: Caller) -> Callers:
    return Callers({sha256(key.encode()).digest(): caller for key, caller in keys.items()})


def test_a_key_is_recognised_as_it_is_and_not_as_a_part_or_in_other_letters() -> None:
    caller = Caller("web", "example.com")
    known = callers(secret=caller)
    assert known.recognise(b"secret", NOW) is caller
    for wrong in (b"", b"secre", b"secrets", b"Secret", b" secret", b"secret\x00", sha256(b"secret").digest()):
        assert known.recognise(wrong, NOW) is None


def test_a_key_outside_ascii_is_a_key_like_any_other() -> None:
    caller = Caller("web", "example.com")
    assert callers(ключ=caller).recognise("ключ".encode(), NOW) is caller
    assert callers(ключ=caller).recognise(b"\xff\xfe", NOW) is None


def test_a_key_ends_with_the_moment_it_expires() -> None:
    known = callers(secret=Caller("web", "example.com", expires_at=NOW))
    assert known.recognise(b"secret", NOW - 0.001) is not None
    assert known.recognise(b"secret", NOW) is None


def test_a_key_that_is_too_long_is_not_looked_at() -> None:
    long = "x" * (KEY_MAX + 1)
    assert callers(**{long: Caller("web", "example.com")}).recognise(long.encode(), NOW) is None
    assert callers(**{long[1:]: Caller("web", "example.com")}).recognise(long[1:].encode(), NOW) is not None


def test_no_key_is_kept_in_memory() -> None:
    known = callers(secret=Caller("web", "example.com"))
    assert b"secret" not in repr(vars(known)).encode()


def test_a_wrong_key_takes_as_long_however_much_of_it_is_right() -> None:
    key = b"0123456789abcdef" * 8
    known = callers(**{key.decode(): Caller("web", "example.com")})

    def typical_s(guess: bytes) -> float:
        times = []
        for _ in range(400):
            began = perf_counter()
            known.recognise(guess, NOW)
            times.append(perf_counter() - began)
        return median(times)

    nothing, nearly = (min(typical_s(guess) for _ in range(5)) for guess in (b"x" * 128, key[:-1] + b"x"))
    assert max(nothing, nearly) < 2 * min(nothing, nearly)


@pytest.mark.parametrize(
    ("allow", "email", "allowed"),
    [
        ((), "bob@example.org", True),
        (("bob@example.org",), "bob@example.org", True),
        (("bob@example.org",), "BOB@example.org", True),
        (("bob@example.org",), "bob@example.org.example.com", False),
        (("*@example.org",), "anybody@example.org", True),
        (("*@example.org",), "anybody@sub.example.org", False),
        (("*@*.example.org",), "anybody@sub.example.org", True),
        (("x@example.com", "*@example.org"), "eve@example.net", False),
    ],
)
def test_a_key_may_be_for_some_recipients(allow: tuple[str, ...], email: str, allowed: bool) -> None:
    assert Caller("web", "example.com", allow=allow).allows(Address(email)) is allowed


def test_what_is_redirected_goes_to_one_address_and_to_nobody_else() -> None:
    message = Message(ANN, to=(BOB,), cc=(BOB,), bcc=(BOB,), reply_to=(BOB,), subject="Hello", text="x")
    assert Caller("web", "example.com").redirected(message) is message
    redirected = Caller("web", "example.com", redirect=ANN).redirected(message)
    assert redirected.recipients == (ANN,)
    assert (redirected.reply_to, redirected.subject) == ((BOB,), "Hello")


def test_an_admin_sees_all_pools_and_a_key_its_own() -> None:
    assert Caller("web", "example.com").sees == "example.com"
    assert Caller("ops", "example.com", admin=True).sees is None
