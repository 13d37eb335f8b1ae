"""The only judge of what is an address: one mailbox in, an Address or the flaw out.

A plain ASCII address is decided by one regular expression, strictly narrower than email-validator (a property
test holds it to that); everything else is decided by email-validator after rules of our own. The library costs 44 µs
an address, the expression 1 to 2 (measured 2026-11).
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import email_validator

from posthouse.mail.message import Address
from posthouse.mail.problem import Flaw
from posthouse.mail.text import hides, is_encoded_word, name_flaw

LOCAL_MAX: Final = 64
"""Octets before the `@` (RFC 5321, 4.5.3.1.1)."""
ADDRESS_MAX: Final = 254
"""Octets in all (RFC 5321, 4.5.3.1.3 with the errata to RFC 3696)."""
TEXT_MAX: Final = 2_000
"""Characters of a mailbox with its name: keeps what is endless from the expressions below."""
REMEMBERED: Final = 1_000
"""Mailboxes that are remembered: an application sends from one or two, and again and again."""

INVALID: Final = Flaw("address-invalid", "Expected one address like ann@example.com or Ann <ann@example.com>.")
MANY: Final = Flaw("address-many", "Expected exactly one mailbox; several are given as a list.")
UNSAFE: Final = Flaw(
    "address-unsafe",
    "Expected an address without line breaks, control, bidirectional or zero-width characters and encoded words.",
)
RELAY: Final = Flaw("address-relay", "Expected an address without a route and without % and ! before the @.")
LONG: Final = Flaw("address-too-long", f"Expected at most {LOCAL_MAX} octets before the @ and {ADDRESS_MAX} in all.")
DOMAIN: Final = Flaw("address-domain", "Expected a domain of the internet with a dot in it, not a reserved name.")

_ATOM = r"[A-Za-z0-9_#$&'*+\-/=^`{|}~]+"  # atext without ? (encoded words), % and ! (relay tricks)
_LABEL = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"  # never two hyphens in a row: xn-- and its like go the long way
_plain = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+([A-Za-z]{{2,63}}))").fullmatch
_RESERVED: Final = frozenset(name.rpartition(".")[2] for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)

_SPECIAL = '()<>[]:;@\\,"'
_phrase = re.compile(rf"[^{re.escape(_SPECIAL)}]+").fullmatch
_special_free = re.compile(rf"[^{re.escape(_SPECIAL)} ]+").fullmatch
_quoted = re.compile(r'"((?:[^"\\]|\\.)*)" *').match
_escaped = re.compile(r"\\(.)")
_special = re.compile(r'(["\\])')


def check(email: str, name: str = "") -> Address | Flaw:
    """An address and its display name, each given on its own. The name is taken literally.

    The local part stays as given (in NFC), the domain becomes its IDNA-2008 ASCII form in lower case. A local part
    outside ASCII is an address too; what carries it must be able to (`Can.INTERNATIONAL`).
    """
    plain = _plain(email)
    if plain is not None and len(email) <= ADDRESS_MAX and plain.end(1) <= LOCAL_MAX:
        domain = plain[2].lower()
        if (len(domain) <= 63 or _short_labels(domain)) and plain[3].lower() not in _RESERVED:
            if name and not name.isprintable() and (flaw := name_flaw(name)):
                return flaw
            return Address(f"{plain[1]}@{domain}", name)
    return _check_slowly(email, name)


def parse(text: str) -> Address | Flaw:
    """One mailbox as people write it: `ann@example.com`, `Ann <ann@example.com>`, `"Ann, B" <ann@example.com>`.

    Exactly one, nothing around it: no list, group, comment, route or encoded word. Only quoted names hold commas.
    """
    if len(text) <= TEXT_MAX:
        return _parse(text)
    return LONG if text.endswith(">") else check(text)


@lru_cache(REMEMBERED)
def _parse(text: str) -> Address | Flaw:
    if not text.endswith(">"):
        return check(text)
    if text.startswith('"'):
        quoted = _quoted(text)
        if quoted is None:
            return INVALID
        name, rest = _escaped.sub(r"\1", quoted[1]), text[quoted.end() :]
        if not rest.startswith("<"):
            return MANY if "," in rest else INVALID
        return check(rest[1:-1], name)
    before, bracket, email = text.partition("<")
    if not bracket:
        return INVALID
    name = before.strip(" ")
    if name and (flaw := _phrase_flaw(name)):
        return flaw
    return check(email[:-1], name)


def domain_of_dns(domain: str) -> str:
    """The domain as DNS has it: in lower case, and by IDNA where it is not ASCII; what is no domain stays as it is."""
    if domain.isascii() or len(domain) > 253:
        return domain.lower()
    found = check(f"postmaster@{domain}")
    return found.domain if isinstance(found, Address) else domain


def shown(address: Address) -> str:
    """The address as one string that `parse` reads back: `Ann <ann@example.com>`, the name quoted where it must be."""
    name = address.name
    if not name:
        return address.email
    if _phrase(name) and name.strip(" ") == name and not is_encoded_word(name):
        return f"{name} <{address.email}>"
    escaped = _special.sub(r"\\\1", name)
    return f'"{escaped}" <{address.email}>'


def _phrase_flaw(name: str) -> Flaw | None:
    """Why the words before `<` are not a name. Dots pass: nobody quotes `John Q. Public`."""
    if is_encoded_word(name):
        return UNSAFE
    if _phrase(name):
        return name_flaw(name)
    return MANY if "@" in name or "," in name or ";" in name else INVALID


def _short_labels(domain: str) -> bool:
    return all(len(label) <= 63 for label in domain.split("."))


def _check_slowly(email: str, name: str) -> Address | Flaw:
    if flaw := _own_rules(email) or name_flaw(name):
        return flaw
    local, _, domain = email.rpartition("@")
    try:
        # The library raises for what it refuses; its words repeat the value, so they stay here.
        found = email_validator.validate_email(email, strict=True, check_deliverability=False)
    except email_validator.EmailNotValidError:
        return DOMAIN if _is_address_nowhere(local, domain) else INVALID
    ascii_domain = found.ascii_domain.lower()
    local = unicodedata.normalize("NFC", local)
    whole = f"{local}@{ascii_domain}"
    if len(local.encode()) > LOCAL_MAX or len(whole.encode()) > ADDRESS_MAX:
        return LONG
    return Address(whole, name)


def _own_rules(email: str) -> Flaw | None:
    """What is refused before the library is asked; also keeps from it anything long."""
    if len(email) > 4 * ADDRESS_MAX:
        return LONG
    if hides(email) or "=?" in email:
        return UNSAFE
    local, at, domain = email.rpartition("@")
    if not at or not local or not domain:
        return INVALID
    if "," in email or ";" in email:
        return MANY
    if email[0] == "@" or "%" in local or "!" in local:
        return RELAY
    if len(local.encode()) > LOCAL_MAX or len(domain) > ADDRESS_MAX:
        return LONG
    return INVALID if not _special_free(local) or not _special_free(domain) else None


def _is_address_nowhere(local: str, domain: str) -> bool:
    """Whether only the domain is at fault: well formed, but without a dot or of a reserved name."""
    last = domain.rpartition(".")[2].lower()
    return (last in _RESERVED or "." not in domain) and check(f"{local}@example.com") != INVALID
