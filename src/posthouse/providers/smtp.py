"""Any server that takes mail by SMTP submission: a relay, a provider's SMTP side, a company's own.

RFC 5321, with 3207 (STARTTLS), 4954 (AUTH), 3463 (enhanced codes), 1870 (SIZE), 6531 (SMTPUTF8); checked 2026-11.

- What a reply means depends on the stage first, then on its code, then on its enhanced code.
- Recipients are refused one by one, at RCPT only; the rest of the message goes on without them (`unserved`).
- The final dot is the one point of doubt: lost after it was sent and before its answer, the message may have been
  taken (RFC 1047). Lost anywhere earlier, it was not. RFC 5321 (4.5.3.2.6) asks for ten minutes of patience there; a
  shorter `timeout_s` turns slow acceptances into doubt.
- Connections are kept. One found dead, or closed with 421, before the dot is replaced by a fresh one, once.
- TLS is required unless `tls: none` says otherwise; a server that stops offering STARTTLS gets nothing, AUTH
  above all. `SSL_CERT_FILE` names roots other than the system's.
- Tags, metadata and our id go as `X-Posthouse-Tag`, `X-Posthouse-Metadata-NAME` and `X-Posthouse-Id`.
"""

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from posthouse.providers.base import Spec, is_loopback
from posthouse.routing.capability import EVERYTHING
from posthouse.secret import Secret

Tls = Literal["starttls", "tls", "none"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    host: Annotated[str, msgspec.Meta(description="Name or address of the server.")] = ""
    port: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=65535)] | None,
        msgspec.Meta(description="Port; 587, or 465 where `tls` is `tls`, unless said."),
    ] = None
    username: Annotated[str | None, msgspec.Meta(description="Name to sign in with; none: no AUTH.")] = None
    password: Annotated[Secret | None, msgspec.Meta(description="Password to sign in with.")] = None
    tls: Annotated[
        Tls, msgspec.Meta(description="`starttls` (required, not merely tried), `tls` from the first byte, or `none`.")
    ] = "starttls"
    verify: Annotated[
        bool, msgspec.Meta(description="False takes any certificate: for a relay in a network you trust.")
    ] = True
    helo: Annotated[str | None, msgspec.Meta(description="Our name in EHLO; the machine's unless said.")] = None
    connections: Annotated[int, msgspec.Meta(ge=1, le=1000, description="Connections open at the same time.")] = 10
    base_url: Annotated[
        str | None,
        msgspec.Meta(
            description="`smtp://HOST:PORT` or `smtps://HOST:PORT`, in place of host and port. Clear at a"
            " loopback address, for tests."
        ),
    ] = None

    def __post_init__(self) -> None:
        """ValueError names the field that is wrong; a configuration is checked before anything connects."""
        if not self.endpoint[0]:
            raise ValueError("host: expected the name of a server")
        if (self.username is None) != (self.password is None):
            raise ValueError("username, password: expected both or neither")

    @property
    def endpoint(self) -> tuple[str, int, Tls]:
        """Host, port and the kind of TLS, after `base_url` had its say."""
        host, port, tls = self.host, self.port, self.tls
        if self.base_url is not None:
            host, port, tls = read_url(self.base_url, tls)
        return host, port or (465 if tls == "tls" else 587), tls


SPEC: Final = Spec(
    name="smtp",
    title="SMTP server",
    settings=Settings,
    can=EVERYTHING,
    max_bytes=50_000_000,  # the server says less, if it does, in SIZE
    max_recipients=1_000,  # what a server takes at once varies; the rest is still owed
    env={"host": "SMTP_HOST", "port": "SMTP_PORT", "username": "SMTP_USERNAME", "password": "SMTP_PASSWORD"},
)


def read_url(url: str, tls: Tls) -> tuple[str, int | None, Tls]:
    """Host, port and TLS of `smtp://HOST:PORT`; ValueError for anything else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or parts.scheme not in ("smtp", "smtps") or parts.username is not None or parts.path.strip("/"):
        raise ValueError("base_url: expected smtp://HOST:PORT or smtps://HOST:PORT")
    if parts.scheme == "smtps":
        return host, port, "tls"
    return host, port, "none" if is_loopback(host) else tls
