"""From what a door was handed to a Message, or to everything that is wrong with it at once.

Every door comes through here: JSON, form, multipart, SMTP and the command line give the same mapping of fields,
so the same message gets the same answer everywhere.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from posthouse.mail.address import check
from posthouse.mail.attachment import read_attachments
from posthouse.mail.derive import html_from_markdown, text_from_html
from posthouse.mail.fields import Given, gather
from posthouse.mail.headers import read_headers
from posthouse.mail.labels import read_metadata, read_tags
from posthouse.mail.limits import Limits
from posthouse.mail.mailbox import each_once, mailbox, mailboxes, too_many, with_name
from posthouse.mail.message import Address, Message, Policy
from posthouse.mail.policy import read_policy
from posthouse.mail.problem import Flaw, Problem, Refusal
from posthouse.mail.text import body_flaw, line_flaw

DOCUMENTED: Final = Limits()
BODIES: Final = ("text", "html", "markdown")

_STRING: Final = Flaw("field-type", "Expected a string.")
_NO_SENDER: Final = Flaw("from-missing", "Expected a sender; this pool has none of its own.")
_NO_RECIPIENT: Final = Flaw("recipient-missing", "Expected at least one recipient in to, cc or bcc.")
_NO_BODY: Final = Flaw("body-missing", "Expected at least one of text, html and markdown.")
_TWO_HTML: Final = Flaw("field-conflict", "Expected one of html and markdown: Markdown becomes the HTML.")
_NAME_ALONE: Final = Flaw("field-conflict", "Expected beside it the field with the address.")
_FALSE_NAME: Final = Flaw("name-shows-address", "Expected a name that shows no address but the sender's own.")
_address_in_name = re.compile(r"[^\s<>()\"',;:]{1,64}@[\w.-]{1,253}\.\w{2,63}").search


class Submission(msgspec.Struct, frozen=True):
    """A message that is good, and what its sender asks of the delivery."""

    message: Message
    policy: Policy


class Unfit(Refusal, frozen=True):
    """What is wrong with it, and what could be read all the same, so that all else against it is said at once.

    message: without recipients and content; None where there is no sender to be read.
    """

    message: Message | None
    policy: Policy


def validate(
    fields: Mapping[str, object], limits: Limits = DOCUMENTED, default_from: Address | None = None
) -> Submission | Unfit:
    """Reads a request's fields (a decoded JSON object, or the same shape made from a form or from MIME).

    null, and an empty string in any field but the subject and the bodies, count as not given. Attachments hold
    base64 text or, from multipart and MIME, bytes. A recipient named twice is kept where they come first (to before
    cc before bcc). Missing parts are derived: HTML from Markdown; text from Markdown (as it stands) or from HTML.

    default_from: the pool's sender, for a message that names none.
    """
    problems: list[Problem] = []
    given = gather(fields, problems)
    values = given.values
    sender = _sender(given, limits, default_from, problems)
    to, cc, bcc = _recipients(given, limits, problems)
    reply_to = _reply_to(values.get("reply_to"), limits, problems)
    subject = _subject(values.get("subject"), limits, problems)
    text, html = _bodies(given, limits, problems)
    headers = read_headers(values["headers"], limits, problems) if "headers" in values else ()
    attachments = read_attachments(values["attachments"], limits, problems) if "attachments" in values else ()
    tags = read_tags(values["tags"], limits, problems) if "tags" in values else ()
    metadata = read_metadata(values["metadata"], limits, problems) if "metadata" in values else ()
    policy = read_policy(given, problems)
    if problems or sender is None:
        read = None if sender is None else Message(sender, metadata=metadata)
        return Unfit(tuple(problems), read, policy)
    message = Message(sender, to, cc, bcc, reply_to, subject, text, html, headers, attachments, tags, metadata)
    return Submission(message, policy)


def _sender(given: Given, limits: Limits, default: Address | None, problems: list[Problem]) -> Address | None:
    values = given.values
    value, name = values.get("from"), values.get("from_name")
    if value is None:
        if name is not None:
            problems.append(_NAME_ALONE.at("from_name"))
        elif default is None:
            problems.append(_NO_SENDER.at("from"))
        return default
    field = given.label("from")
    sender = mailbox(value, field, limits, problems)
    if sender is not None and name is not None:
        (sender,) = with_name((sender,), name, "from_name", limits, problems)
    if sender is not None and "@" in sender.name and _shows_another_address(sender):
        problems.append(_FALSE_NAME.at("from_name" if name is not None else field))
    return sender


def _shows_another_address(sender: Address) -> bool:
    """Whether the name is made to be read as an address it is not: mail programs show the name and hide the rest."""
    found = _address_in_name(sender.name)
    if found is None:
        return False
    shown = check(found[0])
    return isinstance(shown, Flaw) or shown.email.lower() != sender.email.lower()


def _recipients(given: Given, limits: Limits, problems: list[Problem]) -> list[tuple[Address, ...]]:
    values, before = given.values, len(problems)
    fields = [
        mailboxes(values[f], given.label(f), limits, problems) if f in values else () for f in ("to", "cc", "bcc")
    ]
    if "to_name" in values:
        if "to" not in values:
            problems.append(_NAME_ALONE.at("to_name"))
        elif len(problems) == before:
            fields[0] = with_name(fields[0], values["to_name"], "to_name", limits, problems)
    count = sum(map(len, fields))
    if count > limits.recipients:
        problems.append(too_many(limits).at("to"))
    elif count > 1:
        return each_once(*fields)
    elif count == 0 and len(problems) == before:
        problems.append(_NO_RECIPIENT.at("to"))
    return fields


def _reply_to(value: object, limits: Limits, problems: list[Problem]) -> tuple[Address, ...]:
    if value is None:
        return ()
    if isinstance(value, list | tuple) and len(value) > limits.reply_to:
        problems.append(Flaw("reply-to-too-many", f"Expected at most {limits.reply_to} addresses.").at("reply_to"))
        return ()
    return each_once(mailboxes(value, "reply_to", limits, problems))[0]


def _subject(value: object, limits: Limits, problems: list[Problem]) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        problems.append(_STRING.at("subject"))
        return ""
    if flaw := line_flaw(value):
        problems.append(flaw.at("subject"))
    if len(value) > limits.subject:
        problems.append(Flaw("subject-too-long", f"Expected at most {limits.subject} characters.").at("subject"))
    return value


def _bodies(given: Given, limits: Limits, problems: list[Problem]) -> tuple[str | None, str | None]:
    """Text and HTML. An empty part beside one that is not empty is left out, as if it had not been given."""
    values, before = given.values, len(problems)
    problems += [
        flaw.at(given.label(name))
        for name in BODIES
        if name in values and (flaw := _body_flaw(name, values[name], limits))
    ]
    if len(problems) > before:
        return None, None
    text, html, markdown = values.get("text"), values.get("html"), values.get("markdown")
    if html and markdown:
        problems.append(_TWO_HTML.at(given.label("markdown")))
    elif text is None and html is None and markdown is None:
        problems.append(_NO_BODY.at("text"))
    return _complete(text, html, markdown)


def _body_flaw(name: str, value: Any, limits: Limits) -> Flaw | None:
    if not isinstance(value, str):
        return _STRING
    if name == "markdown" and len(value) > limits.markdown:
        return Flaw("markdown-too-long", f"Expected at most {limits.markdown} characters; HTML may be longer.")
    return body_flaw(value)


def _complete(text: str | None, html: str | None, markdown: str | None) -> tuple[str | None, str | None]:
    if not (text or html or markdown):  # an empty message is a message
        return "", None
    if markdown and not html:
        return text or markdown, html_from_markdown(markdown)
    if html and not text:
        return text_from_html(html), html
    return text or None, html or None
