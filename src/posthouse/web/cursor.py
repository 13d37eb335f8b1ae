"""Where a list goes on: a word that only the key it was given to can use, for the list it was given for.

What it holds is hidden: the place may be another pool's message that was looked at and passed over. It is sealed under
what is derived from the caller's own key, so that it holds over restarts and on every node, and nobody need keep it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import shake_256
from hmac import compare_digest
from hmac import digest as hmac
from typing import Final

from posthouse.intake.caller import Caller

_MARK: Final = 16

LONGEST: Final = 1024
"""Characters of a cursor that is looked at."""


def sealed(place: str, caller: Caller, asked: str) -> str:
    """The cursor for a place. asked: what the list is of, in words that are the same on every page."""
    text = place.encode()
    stream, mark = _keys(caller, asked)
    proof = hmac(mark, text, "sha256")[:_MARK]
    return urlsafe_b64encode(proof + _mixed(stream, proof, text)).decode().rstrip("=")


def opened(cursor: str, caller: Caller, asked: str) -> str | None:
    """The place; None where it was given to another key, for another list, or by nobody."""
    try:
        token = urlsafe_b64decode(cursor[:LONGEST].encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        return None
    stream, mark = _keys(caller, asked)
    proof, text = token[:_MARK], _mixed(stream, token[:_MARK], token[_MARK:])
    if not compare_digest(proof, hmac(mark, text, "sha256")[:_MARK]):
        return None
    return text.decode()


def _keys(caller: Caller, asked: str) -> tuple[bytes, bytes]:
    key = hmac(caller.seal, asked.encode(), "sha256")
    return hmac(key, b"stream", "sha256"), hmac(key, b"mark", "sha256")


def _mixed(key: bytes, proof: bytes, text: bytes) -> bytes:
    """The proof is of the text, so no two texts meet the same stream."""
    stream = shake_256(key + proof).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))
