"""Mailgun, messages API v3: a multipart form in, JSON out.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (checked 2026-11)

- A wrong path, and a domain with a slash in it, is answered 200 with the plain text "Mailgun Magnificent API": no
  success. A success is JSON with an id, or a `message` that begins with "Queued".
- A domain lives in one region; the other answers 404 "Domain not found".
- `Message-Id` is ours, and Mailgun answers with it; its events name it without the angle brackets, so they are cut off.
  Ours is also the variable `posthouse_id`.
- Nothing is templated by request: no `template`, no `recipient-variables`, so `{{braces}}` and `%recipient.x%` stay.
  `%unsubscribe_url%` and its like are replaced where the domain's unsubscribe setting is on: a request cannot forbid
  that.
- A form needs a `to`. A message without one goes to `messages.mime` as finished MIME, where `to` is the envelope
  alone, so that cc stays cc and nobody sees a bcc.
- One invalid recipient refuses the whole message (400).
- Display names go as UTF-8: Mailgun decodes and encodes them again, and shows quotes around a name that has both
  non-ASCII characters and `(),"` (github.com/anymail/django-anymail/issues/270). Header values go as RFC 2047 encoded
  words.
- What is shown inline has no file name: Mailgun makes it the content id.
- Tags are ASCII, of at most 128 characters; all of `o:`, `h:` and `v:` together at most 16 kB.
- A domain sending key may send and nothing else: the probe fails with it. Choose `probe: traffic`, or an account key.
- The wait after a 429 stands in its text: "try again after 120 seconds".
"""

import re
from base64 import b64encode
from typing import Annotated, Final, Literal
from urllib.parse import quote

import msgspec

from posthouse.mail.address import shown
from posthouse.mail.message import Address, Attachment, Envelope, Message
from posthouse.mail.mime import encode
from posthouse.mail.text import is_encoded_word
from posthouse.mail.words import ascii_text, mailboxes
from posthouse.providers.base import (
    HttpRequest,
    HttpResponse,
    Identity,
    Spec,
    by_send_status,
    by_status,
    not_told,
    readable,
    retry_after,
)
from posthouse.routing.capability import EVERYTHING, Can
from posthouse.routing.outcome import Accepted, Outcome, Refused, Throttled, Unauthorised
from posthouse.secret import Secret

URLS: Final = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Annotated[Secret, msgspec.Meta(description="API key, of the account or of the domain (sending key).")]
    domain: Annotated[str, msgspec.Meta(description="The sending domain as Mailgun knows it.", min_length=1)]
    region: Annotated[Literal["us", "eu"], msgspec.Meta(description="Where the domain lives.")] = "us"
    base_url: Annotated[
        str | None, msgspec.Meta(description="Where all calls go, in place of the region's address: a test, a proxy.")
    ] = None


SPEC = Spec(
    name="mailgun",
    title="Mailgun",
    settings=Settings,
    can=EVERYTHING & ~Can.INTERNATIONAL,
    max_bytes=25_000_000,
    max_recipients=1_000,
    env={"api_key": "MAILGUN_API_KEY", "domain": "MAILGUN_DOMAIN"},
)


class Part(msgspec.Struct, frozen=True):
    """One part of a form: a field, or a file when it has a name."""

    field: str
    content: bytes
    filename: str | None = None
    content_type: str = ""


def request(envelope: Envelope, settings: Settings, now: float) -> HttpRequest:
    """`POST /v3/{domain}/messages`, or `…/messages.mime` for a message without `to`."""
    message = envelope.owed
    metadata = {**dict(message.metadata), "posthouse_id": envelope.id}
    labels = [(f"v:{key}", value) for key, value in metadata.items()]
    labels += (("o:tag", tag) for tag in message.tags)
    if message.to:
        endpoint = "messages"
        fields = _fields(message, envelope.message_id) + labels
        files = [_file(attachment) for attachment in message.attachments]
    else:
        endpoint = "messages.mime"
        fields = [("to", recipient.email) for recipient in message.recipients] + labels
        files = [Part("message", encode(envelope), "message.eml", "message/rfc822")]
    boundary, body = form([*(Part(name, value.encode()) for name, value in fields), *files], envelope.id)
    headers = _headers(settings)
    headers["content-type"] = f"multipart/form-data; boundary={boundary}"
    return HttpRequest("POST", _url(settings, "v3", endpoint), headers, body)


def outcome(response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
    """By the words of the answer where the status alone does not tell."""
    status, text = response.status, _text(response)
    detail = readable(text or response.text()) or None
    if 200 <= status < 300:
        return _success(response, text, now)
    if status in (420, 429):
        wait = _wait(text, response, now)
        return Throttled(status, detail, retry_after_s=wait, quota=status == 420 or (wait or 0) >= 3600)
    if status == 400 and _restricted(text):
        return Unauthorised(status, detail)
    if status == 400 and _bad_recipient(text):
        return Refused("recipient", status, detail)
    return by_send_status(response, now, detail)


def probe(settings: Settings, now: float) -> HttpRequest:
    """`GET /v4/domains/{domain}`: needs an account key."""
    return HttpRequest("GET", _url(settings, "v4/domains"), _headers(settings))


def probed(response: HttpResponse) -> Outcome:
    """Accepted when the domain is active."""
    if response.status != 200:
        return by_status(response)
    body = response.json()
    if not isinstance(body, dict):
        return _stranger(response)
    match body:
        case {"domain": {"state": str(state)}} | {"state": str(state)} if state != "active":
            return Unauthorised(200, readable(f"the domain is {state}"))
    return Accepted(200)


def identity(domain: str, settings: Settings, now: float) -> HttpRequest:
    """The probe's own call: what Mailgun sends from is its domain in the settings, and is asked for alone."""
    return probe(settings, now)


def identified(response: HttpResponse, domain: str) -> Identity:
    """By the state of the domain; its records name the DKIM keys."""
    match response.json():
        case {"domain": {"name": str(name), "state": str(state)}, **rest} if response.status == 200:
            wanted = rest.get("sending_dns_records")
            names = [one.get("name") for one in wanted if isinstance(one, dict)] if isinstance(wanted, list) else []
            keys = tuple([one for one in names if isinstance(one, str) and "._domainkey." in one])
            return Identity(state == "active", readable(f"{name} is {state}"), keys, name)
    return not_told(response, "a key of the account, not a domain's sending key")


_after = re.compile(r"after (\d{1,9}) second").search
_restricted = re.compile(r"authorized recipient|sandbox|not allowed to send|disabled", re.IGNORECASE).search
"""The account or the domain may not send (seen by users; Mailgun does not document the words)."""
_bad_recipient = re.compile(r"\b(to|cc|bcc)\b.{0,3} parameter is not a valid address", re.IGNORECASE).search


def _success(response: HttpResponse, text: str, now: float) -> Outcome:
    """What a 2xx means: it is believed without an id too, but not with other words than "Queued"."""
    match response.json():
        case {"id": str(id)} if id:
            return Accepted(response.status, message_id=id.removeprefix("<").removesuffix(">"))
        case dict() if text and not text.startswith("Queued"):
            return by_send_status(response, now, readable(text))
        case dict():
            return Accepted(response.status, "accepted without an id")
    return _stranger(response) if response.body.strip() else Accepted(response.status, "accepted without an id")


def _text(response: HttpResponse) -> str:
    match response.json():
        case {"message": str(message)}:
            return message
    return ""


def _wait(text: str, response: HttpResponse, now: float) -> float | None:
    asked = retry_after(response, now)
    found = _after(text)
    return asked if asked is not None or found is None else float(found[1])


def _stranger(response: HttpResponse) -> Unauthorised:
    return Unauthorised(response.status, readable(f"wrong domain or base_url: {response.text()}"))


def _url(settings: Settings, version: str, *rest: str) -> str:
    base = (settings.base_url or URLS[settings.region]).rstrip("/")
    return "/".join((base, version, quote(settings.domain, safe=""), *rest))


def _headers(settings: Settings) -> dict[str, str]:
    key = b64encode(f"api:{settings.api_key.reveal()}".encode()).decode()
    return {"authorization": f"Basic {key}", "accept": "application/json"}


def _fields(message: Message, message_id: str) -> list[tuple[str, str]]:
    fields = [("from", _mailbox(message.sender))]
    fields += (("to", _mailbox(address)) for address in message.to)
    fields += (("cc", _mailbox(address)) for address in message.cc)
    fields += (("bcc", _mailbox(address)) for address in message.bcc)
    fields.append(("subject", message.subject))
    if message.text or not message.html:
        fields.append(("text", message.text or " "))
    if message.html:
        fields.append(("html", message.html))
    fields.append(("h:Message-Id", message_id))
    if message.reply_to:
        fields.append(("h:Reply-To", mailboxes(message.reply_to)))
    fields += ((f"h:{name}", ascii_text(value)) for name, value in message.headers)
    return fields


def _mailbox(address: Address) -> str:
    """As UTF-8, but for a name that Mailgun would decode although it is meant as it stands."""
    return mailboxes((address,)) if is_encoded_word(address.name) else shown(address)


def _file(attachment: Attachment) -> Part:
    field, name = ("inline", attachment.content_id) if attachment.inline else ("attachment", attachment.filename)
    # A file without a name would be dropped in silence.
    return Part(field, attachment.content, name or "attachment", attachment.content_type)


def form(parts: list[Part], seed: str) -> tuple[str, bytes]:
    """A multipart form (RFC 7578): its boundary, made of the seed and found in none of the parts, and its body."""
    boundary, tries = f"posthouse-{seed}", 0
    while any(boundary.encode() in part.content for part in parts):
        tries += 1
        boundary = f"posthouse-{seed}-{tries}"
    chunks: list[bytes] = []
    for part in parts:
        chunks += (b"--", boundary.encode(), b"\r\n", _head(part), b"\r\n\r\n", part.content, b"\r\n")
    return boundary, b"".join((*chunks, b"--", boundary.encode(), b"--\r\n"))


def _head(part: Part) -> bytes:
    head = f'Content-Disposition: form-data; name="{_escaped(part.field)}"'
    if part.filename is not None:
        kind = part.content_type.translate(_LINE_BREAKS)
        head += f'; filename="{_escaped(part.filename)}"\r\nContent-Type: {kind}'
    return head.encode()


def _escaped(text: str) -> str:
    """As browsers write names in forms (WHATWG): UTF-8, quotes and line breaks percent-encoded.

    The backslash too, which some readers take for an escape.
    """
    return text.replace('"', "%22").replace("\\", "%5C").translate(_LINE_BREAKS)


_LINE_BREAKS: Final = str.maketrans({"\r": "%0D", "\n": "%0A"})
