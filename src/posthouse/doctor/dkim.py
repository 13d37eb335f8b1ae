"""DKIM (RFC 6376, 8301): whether the key that a provider signs with can be found under the domain."""

from base64 import b64decode
from typing import Final

import msgspec

from posthouse.doctor.names import Unanswered
from posthouse.doctor.spf import Ask

RSA_1024_BYTES: Final = 150
"""An RSA key of 1024 bits is 162 bytes long in the DNS; a shorter one counts for nothing (RFC 8301, 3.2)."""


class Key(msgspec.Struct, frozen=True):
    """What stands under one name. wrong: why no signature can be checked with it; None where it can."""

    name: str
    wrong: str | None = None
    missing: bool = False


async def key(name: str, ask: Ask) -> Key | Unanswered:
    """The key under `SELECTOR._domainkey.DOMAIN`."""
    texts = await ask(name)
    if isinstance(texts, Unanswered):
        return texts
    found = [tags(text) for text in texts if "p" in tags(text)]
    if not found:
        why = "there is no key" if not texts else "what stands there is no DKIM key"
        return Key(name, why, missing=not texts)
    if len(found) > 1:
        return Key(name, f"there are {len(found)} keys, and receivers may take either")
    return Key(name, _flaw(found[0]))


def tags(text: str) -> dict[str, str]:
    """`a=b; c=d` as a mapping, as DKIM and DMARC write it; what has no name is left out."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, sign, value in pairs if sign}


def _flaw(said: dict[str, str]) -> str | None:
    if said.get("v", "DKIM1") != "DKIM1":
        return "its version is not DKIM1"
    if not said["p"]:
        return "the key was revoked (`p=` is empty)"
    try:
        length = len(b64decode(said["p"], validate=True))
    except ValueError:
        return "the key is cut off or mistyped (`p=` is not base64)"
    if said.get("k", "rsa") == "rsa" and length < RSA_1024_BYTES:
        return "the key is shorter than 1024 bits, and receivers do not accept it"
    return None
