"""The cookie of somebody who signed in."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.intake.caller import KEY_MAX
from posthouse.web.pages.session import LASTS_S, PLAIN, SECURE, Seal, cookie_of, from_here, setting

NOW = 1_790_000_000.0
SEAL = Seal(bytes(range(32)))

KEYS = st.binary(max_size=KEY_MAX)
NONCES = st.binary(min_size=16, max_size=16)


@given(KEYS, NONCES)
def test_a_key_comes_back_until_the_session_is_over(key: bytes, nonce: bytes) -> None:
    cookie = SEAL.close(key, nonce, NOW)
    assert SEAL.open(cookie, NOW) == key
    assert SEAL.open(cookie, NOW + LASTS_S - 1) == key
    assert SEAL.open(cookie, NOW + LASTS_S) is None


@given(KEYS, NONCES, st.integers(min_value=0), st.integers(0, 63))
def test_a_changed_cookie_is_none(key: bytes, nonce: bytes, place: int, change: int) -> None:
    cookie = SEAL.close(key, nonce, NOW)
    place %= len(cookie)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if letters[change] != cookie[place]:
        assert SEAL.open(cookie[:place] + letters[change] + cookie[place + 1 :], NOW) is None


@given(st.text(max_size=400))
def test_whatever_else_a_browser_brings_is_none(cookie: str) -> None:
    assert SEAL.open(cookie, NOW) is None


def test_a_cookie_shows_neither_the_key_nor_its_length_and_is_never_the_same() -> None:
    cookies = [SEAL.close(key, nonce * 16, NOW) for key in (b"dev", b"x" * KEY_MAX) for nonce in (b"a", b"b")]
    assert len({len(cookie) for cookie in cookies}) == 1
    assert len(set(cookies)) == 4


def test_another_server_cannot_read_it_and_its_forms_are_others() -> None:
    other = Seal(bytes(32))
    cookie = SEAL.close(b"dev", bytes(16), NOW)
    assert other.open(cookie, NOW) is None
    assert other.token(cookie) != SEAL.token(cookie) != SEAL.token(cookie + "x")


def test_it_is_set_for_this_host_and_no_script() -> None:
    assert setting("v", secure=False) == (b"set-cookie", b"posthouse=v; Path=/; HttpOnly; SameSite=Strict")
    assert setting("v", secure=True)[1] == b"__Host-posthouse=v; Path=/; HttpOnly; SameSite=Strict; Secure"


def test_the_cookie_that_came_over_https_is_believed_first() -> None:
    assert cookie_of({b"cookie": f"a=b; {PLAIN}=planted; {SECURE}=own".encode()}) == "own"
    assert cookie_of({b"cookie": f"{PLAIN}=one; {PLAIN}=two".encode()}) == "one"
    assert cookie_of({}) is None


def test_where_a_form_comes_from() -> None:
    host = {b"host": b"mail.example.com"}
    assert from_here(host)
    assert from_here({**host, b"sec-fetch-site": b"same-origin", b"origin": b"null"})
    assert from_here({**host, b"origin": b"https://mail.example.com"})
    assert not from_here({**host, b"sec-fetch-site": b"same-site"})
    assert not from_here({**host, b"sec-fetch-site": b"cross-site", b"origin": b"https://mail.example.com"})
    assert not from_here({**host, b"origin": b"https://example.net"})
    assert not from_here({**host, b"origin": b"null"})
