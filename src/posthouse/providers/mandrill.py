"""Mailchimp Transactional (Mandrill), messages/send: JSON in, one result for each recipient out.

https://mailchimp.com/developer/transactional/api/messages/send-new-message/ (checked 2026-11)

- A 200 is not acceptance: each recipient has a status, and a message may be `queued` behind an account that is
  suspended, paused or out of quota. That one may still go out, so it is Unsure, never simply sent elsewhere.
- Errors are told by their `name`: the status was 500 for all of them once and still is for some (a bad key is 401 or
  500, says django-anymail).
- Beyond 10 recipients Mandrill only queues, whatever `async` says, and refuses later, by webhook.
- `preserve_recipients` is sent, or an account's setting would decide whether `to` and `cc` are shown.
- `merge: false` is sent, or an account's setting might evaluate `*|TAGS|*` and `{{braces}}` of the content.
- Ours is the metadata `posthouse_id`. Every recipient has an id of its own at Mandrill; the first accepted one is kept.
- `Message-Id` is ours; Mandrill says that "most headers are allowed", not that this one is.
- File names and header values outside ASCII are put into headers as raw bytes, which some programs garble
  (github.com/anymail/django-anymail/discussions/257): they go as RFC 2047 encoded words. Display names cannot be
  helped: Mandrill quotes its own encoded words.
- What is shown inline must be an image, and has no file name: Mandrill puts the content id in its place.
- Tags are of at most 50 characters and do not begin with `_`; for more, Mandrill refuses and another may take it.
- 25 MB is what users report, and no number of recipients is documented: the specification names neither.
- The path names version 1.0; the newer ones in Mailchimp's own libraries (1.3, 1.4) take and answer the same.
"""

from typing import Annotated, Any, Literal

import msgspec

from posthouse.mail.message import Envelope, Message
from posthouse.mail.words import ascii_text, encoded_word, mailboxes
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
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Recipient, Refused, Throttled, Unauthorised, Unsure
from posthouse.secret import Secret

URL = "https://mandrillapp.com"
_encode = msgspec.json.Encoder().encode


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Annotated[Secret, msgspec.Meta(description="API key; a test key sends nowhere.")]
    base_url: Annotated[
        str | None, msgspec.Meta(description=f"Where all calls go, in place of `{URL}`: a test, a proxy.")
    ] = None


SPEC = Spec(
    name="mandrill",
    title="Mailchimp Transactional (Mandrill)",
    settings=Settings,
    can=EVERYTHING & ~Can.INTERNATIONAL,
    max_bytes=25_000_000,
    max_recipients=1_000,
    env={"api_key": "MANDRILL_API_KEY"},
)


def request(envelope: Envelope, settings: Settings, now: float) -> HttpRequest:
    """`POST /api/1.0/messages/send.json`."""
    message = envelope.owed
    headers = {"Message-Id": envelope.message_id}
    if message.reply_to:
        headers["Reply-To"] = mailboxes(message.reply_to)
    headers.update((name, ascii_text(value)) for name, value in message.headers)
    body = {
        "from_email": message.sender.email,
        "from_name": message.sender.name,
        "to": _recipients(message),
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "headers": headers,
        "attachments": [
            {"type": one.content_type, "name": encoded_word(one.filename), "content": one.content}
            for one in message.attachments
            if not one.inline
        ],
        "images": [
            {"type": one.content_type, "name": one.content_id, "content": one.content}
            for one in message.attachments
            if one.inline
        ],
        "tags": message.tags,
        "metadata": {**dict(message.metadata), "posthouse_id": envelope.id},
    }
    said = {field: value for field, value in body.items() if value}
    return _call(settings, "messages/send.json", message={**said, "merge": False, "preserve_recipients": True})


def outcome(response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
    """By recipient where there are results; else by the name of the error; else by the status."""
    body = response.json()
    if 200 <= response.status < 300 and isinstance(body, list):
        return _by_recipient([one for one in body if isinstance(one, dict)], response, envelope)
    if 200 <= response.status < 300 and response.page:
        return _stranger(response)
    return _by_name(body, response, now) or by_send_status(response, now)


def probe(settings: Settings, now: float) -> HttpRequest:
    """`POST /api/1.0/users/ping2.json`."""
    return _call(settings, "users/ping2.json")


def probed(response: HttpResponse) -> Outcome:
    if 200 <= response.status < 300 and response.page:
        return _stranger(response)
    return _by_name(response.json(), response, 0.0) or by_status(response)


def identity(domain: str, settings: Settings, now: float) -> HttpRequest:
    """`POST /api/1.0/senders/domains.json`: all of them. (`check-domain` would add one that is not there.)"""
    return _call(settings, "senders/domains.json")


def identified(response: HttpResponse, domain: str) -> Identity:
    """By `valid_signing` and `verified_at`: without both nothing is sent."""
    body = response.json()
    if not 200 <= response.status < 300 or not isinstance(body, list):
        return not_told(response, "the call senders/domains")
    found = next((one for one in body if isinstance(one, dict) and one.get("domain") == domain), None)
    if found is None:
        return Identity(False, f"{domain} is not among the sending domains")
    if not found.get("verified_at"):
        return Identity(False, f"nobody has confirmed yet that {domain} is theirs")
    valid = found.get("valid_signing") is True
    return Identity(valid, f"Mandrill {'can' if valid else 'cannot'} sign for {domain}")


_ACCEPTED = frozenset({"sent", "scheduled"})
_ON_ITS_WAY = frozenset({"", "attachments", "multiple-recipients", "sending-backlogged"})
"""Reasons to queue that are Mandrill's own; every other one is a fault of the account, and holds the message."""
_ACCOUNT = frozenset({"unsigned", "invalid-sender", "test-mode-limit"})
"""Reasons to reject that are about the account; every other one is about the recipient."""
_OWN_LIMITS = ('"attachments"', '"headers"', '"images"', '"metadata"', '"tags"')
"""Fields whose rules are Mandrill's own: what it refuses there, another provider may carry."""
_NAMES: dict[str, type[Deferred | Throttled | Unauthorised]] = {
    "Invalid_Key": Unauthorised,
    "PaymentRequired": Unauthorised,
    "Unknown_Subaccount": Unauthorised,
    "Unknown_Template": Unauthorised,
    "RequestLimitExceeded": Throttled,
    "ServiceUnavailable": Deferred,
    "GeneralError": Deferred,
}


def _call(settings: Settings, path: str, **body: Any) -> HttpRequest:
    url = f"{(settings.base_url or URL).rstrip('/')}/api/1.0/{path}"
    headers = {"accept": "application/json", "content-type": "application/json"}
    return HttpRequest("POST", url, headers, _encode({"key": settings.api_key.reveal(), **body}))


def _recipients(message: Message) -> list[dict[str, str]]:
    found = [("to", one) for one in message.to]
    found += [("cc", one) for one in message.cc]
    found += [("bcc", one) for one in message.bcc]
    return [{"email": one.email, "type": field} | ({"name": one.name} if one.name else {}) for field, one in found]


class _Verdict(msgspec.Struct, frozen=True):
    """What became of one recipient.

    held: in a queue of Mandrill's that does not move. account: refused, for a fault that is not the recipient's.
    """

    email: str
    kind: Literal["served", "held", "account", "rejected"]
    why: str
    id: str | None


def _by_recipient(results: list[dict[str, Any]], response: HttpResponse, envelope: Envelope) -> Outcome:
    """Accepted as soon as somebody is served; those who are not are then told one by one.

    Whoever is held is never among the unserved: that mail may still go out.
    """
    ours = {address.email.lower(): address.email for address in envelope.owed.recipients}
    verdicts = [_verdict(one, ours) for one in results]
    served = [one for one in verdicts if one.kind == "served"]
    others = [one for one in verdicts if one.kind != "served"]
    kinds = {one.kind for one in others}
    detail = readable("; ".join(f"{one.email}: {one.why}" for one in others)) or None
    if served:
        unserved = [Recipient(one.email, one.kind == "rejected", one.why) for one in others if one.kind != "held"]
        id = next((one.id for one in served if one.id), None)
        return Accepted(response.status, detail, id, tuple(unserved))
    if not others or "held" in kinds:
        return Unsure(response.status, detail or "no result for any recipient")
    if "account" in kinds:
        return Unauthorised(response.status, detail)
    return Refused("recipient", response.status, detail)


def _verdict(result: dict[str, Any], ours: dict[str, str]) -> _Verdict:
    email, status, id = str(result.get("email")), str(result.get("status") or ""), result.get("_id")
    reason = str(result.get("queued_reason" if status == "queued" else "reject_reason") or "")
    kind: Literal["served", "held", "account", "rejected"] = "held"
    if status in _ACCEPTED or (status == "queued" and reason in _ON_ITS_WAY):
        kind = "served"
    elif status == "rejected" and reason in _ACCOUNT:
        kind = "account"
    elif status in ("rejected", "invalid"):
        kind = "rejected"
    why = readable(f"{status} ({reason})" if reason else status)
    return _Verdict(ours.get(email.lower(), readable(email)), kind, why, id if isinstance(id, str) else None)


def _by_name(body: Any, response: HttpResponse, now: float) -> Outcome | None:
    """What `{"status": "error", "name": …}` means under whatever HTTP status; None where the name says nothing."""
    match body:
        case {"status": "error", "name": str(name)}:
            detail = readable(f"{name}: {body.get('message') or ''}")
            kind = _NAMES.get(name)
            if name == "ValidationError":
                own = any(field in str(body.get("message")) for field in _OWN_LIMITS)
                return Refused("content" if own else "message", response.status, detail)
            if kind is Throttled:
                return Throttled(response.status, detail, retry_after_s=retry_after(response, now))
            return None if kind is None else kind(response.status, detail)
    return None


def _stranger(response: HttpResponse) -> Unauthorised:
    return Unauthorised(response.status, readable(f"not Mandrill's answer: {response.text()}"))
