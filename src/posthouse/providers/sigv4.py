"""AWS Signature Version 4, the part SES needs: one request, its body in memory, signed in a header.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (checked 2026-11). The test
compares every signature with botocore's own signer.

The signature covers the method, the path, the query, the body, `host` and every header of the request; it dies
fifteen minutes after `now`, so a clock that is wrong by more shows up as 403.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from posthouse.providers.base import HttpRequest
from posthouse.secret import Secret

ALGORITHM: Final = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def sign(
    request: HttpRequest,
    *,
    region: str,
    service: str,
    access_key_id: str,
    secret_access_key: Secret,
    session_token: Secret | None,
    now: float,
) -> HttpRequest:
    """The same request with `x-amz-date`, `x-amz-security-token` (where there is a token) and `authorization`.

    now: seconds since the epoch. The path has no `.`, `..` or empty segments, the query is percent-encoded already,
    and header names are unique without regard to case. `host` is signed as an HTTP client writes it, and not added.
    """
    timestamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": timestamp}
    if session_token is not None:
        added["x-amz-security-token"] = session_token.reveal()
    headers = request.headers | added
    covered, canonical = _canonical(msgspec.structs.replace(request, headers=headers))
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    message = "\n".join((ALGORITHM, timestamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret_access_key.reveal()}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    headers["authorization"] = (
        f"{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={covered}, "
        f"Signature={hmac.digest(key, message.encode(), 'sha256').hex()}"
    )
    return msgspec.structs.replace(request, headers=headers)


def _canonical(request: HttpRequest) -> tuple[str, str]:
    """The names of the covered headers, and the request in the one form both sides can compute."""
    url = urlsplit(request.url)
    lines = {"host": _host(url)} | {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    names = sorted(lines)
    covered = ";".join(names)
    parts = (
        request.method,
        # Encoded once more than on the wire: every service but S3 wants it so.
        quote(url.path or "/"),
        "&".join(f"{name}={value}" for name, _, value in sorted(pair.partition("=") for pair in _pairs(url.query))),
        *(f"{name}:{lines[name]}" for name in names),
        "",
        covered,
        hashlib.sha256(request.body).hexdigest(),
    )
    return covered, "\n".join(parts)


def _pairs(query: str) -> list[str]:
    return query.split("&") if query else []


def _host(url: SplitResult) -> str:
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    return host if url.port in (None, _DEFAULT_PORTS.get(url.scheme)) else f"{host}:{url.port}"
