"""Amazon SES, API v2 SendEmail: a finished MIME message inside JSON, signed with Signature Version 4.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (checked 2026-11)

- Always `Content.Raw`, never `Simple`: one path for everything, and `Simple` takes 15 headers at most, ASCII only, and
  no `X-…` that SES sets itself. The key needs `ses:SendEmail` and `ses:SendRawEmail`; a refusal names the second.
- `Destination` is the envelope and the only way to a bcc; it leaves To and Cc of the MIME as they are.
  `FromEmailAddress` is not sent, since it would replace the From header.
- `Message-ID` and `Date` are replaced by SES (docs.aws.amazon.com/ses/latest/dg/header-fields.html); its notifications
  show ours among the original headers. Ours is also the message tag `posthouse_id`, in published events.
- Tags and metadata go as headers, `X-Posthouse-Tag` and `X-Posthouse-Metadata-NAME`, which recipients can see: message
  tags take letters, digits, `_` and `-` only.
- Templates are another kind of content: braces stay. `{{ses:openTracker}}` alone is replaced, where a configuration set
  tracks opens.
- An error's type stands in the header `x-amzn-ErrorType`; 400 is used for refusals, quotas and suspended accounts
  alike, and only the text of a `MessageRejected` tells a content refusal from an address that is not verified.
- A signature that does not match is answered with the canonical request, session token and all: it is not kept.
- There are no rate-limit headers. No idempotency: a repeated call sends twice.
- Local parts outside ASCII are refused. 50 recipients; 40 MB after encoding.
- The probe needs `ses:GetAccount`; the question for a domain (GetEmailIdentity) `ses:GetEmailIdentity`.
"""

from typing import Annotated, Any, Final

import msgspec

from posthouse.mail.message import Address, Envelope
from posthouse.mail.mime import encode
from posthouse.providers.base import (
    HttpRequest,
    HttpResponse,
    Identity,
    Method,
    Spec,
    by_send_status,
    by_status,
    not_told,
    readable,
    retry_after,
)
from posthouse.providers.sigv4 import sign
from posthouse.routing.capability import EVERYTHING, Can
from posthouse.routing.outcome import Accepted, Outcome, Refused, Throttled, Unauthorised
from posthouse.secret import Secret

_json = msgspec.json.Encoder().encode


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    region: Annotated[str, msgspec.Meta(description="AWS region, like `eu-central-1`.", pattern="^[a-z0-9-]+$")]
    access_key_id: Annotated[str, msgspec.Meta(description="Access key id.", pattern="^[^\\s,/=]+$")]
    secret_access_key: Annotated[Secret, msgspec.Meta(description="Secret access key.")]
    session_token: Annotated[Secret | None, msgspec.Meta(description="Token of temporary credentials.")] = None
    configuration_set: Annotated[
        str | None, msgspec.Meta(description="Configuration set: where events are published, what is tracked.")
    ] = None
    base_url: Annotated[
        str | None, msgspec.Meta(description="Where all calls go, in place of the region's address: a test, a proxy.")
    ] = None


SPEC = Spec(
    name="ses",
    title="Amazon SES",
    settings=Settings,
    can=EVERYTHING & ~Can.INTERNATIONAL,
    max_bytes=40_000_000,
    max_recipients=50,
    env={
        "region": "AWS_REGION",
        "access_key_id": "AWS_ACCESS_KEY_ID",
        "secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "session_token": "AWS_SESSION_TOKEN",
    },
)


def request(envelope: Envelope, settings: Settings, now: float) -> HttpRequest:
    """`POST /v2/email/outbound-emails`."""
    message = envelope.owed
    labels = [("X-Posthouse-Tag", tag) for tag in message.tags]
    labels += ((f"X-Posthouse-Metadata-{key}", value) for key, value in message.metadata)
    everybody = {"ToAddresses": message.to, "CcAddresses": message.cc, "BccAddresses": message.bcc}
    body: dict[str, Any] = {
        "Destination": {field: _emails(addresses) for field, addresses in everybody.items() if addresses},
        "Content": {"Raw": {"Data": encode(envelope, labels)}},
        "EmailTags": [{"Name": "posthouse_id", "Value": envelope.id}],
    }
    if settings.configuration_set:
        body["ConfigurationSetName"] = settings.configuration_set
    return _call("POST", "/v2/email/outbound-emails", settings, now, _json(body))


def outcome(response: HttpResponse, envelope: Envelope, now: float) -> Outcome:
    """By the type of the error, which counts more than the status."""
    type_, text = _error(response)
    kind = type_.removesuffix("Exception")
    detail = readable(f"{type_}: {text}" if kind else text) or None
    if not kind and 200 <= response.status < 300:
        return _success(response, text, now)
    if kind in _THROTTLES:
        quota = kind == "LimitExceeded" or "daily message quota" in text.lower()
        return Throttled(response.status, detail, retry_after_s=retry_after(response, now), quota=quota)
    if kind == "MessageRejected":
        at_fault = any(words in text.lower() for words in ("not verified", "suspended", "paused"))
        return Unauthorised(response.status, detail) if at_fault else Refused("content", response.status, detail)
    if kind in _MISCONFIGURED:
        return Unauthorised(response.status, detail)
    return by_send_status(_without_echo(response), now, detail)


def probe(settings: Settings, now: float) -> HttpRequest:
    """`GET /v2/email/account`."""
    return _call("GET", "/v2/email/account", settings, now)


def probed(response: HttpResponse) -> Outcome:
    """Accepted when the account may send, and has not used up its day."""
    if response.status != 200:
        type_, _ = _error(response)
        throttled = type_.removesuffix("Exception") in _THROTTLES
        return Throttled(response.status, type_) if throttled else by_status(_without_echo(response))
    match response.json():
        case {"SendingEnabled": False} | {"EnforcementStatus": "SHUTDOWN"}:
            return Unauthorised(200, "sending is switched off for the account")
        case {"SendQuota": {"Max24HourSend": int() | float() as most, "SentLast24Hours": int() | float() as sent}} if (
            0 <= most <= sent
        ):
            return Throttled(200, f"{sent:g} of {most:g} messages sent in the last 24 hours", quota=True)
        case dict():
            return Accepted(200)
    return _stranger(response)


def identity(domain: str, settings: Settings, now: float) -> HttpRequest:
    """`GET /v2/email/identities/{domain}`."""
    return _call("GET", f"/v2/email/identities/{domain}", settings, now)


def identified(response: HttpResponse, domain: str) -> Identity:
    """By `VerifiedForSendingStatus`; its tokens name the DKIM keys, and the MAIL FROM domain is the return path."""
    if response.status == 404 and _error(response)[0].startswith("NotFound"):
        return Identity(False, f"this region does not know {domain}; a verified address alone cannot be asked for")
    body = response.json()
    if response.status != 200 or not isinstance(body, dict):
        return not_told(_without_echo(response), "ses:GetEmailIdentity")
    keys, path = body.get("DkimAttributes"), body.get("MailFromAttributes")
    tokens = keys.get("Tokens") if isinstance(keys, dict) else None
    tokens = tokens if isinstance(tokens, list) else []
    own = path.get("MailFromDomain") if isinstance(path, dict) else None
    verified = body.get("VerifiedForSendingStatus") is True
    status = readable(str(keys.get("Status", "unknown"))) if isinstance(keys, dict) else "unknown"
    return Identity(
        verified,
        f"{'verified' if verified else 'not verified'} for sending, DKIM {status}",
        tuple([f"{token}._domainkey.{domain}" for token in tokens if isinstance(token, str)]),
        own if isinstance(own, str) and own else None,
    )


_THROTTLES: Final = frozenset({"LimitExceeded", "Throttling", "TooManyRequests"})
_MISCONFIGURED: Final = frozenset(
    {
        *("AccountSuspended", "MailFromDomainNotVerified", "NotFound", "SendingPaused"),
        *("AccessDenied", "ExpiredToken", "IncompleteSignature", "InvalidSignature", "NotAuthorized"),
        *("SignatureDoesNotMatch", "UnrecognizedClient"),
    }
)
"""Types of errors without the ending `Exception`, which some have and some have not."""


def _call(method: Method, path: str, settings: Settings, now: float, body: bytes = b"") -> HttpRequest:
    base = (settings.base_url or f"https://email.{settings.region}.amazonaws.com").rstrip("/")
    headers = {"accept": "application/json"}
    if body:
        headers["content-type"] = "application/json"
    return sign(
        HttpRequest(method, base + path, headers, body),
        region=settings.region,
        service="ses",
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
        session_token=settings.session_token,
        now=now,
    )


def _emails(addresses: tuple[Address, ...]) -> list[str]:
    return [address.email for address in addresses]


def _success(response: HttpResponse, text: str, now: float) -> Outcome:
    """What a 2xx means: it is believed without an id too, but not when it speaks of something else."""
    match response.json():
        case {"MessageId": str(id)} if id:
            return Accepted(response.status, message_id=id)
        case dict() if text:
            return by_send_status(response, now, readable(text))
        case dict():
            return Accepted(response.status, "accepted without an id")
    return _stranger(response) if response.body.strip() else Accepted(response.status, "accepted without an id")


def _error(response: HttpResponse) -> tuple[str, str]:
    """The type of the error, bare (`FooException` of `ns#FooException:http://…`), and its text; each may be empty."""
    body = response.json()
    said = body if isinstance(body, dict) else {"message": response.body.decode("utf-8", "replace")}
    type_ = str(response.headers.get("x-amzn-errortype") or said.get("__type") or "")
    text = str(said.get("message") or said.get("Message") or "")
    return type_.partition(":")[0].rpartition("#")[2], text.partition(_ECHO)[0]


_ECHO: Final = "The Canonical String"
"""What follows these words is our own request, with the session token in it."""


def _without_echo(response: HttpResponse) -> HttpResponse:
    return msgspec.structs.replace(response, body=response.body.partition(_ECHO.encode())[0])


def _stranger(response: HttpResponse) -> Unauthorised:
    return Unauthorised(response.status, readable(f"not the answer of SES: {response.text()}"))
