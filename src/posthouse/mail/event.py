"""The vocabulary of what can happen to a message. Each type says what it does not mean."""

from typing import Final, Literal, get_args

EventType = Literal[
    "accepted",
    "deferred",
    "sent",
    "delivered",
    "bounced",
    "complained",
    "opened",
    "clicked",
    "unsubscribed",
    "failed",
    "expired",
    "cancelled",
    "held",
    "suppressed",
]

MEANING: Final[dict[EventType, str]] = {
    "accepted": "Posthouse has it on disk. Nobody has been asked to carry it yet.",
    "deferred": "A provider or a receiving server said not now. It will be tried again; nothing failed for good.",
    "sent": "A provider accepted it. Not that it was delivered.",
    "delivered": "The receiving server accepted it. Not that a person saw it, nor that it missed the spam folder.",
    "bounced": "The receiving server, or a provider for one recipient, refused it for good.",
    "complained": "The recipient called it spam. It had been delivered.",
    "opened": "An image was fetched: by a person, or by a mail program for them.",
    "clicked": "A link was followed: by a person, or by a scanner.",
    "unsubscribed": "The recipient does not want more of it.",
    "failed": "No provider will carry it and nothing more will be tried. It was not accepted by any of them.",
    "expired": "Its time ran out before a provider accepted it. It was not sent.",
    "cancelled": "Its sender took it back before any attempt began, or an operator called it off after a restore.",
    "held": (
        "It may have been sent: an attempt ended in doubt and the policy forbids to send twice, "
        "or the store was restored from a copy."
    ),
    "suppressed": "Its recipients are on the pool's suppression list. It was not sent.",
}

Status = Literal[
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "bounced",
    "complained",
    "failed",
    "expired",
    "cancelled",
    "held",
    "suppressed",
]

STATUSES: Final[tuple[Status, ...]] = get_args(Status)

UNFINISHED: Final[frozenset[Status]] = frozenset({"scheduled", "queued", "sending"})
"""The statuses in which Posthouse still owes work; all others are final for the handing over."""

_NEWS: Final[dict[EventType, Status]] = {
    "deferred": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "opened": "delivered",
    "clicked": "delivered",
    "unsubscribed": "delivered",
    "bounced": "bounced",
    "complained": "complained",
}
"""What a provider's event shows of a message, at the least: that the provider had it, and what came of that."""

_PROGRESS: Final[tuple[Status, ...]] = ("held", "sent", "delivered", "bounced", "complained")
"""The statuses that news may change, each of them by what comes after it."""


def moved(status: Status, event: EventType) -> Status:
    """The status after a provider's event.

    The furthest along `_PROGRESS` wins, so that the order in which events arrive does not matter, and the worse of two
    recipients' fates is shown. `held` ends by any news of it: the provider had it. What is unfinished is for delivery
    to end, and a message that was not sent stays so, whatever anybody tells.
    """
    news = _NEWS.get(event)
    if news is None or status not in _PROGRESS:
        return status
    return max(status, news, key=_PROGRESS.index)
