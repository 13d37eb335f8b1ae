"""The cookie of somebody who signed in: the key itself, sealed so that only this process can read it.

Why so, and what else was thought of: docs/decisions/0009-browser-session.md.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256, shake_256
from hmac import compare_digest
from hmac import digest as hmac
from typing import Final

from posthouse.intake.caller import KEY_MAX
from posthouse.web.answer import Header
from posthouse.web.request import Headers

LASTS_S: Final = 12 * 3600
"""How long a session may be used, however long the browser stays open."""

SECURE: Final = "__Host-posthouse"
PLAIN: Final = "posthouse"
"""The cookie's names: the first can be set over https only, and by no neighbouring host."""

_NONCE: Final = 16
_ROOM: Final = KEY_MAX + 1
_TAG: Final = 32
_SIZE: Final = _NONCE + 8 + _ROOM + _TAG


class Seal:
    """Seals keys, and makes the token by which a form shows that it is from our own page.

    secret: 32 random bytes that only this server knows. Sealing is SHAKE-256 of secret and nonce as the stream, and
    HMAC-SHA256 over everything; the two keys are derived from the secret, and differ.
    """

    def __init__(self, secret: bytes) -> None:
        self._stream, self._mark, self._form = (
            hmac(secret, purpose, "sha256") for purpose in (b"stream", b"mark", b"form")
        )

    def close(self, key: bytes, nonce: bytes, now: float) -> str:
        """The sealed key: always as long, and another one each time. nonce: 16 random bytes; now: epoch seconds."""
        plain = bytes([len(key)]) + key.ljust(KEY_MAX, b"\0")
        sealed = nonce + int(now + LASTS_S).to_bytes(8, "big") + self._mixed(nonce, plain)
        return urlsafe_b64encode(sealed + hmac(self._mark, sealed, "sha256")).decode().rstrip("=")

    def open(self, cookie: str, now: float) -> bytes | None:
        """The key; None where the cookie is not ours, was changed, or is too old."""
        try:
            token = urlsafe_b64decode(cookie.encode("ascii") + b"=" * (-len(cookie) % 4))
        except ValueError:
            return None
        sealed, mark = token[:-_TAG], token[-_TAG:]
        if len(token) != _SIZE or not compare_digest(mark, hmac(self._mark, sealed, "sha256")):
            return None
        if now >= int.from_bytes(sealed[_NONCE : _NONCE + 8], "big"):
            return None
        plain = self._mixed(sealed[:_NONCE], sealed[_NONCE + 8 :])
        return plain[1 : 1 + plain[0]]

    def token(self, cookie: str) -> str:
        """What a form of a page shown to the holder of this cookie must bring back."""
        return hmac(self._form, sha256(cookie.encode()).digest(), "sha256").hex()[:32]

    def _mixed(self, nonce: bytes, text: bytes) -> bytes:
        stream = shake_256(self._stream + nonce).digest(len(text))
        return bytes(one ^ other for one, other in zip(text, stream, strict=True))


def cookie_of(headers: Headers) -> str | None:
    """The cookie of a request."""
    given: dict[str, str] = {}
    for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        given.setdefault(name, value)
    return given.get(SECURE) or given.get(PLAIN)


def setting(value: str, secure: bool) -> Header:
    """The header that lets a browser keep it until it closes. secure: whether the browser speaks https."""
    name, more = (SECURE, "; Secure") if secure else (PLAIN, "")
    return (b"set-cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{more}".encode())


def forgetting() -> tuple[Header, ...]:
    """The headers that let a browser forget both."""
    return tuple(
        (b"set-cookie", f"{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict{more}".encode())
        for name, more in ((SECURE, "; Secure"), (PLAIN, ""))
    )


def from_here(headers: Headers) -> bool:
    """Whether a form was sent by a page of this server, as far as the browser tells."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host", b"")


def speaks_https(headers: Headers, scheme: str) -> bool:
    """Whether the browser came over https, perhaps to a proxy in front of us."""
    return scheme == "https" or headers.get(b"origin", b"").startswith(b"https://")
