"""Twilio SendGrid, v3 Mail Send: JSON in, an empty 202 out.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send (checked 2026-11)

- The id of the message comes in the header `X-Message-Id`, the body is empty. Ours travels as the custom argument
  `posthouse_id`, which SendGrid puts at the top level of each of its events, beside the sender's metadata.
- `Message-ID` is ours. SendGrid keeps it in the message; its own `smtp-id` in events does not always show it.
- Templating does not touch the content: without `template_id`, `substitutions` and `asm`, braces, `-tags-` and `<% %>`
  stay as they are. Footers, tracking and unsubscribe links are settings of the account, and the operator's choice.
- An envelope needs a `to`. Without one, the cc are named there; with bcc alone, each gets an envelope of their own,
  so that nobody sees another.
- Empty strings are errors: an empty subject is sent as one space, an empty body is left out.
- File names and header values outside ASCII are put into headers as raw bytes, which some programs garble
  (github.com/sendgrid/sendgrid-csharp/issues/667): both go as RFC 2047 encoded words, which readers of mail understand
  in either place.
- Text attachments lose their charset (github.com/anymail/django-anymail/issues/150). Nothing can be done here.
- At most 10 categories of 255 characters, 10,000 bytes of custom arguments, no empty attachments: SendGrid answers 400
  and names the field, and another provider may take the message.
- 200 in place of 202 is the answer of the sandbox mode, which is never asked for here.
- 30 MB in all is what users report; SendGrid's specification names no size.
- EU subusers send through `base_url: https://api.eu.sendgrid.com`; the other region answers 451.
"""

from typing import Annotated, Any

import msgspec

from posthouse.mail.mailbox import each_once
from posthouse.mail.message import Address, Attachment, Envelope, Message
from posthouse.mail.words import ascii_text, encoded_word
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
from posthouse.routing.outcome import Accepted, Outcome, Refused, Throttled, Unauthorised, Unsure
from posthouse.secret import Secret

URL = "https://api.sendgrid.com"
_encode = msgspec.json.Encoder().encode


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Annotated[Secret, msgspec.Meta(description="API key (`SG.…`) with the scope `mail.send`.")]
    base_url: Annotated[
        str | None,
        msgspec.Meta(description=f"Where all calls go, in place of `{URL}`: the EU region, a test, a proxy."),
    ] = None


SPEC = Spec(
    name="sendgrid",
    title="Twilio SendGrid",
    settings=Settings,
    can=EVERYTHING & ~Can.INTERNATIONAL,
    max_bytes=30_000_000,
    max_recipients=1_000,
    env={"api_key": "SENDGRID_API_KEY"},
)


def request(envelope: Envelope, settings: Settings, now: float) -> HttpRequest:
    """`POST /v3/mail/send`."""
    message = envelope.owed
    # An Address is written as {"email", "name"} without an empty name, which is what SendGrid calls an email object.
    body: dict[str, Any] = {
        "personalizations": _envelopes(message),
        "from": message.sender,
        "subject": message.subject or " ",
        "content": _content(message),
        "headers": {"Message-ID": envelope.message_id},
        "custom_args": {**dict(message.metadata), "posthouse_id": envelope.id},
    }
    if message.reply_to:
        several = len(message.reply_to) > 1
        body["reply_to_list" if several else "reply_to"] = message.reply_to if several else message.reply_to[0]
    if message.headers:
        body["headers"].update((name, ascii_text(value)) for name, value in message.headers)
    if message.attachments:
        body["attachments"] = [_attachment(attachment) for attachment in message.attachments]
    if message.tags:
        body["categories"] = tuple(dict.fromkeys(message.tags))
    headers = _headers(settings)
    headers["content-type"] = "application/json"
    return HttpRequest("POST", f"{_base(settings)}/v3/mail/send", headers, _encode(body))


def outcome(response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
    """202 is acceptance whatever it carries, but for a page (not SendGrid's) and for errors (not what 202 means)."""
    status = response.status
    errors = _errors(response)
    detail = readable("; ".join(": ".join(filter(None, error)) for error in errors)) or None
    if 200 <= status < 300:
        if errors:
            return Unsure(status, detail)
        if response.page:
            return _stranger(response)
        return Accepted(status, message_id=response.headers.get("x-message-id") or None)
    if status == 429:
        return Throttled(status, detail or response.text() or None, retry_after_s=_wait(response, now))
    if status == 400 and any(field.partition(".")[0] in _OWN_LIMITS for field, _ in errors):
        return Refused("content", status, detail)
    return by_send_status(response, now, detail)


def probe(settings: Settings, now: float) -> HttpRequest:
    """`GET /v3/scopes`: every key may read its own."""
    return HttpRequest("GET", f"{_base(settings)}/v3/scopes", _headers(settings))


def probed(response: HttpResponse) -> Outcome:
    """Accepted when the key may send."""
    if response.status != 200:
        return by_status(response)
    if response.page:
        return _stranger(response)
    match response.json():
        case {"scopes": list(scopes)} if "mail.send" not in scopes:
            return Unauthorised(200, "the key lacks the scope mail.send")
    return Accepted(200)


def identity(domain: str, settings: Settings, now: float) -> HttpRequest:
    """`GET /v3/whitelabel/domains`, the authenticated domains."""
    return HttpRequest("GET", f"{_base(settings)}/v3/whitelabel/domains?domain={domain}", _headers(settings))


def identified(response: HttpResponse, domain: str) -> Identity:
    """By `valid`; the records that SendGrid wants name the DKIM keys and the return path."""
    body = response.json()
    if response.status != 200 or not isinstance(body, list):
        return not_told(response, "the scope whitelabel.read")
    found = [one for one in body if isinstance(one, dict) and one.get("domain") == domain]
    if not found:
        return Identity(
            None, f"{domain} is not among the authenticated domains; a verified single sender sends as well"
        )
    one = next((one for one in found if one.get("valid") is True), found[0])
    wanted = one.get("dns")
    hosts = {
        name: record["host"]
        for name, record in (wanted.items() if isinstance(wanted, dict) else ())
        if isinstance(record, dict) and isinstance(record.get("host"), str)
    }
    keys = tuple([host for name, host in hosts.items() if name.startswith("dkim")])
    path = hosts.get("mail_cname") or hosts.get("subdomain_spf")  # the latter without automated security
    verified = one.get("valid") is True
    return Identity(verified, "authenticated" if verified else "not authenticated", keys, path)


_OWN_LIMITS = frozenset({"attachments", "categories", "custom_args", "headers"})
"""Fields whose rules are SendGrid's own: what it refuses there, another provider may carry."""


def _base(settings: Settings) -> str:
    return (settings.base_url or URL).rstrip("/")


def _headers(settings: Settings) -> dict[str, str]:
    return {"authorization": f"Bearer {settings.api_key.reveal()}", "accept": "application/json"}


def _envelopes(message: Message) -> list[dict[str, tuple[Address, ...]]]:
    """One for all recipients, nobody in it twice; one each where there are bcc alone."""
    if len(message.recipients) == 1 and message.to:
        return [{"to": message.to}]  # nearly all of them
    to, cc, bcc = each_once(message.to, message.cc, message.bcc)
    if not to and not cc:
        return [{"to": (recipient,)} for recipient in bcc]
    named = {"to": to, "cc": cc, "bcc": bcc} if to else {"to": cc, "bcc": bcc}
    return [{field: addresses for field, addresses in named.items() if addresses}]


def _content(message: Message) -> list[dict[str, str]]:
    """The plain text stands first, or SendGrid refuses the message."""
    parts = (("text/plain", message.text), ("text/html", message.html))
    return [{"type": kind, "value": text} for kind, text in parts if text] or [{"type": "text/plain", "value": " "}]


def _attachment(attachment: Attachment) -> dict[str, Any]:
    found: dict[str, Any] = {
        "content": attachment.content,
        "filename": encoded_word(attachment.filename),
        "type": attachment.content_type,
        "disposition": "attachment",
    }
    if attachment.inline:
        found |= {"disposition": "inline", "content_id": attachment.content_id}
    return found


def _errors(response: HttpResponse) -> list[tuple[str, str]]:
    """(field, message) of each error; the field is often empty."""
    match response.json():
        case {"errors": list(errors)}:
            found = [error for error in errors if isinstance(error, dict)]
            return [(str(error.get("field") or ""), str(error.get("message") or "")) for error in found]
    return []


def _stranger(response: HttpResponse) -> Unauthorised:
    return Unauthorised(response.status, readable(f"not SendGrid's answer: {response.text()}"))


def _wait(response: HttpResponse, now: float) -> float | None:
    """Seconds from now: `X-RateLimit-Reset` is an instant, in seconds since the epoch."""
    asked = retry_after(response, now)
    if asked is not None:
        return asked
    try:
        wait = float(response.headers["x-ratelimit-reset"]) - now
    except (KeyError, ValueError):
        return None
    return wait if 0 <= wait < 1e9 else None
