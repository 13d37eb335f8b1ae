"""What the importers build drafts from: keys, domains and providers, each with its notes."""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from posthouse.config.imports.draft import Fresh, Line, Provider, Reference, Taken
from posthouse.config.values import Scalar, domain, key, name
from posthouse.providers.base import is_loopback, readable

KEY_NAME: Final = "imported"

ONE_ROUND: Final = Line(
    "retry",
    {"first_s": 300, "give_up_after": "2m"},
    "one round, as before: the caller is told, and decides. Without this line it is tried again for a day",
)
"""The second round would come after the message's time: there is none."""

_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_TYPES: Final = ("mailgun", "mandrill", "sendgrid")
_MAILGUN: Final = re.compile(r"/v[0-9]+/([^/]+)/messages/?")
_MANDRILL: Final = re.compile(r"/api/1\.0/messages/send(\.json)?/?")
_HOSTS: Final = {"api.mailgun.net": "us", "api.eu.mailgun.net": "eu", "mandrillapp.com": None}


class Collector:
    """Gathers notes, hands out fresh keys, and sees that no API key is given twice."""

    def __init__(self, fresh: Callable[[], str]) -> None:
        self._fresh = fresh
        self._keys: set[str] = set()
        self._taken = 0
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        """A sentence for the person; names that stood in the other file are made safe to print."""
        clean = " ".join("".join(c if c.isprintable() else " " for c in sentence).split())
        if clean not in self.notes:
            self.notes.append(clean)

    def secret(self, text: str) -> Reference | Taken:
        """A secret as the draft holds it: a variable where it was one, else itself."""
        if variable := _VARIABLE.fullmatch(text):
            return Reference(variable[1])
        self._taken += 1
        return Taken(text)

    def key(self, text: str, place: str, why_none: str) -> Reference | Taken | Fresh:
        """An API key as the draft holds it; a fresh one, with a note, where it cannot be one here."""
        if not text:
            self.note(why_none)
        elif _VARIABLE.fullmatch(text) is None and key(Scalar(text)) is None:
            self.note(
                f"{place}: it has spaces or control characters in it, or is a broken digest: a fresh key stands here."
            )
        elif text in self._keys:
            self.note(
                f"{place}: the same key as another pool's; a key opens one pool here, so a fresh one stands here."
            )
        else:
            self._keys.add(text)
            return self.secret(text)
        return Fresh(self._fresh())

    def finished(self) -> tuple[str, ...]:
        """All notes, with a warning where secrets stand in the file now."""
        if self._taken:
            count = "A secret stands" if self._taken == 1 else f"{self._taken} secrets stand"
            self.note(
                f"{count} in this file in clear, as in the old one: only you may read it (mode 0600). Better written "
                "as ${NAME} and kept in the environment, or as {file: PATH}."
            )
        return tuple(self.notes)


def pool_domain(text: str) -> str | None:
    """A domain that can name a pool: lower case, with a dot; None for anything else."""
    found = domain(Scalar(text))
    return found if found and "." in found else None


def provider(label: str, kind: str, lines: tuple[Line, ...], taken: set[str]) -> Provider:
    """A provider under a name of its own in its pool; its type is said where the name does not tell it."""
    wanted = label if name(Scalar(label)) else kind
    own, number = wanted, 2
    while own in taken:
        own, number = f"{wanted}-{number}", number + 1
    taken.add(own)
    return Provider(own, lines if own == kind else (Line("type", kind), *lines))


def kind_of(label: str, program: str = "") -> str | None:
    """Which of our providers a name means, or the program's class behind it; None where it is none of them."""
    for text in (label, program.rpartition(".")[2]):
        for kind in _TYPES:
            if kind in text.lower().replace("_", ""):
                return kind
    return None


def sandbox(collector: Collector, why: str) -> Provider:
    """In place of providers, where there is none to write down."""
    collector.note(f"{why}: the provider `sandbox` stands here, which keeps mail in ./sent and sends none.")
    return Provider("sandbox")


class Address:
    """What the URL of a provider's call tells: its own settings, and the Mailgun domain in it."""

    def __init__(self, lines: tuple[Line, ...] = (), sending_domain: str = "") -> None:
        self.lines, self.sending_domain = lines, sending_domain


def address(kind: str, endpoint: Any, label: str, collector: Collector) -> Address:
    """The settings for a URL that a program called; a note where it cannot be followed."""
    url = "" if endpoint is None else str(endpoint).strip()
    if not url:
        return Address()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    match = (_MAILGUN if kind == "mailgun" else _MANDRILL).fullmatch(parts.path)
    if not host or match is None or parts.query:
        collector.note(f"{label}: its endpoint is not a call that {kind} has; the usual address is used.")
        return Address()
    sending_domain = match[1] if kind == "mailgun" else ""
    if host in _HOSTS and port is None and parts.scheme == "https":
        region = _HOSTS[host]
        return Address((Line("region", region),) if region == "eu" else (), sending_domain)
    if parts.username or parts.password or not (parts.scheme == "https" or is_loopback(host)):
        collector.note(f"{label}: its endpoint sends keys in clear or holds some; the usual address is used.")
        return Address((), sending_domain)
    base = f"{parts.scheme}://{parts.netloc}"
    return Address((Line("base_url", base, "as its endpoint said"),), sending_domain)


def quote(label: str) -> str:
    """A name from the other file, for a note."""
    return f"`{readable(label)[:64]}`"
