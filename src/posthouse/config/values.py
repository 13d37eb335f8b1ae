"""What one scalar may mean: durations, rates, addresses, keys. Text in, a value or None out.

A plain scalar is read as the field expects it: text keeps `no` and `0123` as they are written, a number is written as
in JSON (`010`, `1_000` and `1:30` are refused rather than guessed), and `true`, `yes`, `on` and their opposites are
booleans where one is expected. A quoted scalar is text, except where `${NAME}` made it: what comes from the
environment is always text and is read as the field expects.
"""

import math
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from posthouse.mail.address import check, parse
from posthouse.mail.message import Address
from posthouse.mail.policy import NAME
from posthouse.mail.problem import Flaw
from posthouse.routing.rules import Rate
from posthouse.secret import Secret


class Digest(bytes):
    """SHA-256 of an API key: 32 bytes. All that is kept of the key; not shown, a weak key could be guessed from it."""

    def __repr__(self) -> str:
        return "Digest(***)"

    __str__ = __repr__


class Endpoint(msgspec.Struct, frozen=True):
    """Where a server listens. host: a name or an IP address without brackets. port: 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Store(msgspec.Struct, frozen=True):
    """Where messages are kept. url: as configured. place: the same for people, without user and password.

    path: of the SQLite file, empty for PostgreSQL.
    """

    dialect: Literal["sqlite", "postgresql"]
    url: Secret
    place: str
    path: str = ""


class Scalar(msgspec.Struct, frozen=True):
    """One value as written. quoted: it stood in quotes (or as a block), so it is text and no number."""

    text: str
    quoted: bool = False


class Leaf(NamedTuple):
    """A kind of scalar: what to say is expected, and how to read it (None, or the flaw, when it is not of the kind)."""

    expected: str
    parse: Callable[[Scalar], Any]


_WHOLE: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_RATE: Final = re.compile(r"([1-9][0-9]{0,8}) ?/ ?([smhd])")
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|[smhdw])")
_DURATION: Final = re.compile(f"({_DURATION_PART.pattern})+")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[-+]\d\d:\d\d)?)?", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_RECIPIENTS: Final = re.compile(r"[^\s@]+@[^\s@]+")
_HOSTS: Final = re.compile(r"((\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]*)(:[0-9]{1,5})?(,|$))*")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


def whole(scalar: Scalar) -> int | None:
    return None if scalar.quoted or not _WHOLE.fullmatch(scalar.text) else int(scalar.text)


def number(scalar: Scalar) -> float | None:
    if scalar.quoted or not _NUMBER.fullmatch(scalar.text):
        return None
    value = float(scalar.text)
    return value if math.isfinite(value) else None


def boolean(scalar: Scalar) -> bool | None:
    return None if scalar.quoted else _BOOLEANS.get(scalar.text.lower())


def duration(scalar: Scalar) -> float | None:
    if not _DURATION.fullmatch(scalar.text):
        return None
    return sum(float(count) * _UNITS_S[unit] for count, unit in _DURATION_PART.findall(scalar.text))


def rate(scalar: Scalar) -> Rate | None:
    match = _RATE.fullmatch(scalar.text)
    return Rate(int(match[1]), _UNITS_S[match[2]]) if match else None


def instant(scalar: Scalar) -> float | None:
    if not _INSTANT.fullmatch(scalar.text):
        return None
    try:
        at = datetime.fromisoformat(scalar.text.upper())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def endpoint(scalar: Scalar) -> Endpoint | None:
    host, colon, port = scalar.text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        return None
    if host.startswith("[") and host.endswith("]"):
        return Endpoint(host[1:-1], int(port)) if _split(f"http://{host}") else None
    if host in ("", "*"):
        return Endpoint("0.0.0.0", int(port))  # noqa: S104  the operator asked for every interface
    return Endpoint(host, int(port)) if _HOST.fullmatch(host) else None


def url(scalar: Scalar) -> str | None:
    parts = _split(scalar.text)
    if parts is None or parts.query or parts.fragment or re.search(r"\s", scalar.text):
        return None
    return scalar.text.rstrip("/")


def origin(scalar: Scalar) -> str | None:
    if scalar.text == "*":
        return "*"
    parts = _split(scalar.text)
    if parts is None or scalar.text != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        return None
    return scalar.text.lower()


def _split(text: str) -> Any:
    """The parts of an http(s) URL with a host, or None."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if good else None


def domain(scalar: Scalar) -> str | None:
    found = check(f"postmaster@{scalar.text}")
    return found.domain if isinstance(found, Address) else None


def mailbox(scalar: Scalar) -> Address | Flaw:
    return parse(scalar.text)


def name(scalar: Scalar) -> str | None:
    return scalar.text if NAME.fullmatch(scalar.text) else None


def recipients(scalar: Scalar) -> str | None:
    text = scalar.text
    return text.lower() if text == "*" or _RECIPIENTS.fullmatch(text) else None


def readable(scalar: Scalar) -> Path | None:
    path = Path(scalar.text)
    return path if path.is_file() and os.access(path, os.R_OK) else None


def secret(scalar: Scalar) -> Secret | None:
    # Files, block scalars and copied variables end in a line break that is no part of the secret.
    text = scalar.text.rstrip("\r\n")
    return Secret(text) if text else None


def key(scalar: Scalar) -> Digest | None:
    """An API key in clear, or its SHA-256 as `sha256:` and 64 hexadecimal digits."""
    text = scalar.text.rstrip("\r\n")
    if text.lower().startswith("sha256:"):
        return Digest.fromhex(text[7:]) if _SHA256.fullmatch(text[7:]) else None
    return Digest(sha256(text.encode()).digest()) if text and text.isprintable() and " " not in text else None


def store(scalar: Scalar) -> Store | None:
    text = scalar.text.rstrip("\r\n")
    if text.startswith("sqlite:///"):
        path = text.removeprefix("sqlite:///")
        usable = path and path.isprintable() and not path.startswith(":") and not path.endswith("/")
        return Store("sqlite", Secret(text), f"sqlite:///{path}", path) if usable else None
    return _postgresql(text) if text.startswith(("postgresql://", "postgres://")) else None


def _postgresql(text: str) -> Store | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    hosts = parts.netloc.rpartition("@")[2]
    # A slash in a password that is not percent-encoded would end the host there, and show the rest of it.
    if not text.isprintable() or not _HOSTS.fullmatch(hosts) or parts.path in ("", "/") or "@" in parts.path:
        return None
    return Store("postgresql", Secret(text), f"postgresql://{hosts}{parts.path}")


Duration = Annotated[float, Leaf("a duration such as 30s, 5m, 24h or 7d", duration)]
"""Seconds, written with a unit: `500ms`, `30s`, `5m`, `24h`, `7d`, `2w`, `1h30m`."""

Instant = Annotated[float, Leaf("a date (2027-01-01) or a time (2027-01-01T12:00:00Z)", instant)]
"""Seconds since the epoch; a date alone is its first moment in UTC."""

Url = Annotated[str, Leaf("a URL such as https://mail.example.com", url)]
"""`http(s)://host…`, without a slash at its end."""

Origin = Annotated[str, Leaf("an origin such as https://app.example.com, or *", origin)]
"""`*`, or scheme, host and port as a browser sends them in `Origin`."""

Domain = Annotated[str, Leaf("a domain such as example.com", domain)]
"""A sending domain in its ASCII form, lower case."""

Name = Annotated[str, Leaf("a name of letters, digits and . _ - + @ (64 at most)", name)]
"""The name of a key, an admin, a class or a provider: it stands in addresses of pages, metrics and logs."""

Recipients = Annotated[str, Leaf("an address or a pattern such as *@example.com", recipients)]
"""An address, or a pattern of addresses: `*@example.com`."""

Readable = Annotated[Path, Leaf("the path of a file that can be read", readable)]
"""A file that can be read; a relative path counts from the working directory."""

LEAVES: Final[dict[Any, Leaf]] = {
    str: Leaf("text", lambda scalar: scalar.text),
    bool: Leaf("true or false", boolean),
    int: Leaf("a whole number", whole),
    float: Leaf("a number", number),
    Rate: Leaf("a rate such as 14/s, 100/m, 5000/h or 20000/d", rate),
    Endpoint: Leaf("HOST:PORT such as 127.0.0.1:8080", endpoint),
    Address: Leaf('an address such as no-reply@example.com or "Example <no-reply@example.com>"', mailbox),
    Secret: Leaf("a secret: text, or {file: PATH}", secret),
    Digest: Leaf("a key: text without spaces, sha256: and 64 hexadecimal digits, or {file: PATH}", key),
    Store: Leaf("sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE", store),
}
"""The kinds that are told by their type alone; the others above carry theirs with them."""

SECRET: Final = frozenset({Secret, Digest, Store})
"""What may also be given as `{file: PATH}`."""
