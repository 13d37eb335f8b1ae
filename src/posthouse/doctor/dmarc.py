"""DMARC (RFC 7489): what receivers are to do with mail in a domain's name that neither SPF nor DKIM proves."""

from typing import Final

import msgspec

from posthouse.doctor.dkim import tags
from posthouse.doctor.names import Unanswered
from posthouse.doctor.spf import Ask

POLICIES: Final = ("none", "quarantine", "reject")


class Dmarc(msgspec.Struct, frozen=True):
    """at: the name it was found under; None: there is none, not above the domain either.

    strict: whether the signing domain must be the sender's very own, not one below or above. reports: whether anybody
    is told. broken: why receivers take it for none.
    """

    at: str | None
    policy: str = ""
    strict: bool = False
    reports: bool = False
    broken: str | None = None


async def dmarc(domain: str, ask: Ask) -> Dmarc | Unanswered:
    """The policy that holds for the domain: its own, or that of the nearest domain above that has one."""
    labels = domain.split(".")
    for depth in range(max(1, len(labels) - 1)):
        name = "_dmarc." + ".".join(labels[depth:])
        texts = await ask(name)
        if isinstance(texts, Unanswered):
            return texts
        found = [text for text in texts if text.replace(" ", "").lower().startswith("v=dmarc1")]
        if len(found) > 1:
            return Dmarc(name, broken=f"there are {len(found)} DMARC records, and receivers then take none")
        if found:
            return _read(name, tags(found[0]), above=depth > 0)
    return Dmarc(None)


def _read(name: str, said: dict[str, str], *, above: bool) -> Dmarc:
    policy = (said.get("sp") if above else None) or said.get("p", "")
    broken = None
    if policy.lower() not in POLICIES:
        broken = f"its policy is `{policy[:30]}`: expected p=none, p=quarantine or p=reject"
    return Dmarc(name, policy.lower(), said.get("adkim", "r").lower() == "s", "rua" in said, broken)


def aligned(signing: str, sender: str, *, strict: bool) -> bool:
    """Whether a signature or return path of `signing` speaks for mail from `sender`."""
    if strict or signing == sender:
        return signing == sender
    return signing.endswith("." + sender) or sender.endswith("." + signing)
