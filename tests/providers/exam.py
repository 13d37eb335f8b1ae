"""The exam that every provider speaking HTTP sits: who sits it, and the messages it asks for.

A new provider adds itself to `CANDIDATES`, with a function that reads its requests back.
"""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import msgspec

from posthouse.mail.message import Address, Attachment, Envelope, Message
from posthouse.providers import mailgun, mandrill, sendgrid, ses
from posthouse.providers.base import Adapter, HttpRequest, HttpResponse
from posthouse.routing.capability import Can
from posthouse.secret import Secret
from tests.providers import reading
from tests.providers.reading import Arrived, File

NOW = 1_795_000_000.0
SECRET = "example-secret-0123456789"
TOKEN = "example-token-0123456789"
ID = "019a0b4c-5d6e-7f80-8123-456789abcdef"


class Candidate(msgspec.Struct, frozen=True):
    """One provider in the exam.

    settings: how it is set up, `base_url` left out. read: its request, read back. taken: an answer that accepts.
    """

    adapter: Any
    settings: dict[str, Any]
    read: Callable[[HttpRequest], Arrived]
    taken: HttpResponse

    @property
    def name(self) -> str:
        return str(self.adapter.SPEC.name)

    def configured(self, **changes: Any) -> Any:
        """Settings, as the configuration would make them."""
        return self.adapter.SPEC.settings(**{**self.settings, **changes})

    def request(self, envelope: Envelope, **changes: Any) -> HttpRequest:
        request = self.adapter.request(envelope, self.configured(**changes), NOW)
        assert isinstance(request, HttpRequest)
        return request

    def arrived(self, envelope: Envelope) -> Arrived:
        return self.read(self.request(envelope))

    def judge(self, status: int, body: bytes = b"", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.adapter.outcome(HttpResponse(status, named, body), envelope(FULL), NOW)


CANDIDATES = [
    Candidate(
        sendgrid,
        {"api_key": Secret(SECRET)},
        reading.sendgrid,
        HttpResponse(202, {"x-message-id": "14c5d75ce93.dfd.64b469"}, b""),
    ),
    Candidate(
        mailgun,
        {"api_key": Secret(SECRET), "domain": "mg.example.com"},
        reading.mailgun,
        HttpResponse(200, {}, b'{"id": "<20261118.1.AB@mg.example.com>", "message": "Queued. Thank you."}'),
    ),
    Candidate(
        mandrill,
        {"api_key": Secret(SECRET)},
        reading.mandrill,
        HttpResponse(200, {}, b'[{"email": "bob@example.net", "status": "sent", "_id": "a92c74e4"}]'),
    ),
    Candidate(
        ses,
        {
            "region": "eu-central-1",
            "access_key_id": "AKIAEXAMPLE",
            "secret_access_key": Secret(SECRET),
            "session_token": Secret(TOKEN),
        },
        reading.ses,
        HttpResponse(200, {}, b'{"MessageId": "0107019a0b4c5d6e-7f80"}'),
    ),
]


def names(candidate: Candidate) -> str:
    return candidate.name


def adapter(candidate: Candidate) -> Adapter:
    """The module as the house sees it. mypy holds each one to the protocol here, by its own name."""
    modules: dict[ModuleType, Adapter] = {sendgrid: sendgrid, mailgun: mailgun, mandrill: mandrill, ses: ses}
    return modules[candidate.adapter]


MINIMAL = Message(sender=Address("ann@example.com"), to=(Address("bob@example.net"),), subject="Hello", text="Hi Bob")

FULL = Message(
    sender=Address("ann@example.com", "Ann Example"),
    to=(Address("bob@example.net", "Bob"), Address("carol@example.org")),
    cc=(Address("dave@example.org", "Dave"),),
    bcc=(Address("erin@example.net"), Address("frank@example.org", "Frank")),
    reply_to=(Address("help@example.com", "Help Desk"), Address("sales@example.com")),
    subject="Everything at once",
    text="Plain\nand simple",
    html='<p>Not <b>plain</b> <img src="cid:logo@example.com"></p>',
    headers=(("X-Order", "17"), ("List-Unsubscribe", "<https://example.com/u?id=1>")),
    attachments=(
        Attachment("report.pdf", bytes(range(256)), "application/pdf"),
        Attachment("logo.png", b"\x89PNG\r\n\x1a\n", "image/png", "logo@example.com"),
    ),
    tags=("receipt", "order confirmation"),
    metadata=(("order", "17"), ("customer", "c-42")),
)

FEATURES: dict[Can, dict[str, Any]] = {
    Can.CC: {"cc": FULL.cc},
    Can.BCC: {"bcc": FULL.bcc},
    Can.REPLY_TO: {"reply_to": FULL.reply_to[:1]},
    Can.MANY_REPLY_TO: {"reply_to": FULL.reply_to},
    Can.HEADERS: {"headers": FULL.headers},
    Can.ATTACHMENTS: {"attachments": FULL.attachments[:1]},
    Can.INLINE: {"attachments": FULL.attachments[1:]},
    Can.TAGS: {"tags": FULL.tags},
    Can.METADATA: {"metadata": FULL.metadata},
    Can.TEXT_ONLY: {"text": "Text alone", "html": None},
}
"""Each feature and what asks for it, added to `MINIMAL`. International addresses are no field of their own."""

HOSTILE_TEXTS = [
    "{{x}} {{{x}}} {{#if a}}{{/if}} {{ses:openTracker}}",
    "*|NAME|* *|HTML:NAME|* *|IF:A|*",
    "%recipient.name% %recipient_email% %unsubscribe_url%",
    "<%body%> <% asm_group_unsubscribe_url %> [unsubscribe]",
    "-tag- -firstName- ${x} #{x} ${{7*7}} [[var:x]]",
    '"quoted" \\ back\\slash & <b>&amp;</b> \' \u00e9\u4e2d\U0001f600',
    "--posthouse-019a0b4c-5d6e-7f80-8123-456789abcdef--",
]
"""What some provider's templates would act on, and what some serialiser might break."""

NAMES = [
    "O'Brien, Ann",
    'Ann "the boss" Example',
    "Back\\slash",
    "<ann@example.com>",
    "Ann (home)",
    "a;b:c",
    "Ünïcode, Änne (x)",
    "山田太郎",
    "=?utf-8?q?x?=",
    "Ann Example.",
    "😀" * 40,
]

EMAILS = [
    "a/../../v3/scopes@example.com",
    "a#fragment@example.com",
    "a&to=evil@example.com",
    "a=b+c@example.com",
    "a?x=1@example.com",
    "{{x}}@example.com",
    "a'b`c|d~e^f$g*h@example.com",
]
"""Addresses that look like something else in a URL, in a form, in a template."""


def envelope(message: Message, recipients: tuple[str, ...] | None = None) -> Envelope:
    return Envelope(id=ID, message=message, accepted_at=NOW - 60, recipients=recipients)


def minimal(**changes: Any) -> Envelope:
    """`MINIMAL` with something changed, on its way."""
    return envelope(msgspec.structs.replace(MINIMAL, **changes))


def expected(message: Message) -> Arrived:
    """What should arrive of a message that has a `to`."""

    def people(addresses: tuple[Address, ...]) -> list[reading.Person]:
        return [(one.email, one.name) for one in addresses]

    return Arrived(
        id=ID,
        message_id=f"<{ID}@{message.sender.domain}>",
        sender=(message.sender.email, message.sender.name),
        to=people(message.to),
        cc=people(message.cc),
        bcc=[one.email for one in message.bcc],
        reply_to=people(message.reply_to),
        subject=message.subject,
        text=message.text,
        html=message.html,
        headers=dict(message.headers),
        files=list(files(message)),
        tags=list(message.tags),
        metadata=dict(message.metadata),
    )


def files(message: Message) -> Iterator[File]:
    for one in message.attachments:
        yield File(one.content_id or one.filename, one.content_type, one.content, one.inline)
