"""docs/reference/events.md and problems.md: the words that answers are made of, and what they do not mean."""

import json
from typing import Final

from forms import TOP, code, joined, table

from posthouse.mail import event, problem
from posthouse.routing import outcome
from posthouse.web.openapi import codes
from posthouse.web.openapi.call import made

EVENTS: Final = """
# States, events and outcomes

A message has one **state**. What happens to it is told as **events**, in their order. Each try at a provider is an
**attempt**, and what came of it an **outcome**. All three stand in `GET /email/{id}`.
"""

STATES: Final[dict[str, str]] = {
    "scheduled": "Its `send_at` has not come yet.",
    "queued": "It waits for its turn, for a provider, or for its next try.",
    "sending": "An attempt is on its way.",
    "sent": "A provider accepted it. Not that it was delivered.",
}
"""Those of which there is no event of the same name, or whose event is told once more."""

AFTER: Final = """
`delivered`, `bounced` and `complained` come after `sent`, and so do the events `opened`, `clicked` and `unsubscribed`:
they are what a provider tells later, by webhook. **Posthouse does not receive webhooks yet**, so a message ends in
one of the others.
"""

BECOMES: Final[dict[str, str]] = {
    "sent": "done",
    "final": "final: no provider would do better",
    "elsewhere": "another provider now, then later",
    "doubt": "as `on_unsure` says: another provider, the same one, or held",
}

HEALTH: Final = {1: "better", 0: "untouched", -1: "worse"}

OUTCOMES: Final[tuple[tuple[outcome.Outcome, str], ...]] = (
    (outcome.Accepted(), "The provider took responsibility for the message."),
    (outcome.Refused("message"), "Neither this recipient nor this message will ever pass."),
    (outcome.Refused("content"), "Too large, or against a policy: another provider may think otherwise."),
    (outcome.Deferred(), "Certainly not accepted, and the provider is to blame: 5xx, not reached, DNS, TLS."),
    (outcome.Deferred(blame="recipient"), "Certainly not accepted, for a temporary fault of the mailbox: greylisting."),
    (outcome.Throttled(), "Certainly not accepted: too fast, or a quota is used up. It counts as no try."),
    (outcome.Unauthorised(), "Certainly not accepted: wrong key, suspended account, sender not verified."),
    (outcome.Unsure(), "The request left, at least in part, and no answer came. It may have been accepted."),
)
"""Each case of the table of consequences, in words."""

PROBLEMS: Final = """
# Problems

An error is `application/problem+json` (RFC 9457). Its `type` is `urn:posthouse:problem:` and one of these names, which
are added to and never renamed. `problems` lists everything that is wrong at once, each entry with a `code`, the `field`
it is about and a `message` for a person. Which call answers with which is in [the HTTP reference](http.md).
"""


def events() -> str:
    told = {str(name): words for name, words in event.MEANING.items()} | STATES
    states = [(code(name), told[name], "no" if name in event.UNFINISHED else "yes") for name in event.STATUSES]
    happened = [(code(name), words) for name, words in event.MEANING.items()]
    return joined(
        [
            TOP + EVENTS,
            "## States",
            table(("state", "means", "final"), states),
            AFTER,
            "## Events",
            table(("event", "means"), happened),
            "## Outcomes of an attempt",
            table(("outcome", "means", "this message", "the provider's health"), _outcomes()),
        ]
    )


def _outcomes() -> list[tuple[str, str, str, str]]:
    found = []
    for kind, words in OUTCOMES:
        what = outcome.consequence(kind)
        health = HEALTH[what.health] + ("; its circuit opens at once" if what.opens else "")
        found.append((code(what.kind), words, BECOMES[what.message], health))
    return found


def problems() -> str:
    examples = json.loads(made()[0])["components"]["examples"]
    kinds = [(code(name), one["value"]["status"], one["summary"]) for name, one in examples.items()]
    mime = [(name, words) for name, words in problem.CODES.items() if name.startswith("mime-")]
    return joined(
        [
            TOP + PROBLEMS,
            "## Types",
            table(("type", "status", "when"), kinds),
            "## Codes",
            table(("code", "when"), ((code(name), words) for name, words in codes.CODES.items())),
            "## Codes of a message that comes as MIME",
            "They are for the SMTP door, which is not built yet; no call answers with them.",
            table(("code", "when"), ((code(name), words) for name, words in mime)),
        ]
    )
