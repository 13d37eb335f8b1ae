"""Who is asking: what a key allows its holder."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Literal

import msgspec

from posthouse.mail.message import Address, Message
from posthouse.routing.rules import Rate

KEY_MAX: Final = 200
"""Characters of the longest key that is looked at."""


class Caller(msgspec.Struct, frozen=True):
    """The holder of a key. pool: the one it may use, None for an administrator of all. expires_at: epoch seconds.

    mode `sandbox`: everything is accepted and recorded, nothing reaches anybody. redirect: everything goes to this
    address. allow: patterns of the recipients it may write to; empty for all. rate, daily: messages it may hand in.
    seal: derived from the key, to seal what is given to this holder alone.
    """

    name: str
    pool: str | None
    admin: bool = False
    mode: Literal["live", "sandbox"] = "live"
    redirect: Address | None = None
    allow: tuple[str, ...] = ()
    rate: Rate | None = None
    daily: int | None = None
    expires_at: float | None = None
    seal: bytes = b""

    @property
    def sees(self) -> str | None:
        """The pool whose messages it may look at; None for all of them."""
        return None if self.admin else self.pool

    def allows(self, recipient: Address) -> bool:
        return not self.allow or any(fnmatchcase(recipient.email.lower(), pattern) for pattern in self.allow)

    def redirected(self, message: Message) -> Message:
        """The message as it may leave under this key."""
        if self.redirect is None:
            return message
        return msgspec.structs.replace(message, to=(self.redirect,), cc=(), bcc=())


class Callers:
    """The keys that are known, by the digest of each. Only digests are held: a key itself is nowhere in memory."""

    def __init__(self, callers: Mapping[bytes, Caller]) -> None:
        self._callers = dict(callers)
        self._nobody = bytes(32)

    def recognise(self, key: bytes, now: float) -> Caller | None:
        """Whose key it is. The same time for every wrong key: what is looked up and compared is a hash of it."""
        if len(key) > KEY_MAX:
            return None
        digest = sha256(key).digest()
        caller = self._callers.get(digest)
        same = compare_digest(digest, digest if caller is not None else self._nobody)
        if caller is None or not same or (caller.expires_at is not None and now >= caller.expires_at):
            return None
        return caller
