"""What an SMTP server's replies mean: the stage decides first, then the code, then the enhanced code.

RFC 5321 (4.2), RFC 3463 and the IANA registry of enhanced codes; checked 2026-11. All of it is pure.
"""

import re
from typing import Final

import msgspec

from posthouse.providers.base import DETAIL_MAX, readable
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Recipient, Refused, Throttled, Unauthorised, Unsure

TEXT_MAX: Final = DETAIL_MAX - 20  # leaves room for the stage
_ENHANCED: Final = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})\b").match
_SLOW_DOWN: Final = re.compile(r"throttl|\brate\b|too (?:many|fast)|quota|sending limit", re.IGNORECASE).search
_QUOTA: Final = re.compile(r"quota|daily|per (?:day|hour|month)", re.IGNORECASE).search
_RELAY: Final = re.compile(r"\brelay", re.IGNORECASE).search
_ABOUT_THEM: Final = re.compile(r"recipient|mailbox", re.IGNORECASE).search
_UNVERIFIED: Final = re.compile(r"not verified", re.IGNORECASE).search  # Amazon SES: 554 at the dot, as of 2026-11
_QUEUE_ID: Final = re.compile(  # Postfix and many others; Exim; Amazon SES
    r"queued as ([\w.-]*\w)|\bid=([\w.-]*\w)|^(?:2\.\d\.\d )?Ok ([\w-]{16,})$", re.IGNORECASE
).search


class Reply(msgspec.Struct, frozen=True):
    """A server's reply: its code, and what it said, as it said it."""

    code: int
    said: str

    @property
    def text(self) -> str:
        """What it said, made safe to keep: one line."""
        return readable(self.said)[:TEXT_MAX]

    @property
    def kind(self) -> int:
        """The first digit: 2 done, 3 go on, 4 not now, 5 never so."""
        return self.code // 100

    @property
    def enhanced(self) -> str:
        """The enhanced code without its class (`1.1` of `5.1.1`); empty where there is none."""
        found = _ENHANCED(self.text)
        return found[1] if found else ""

    @property
    def unheard(self) -> bool:
        """Whether the server took the command for a wrong one: that says nothing of the message."""
        return 500 <= self.code <= 504 or (self.kind == 5 and self.enhanced in ("5.1", "5.2"))

    @property
    def denied(self) -> bool:
        """Whether it speaks of what may be done here (relay denied, sign in first), not of a mailbox."""
        return self.kind == 5 and (self.code == 530 or self.enhanced.startswith("7.") or bool(_RELAY(self.text)))


def temporary(reply: Reply, stage: str) -> Outcome:
    """A reply that takes nothing and ends nothing: too fast, or not now."""
    detail = f"{stage}: {reply.text}"
    if reply.kind == 4 and _SLOW_DOWN(reply.text):
        return Throttled(reply.code, detail, quota=_QUOTA(reply.text) is not None)
    return Deferred(reply.code, detail)


def at_the_door(reply: Reply, stage: str) -> Outcome:
    """Greeting, EHLO, STARTTLS, AUTH, MAIL: a 5xx stays until an operator acts."""
    if reply.kind == 5:
        return Unauthorised(reply.code, f"{stage}: {reply.text}")
    return temporary(reply, stage)


def at_mail(reply: Reply) -> Outcome:
    """The sender was not taken."""
    if reply.code == 552 or (reply.kind == 5 and reply.enhanced == "3.4"):
        return Refused("size", reply.code, f"MAIL: {reply.text}")
    return temporary(reply, "MAIL") if reply.unheard else at_the_door(reply, "MAIL")


def at_rcpt(reply: Reply, email: str) -> Recipient:
    """One recipient was not taken. For ever only where the mailbox is at fault: what this server denies, or a limit
    of its own (452, and 552 in its old meaning; RFC 5321, 4.5.3.1.10), leaves the recipient to others."""
    limit = reply.code == 552 and reply.enhanced != "2.2"
    permanent = reply.kind == 5 and not (reply.denied or reply.unheard or limit)
    return Recipient(email, permanent, f"{reply.code} {reply.text}")


def nobody_served(refused: list[tuple[Reply, Recipient]]) -> Outcome:
    """All recipients were refused: the gentlest reading of those still owed, for none of them may be dropped."""
    owed = [reply for reply, recipient in refused if not recipient.permanent]
    if not owed:
        return Refused("recipient", refused[0][0].code, f"RCPT: {refused[0][0].text}")
    for reply in owed:
        if reply.kind == 4:
            return Deferred(reply.code, f"RCPT: {reply.text}", blame="recipient")
    if all(reply.denied for reply in owed):
        us = next((reply for reply in owed if not _ABOUT_THEM(reply.text)), None)
        if us is not None:
            return Unauthorised(us.code, f"RCPT: {us.text}")
        return Refused("content", owed[0].code, f"RCPT: {owed[0].text}")
    return Deferred(owed[0].code, f"RCPT: {owed[0].text}")


def at_data(reply: Reply, unserved: tuple[Recipient, ...]) -> Outcome:
    """The answer to DATA or to the final dot, for all recipients that were taken before."""
    if reply.kind == 2:
        return Accepted(reply.code, reply.text or None, queue_id(reply.text), unserved)
    if reply.kind == 4 or reply.unheard:
        return temporary(reply, "DATA")
    detail = f"DATA: {reply.text}"
    if reply.kind != 5:
        return Unsure(reply.code, detail)  # not an answer SMTP knows here
    if reply.code == 530 or _UNVERIFIED(reply.text):
        return Unauthorised(reply.code, detail)
    if reply.enhanced == "3.4" or (reply.code == 552 and not reply.enhanced.startswith("7.")):
        return Refused("size", reply.code, detail)
    if reply.enhanced.startswith("1."):
        return Refused("recipient", reply.code, detail)
    if reply.enhanced.startswith("6."):
        return Refused("message", reply.code, detail)
    return Refused("content", reply.code, detail)


def queue_id(text: str) -> str | None:
    """The id under which the server keeps it, where its reply names one."""
    found = _QUEUE_ID(text)
    return found[found.lastindex or 0] if found else None
