"""The inputs of the forms: for what each call is sent, the fields as a person fills them in."""

from typing import Final, Literal, get_args

import msgspec

from posthouse.mail.event import STATUSES
from posthouse.mail.message import OnUnsure
from posthouse.routing.switch import Mode
from posthouse.store.values import LANES


class Input(msgspec.Struct, frozen=True):
    """One field of a form. lines: for `text`. more: whether it is folded away until somebody needs it. blank: what a
    choice that is not made is called."""

    name: str
    label: str
    kind: Literal["line", "text", "choice", "tick"] = "line"
    hint: str = ""
    choices: tuple[str, ...] = ()
    lines: int = 2
    more: bool = False
    blank: str = "not said"


MESSAGE: Final = (
    Input("from", "From", hint="An address of the pool's domain, or Name <address>."),
    Input("to", "To", "text", hint="One address on each line."),
    Input("subject", "Subject"),
    Input("text", "Text", "text", lines=5),
    Input("cc", "Cc", "text", hint="One address on each line.", more=True),
    Input("bcc", "Bcc", "text", hint="One address on each line.", more=True),
    Input("reply_to", "Reply to", more=True),
    Input("html", "HTML", "text", lines=4, hint="Without a text, one is made from it.", more=True),
    Input("markdown", "Markdown", "text", lines=4, hint="Text and HTML are made from it.", more=True),
    Input("tags", "Tags", "text", hint="One on each line.", more=True),
    Input("metadata", "Metadata", "text", hint='As JSON: {"order": "17"}', more=True),
    Input("headers", "Headers", "text", hint='As JSON: {"X-Campaign": "spring"}', more=True),
    Input("class", "Class", hint="A class of the pool.", more=True),
    Input("lane", "Lane", "choice", choices=tuple(LANES), more=True),
    Input("provider", "Provider", hint="This one, and no other.", more=True),
    Input("require_tags", "Required tags", "text", hint="Of the provider; one on each line.", more=True),
    Input("on_unsure", "When in doubt", "choice", choices=get_args(OnUnsure), more=True),
    Input("send_at", "Send at", hint="2026-11-23T09:00:00Z; at once unless said.", more=True),
    Input("expires_in", "Expires in", hint="5m, 2h, 7d", more=True),
    Input("expires_at", "Expires at", hint="2026-11-23T10:00:00Z", more=True),
)

INPUTS: Final[dict[str, tuple[Input, ...]]] = {
    "message": MESSAGE,
    "resend": (Input("force", "Send it although it may have been delivered, or is still to be sent", "tick"),),
    "suppression": (
        Input("addresses", "Addresses", "text", hint="One on each line."),
        Input("reason", "Reason", hint="For whoever looks at the list later."),
    ),
    "addresses": (Input("addresses", "Addresses", "text", hint="One on each line."),),
    "pause": (
        Input("reason", "Reason", hint="For whoever wonders why."),
        Input("drain", "Let what is bound to it still be sent", "tick"),
    ),
    "resume": (Input("reason", "Reason"),),
    "fail": (
        Input("mode", "How it fails", "choice", choices=get_args(Mode), blank="error, unless said"),
        Input("rate", "Share", hint="Of its sends, above 0 and up to 1; all unless said."),
        Input("for_s", "Seconds", hint="How long; until ended unless said."),
    ),
    "batch": (Input("_raw", "Messages", "text", hint='As JSON: {"messages": [...]}', lines=8),),
    "configuration": (Input("_raw", "Configuration", "text", hint="The whole file, as YAML or JSON.", lines=16),),
}
"""What a call is sent (`Route.body`) → its inputs."""

FILTERS: Final = (
    Input("status", "Status", "choice", choices=STATUSES, blank="any"),
    Input("to", "To", hint="The whole address."),
    Input("tag", "Tag"),
    Input("provider", "Provider"),
    Input("since", "Since", hint="2026-11-23T09:00:00Z"),
    Input("until", "Until", hint="2026-11-24T09:00:00Z"),
    Input("limit", "On a page", hint="1 to 100; 50 unless said."),
)
"""The filters of a list of messages."""
