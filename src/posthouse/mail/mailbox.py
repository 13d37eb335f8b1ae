"""Reads the mailboxes of a request: a string, an object with email and name, or a list of those."""

from typing import Final

import msgspec

from posthouse.mail.address import check, parse
from posthouse.mail.fields import report_unknown
from posthouse.mail.limits import Limits
from posthouse.mail.message import Address
from posthouse.mail.problem import Flaw, Problem
from posthouse.mail.text import name_flaw

KIND: Final = Flaw("field-type", 'Expected "Ann <ann@example.com>" or {"email": "ann@example.com", "name": "Ann"}.')
EMAIL: Final = Flaw("field-type", "Expected an address as a string.")
NAME: Final = Flaw("field-type", "Expected a name as a string.")
ONE_NAME: Final = Flaw("field-conflict", "Expected beside it exactly one mailbox that has no name of its own.")
NOBODY: Final = Address("")
PARTS: Final = ("email", "name")


def mailbox(value: object, field: str, limits: Limits, problems: list[Problem]) -> Address | None:
    """One mailbox; None where it is wrong, and then `problems` has grown."""
    if isinstance(value, dict):
        return _from_object(value, field, limits, problems)
    found = parse(value) if isinstance(value, str) else KIND
    if isinstance(found, Flaw):
        problems.append(found.at(field))
        return None
    if len(found.name) > limits.display_name:
        problems.append(too_long_a_name(limits).at(field))
        return None
    return found


def mailboxes(value: object, field: str, limits: Limits, problems: list[Problem]) -> tuple[Address, ...]:
    """All mailboxes of a field, those that are wrong reported and left out."""
    if not isinstance(value, list | tuple):
        one = mailbox(value, field, limits, problems)
        return () if one is None else (one,)
    if len(value) > limits.recipients:
        problems.append(too_many(limits).at(field))
        return ()
    read = [mailbox(one, f"{field}[{i}]", limits, problems) for i, one in enumerate(value)]
    return tuple([one for one in read if one is not None])


def with_name(
    addresses: tuple[Address, ...], name: object, field: str, limits: Limits, problems: list[Problem]
) -> tuple[Address, ...]:
    """The one address with the display name that was given in a field of its own (`to_name`)."""
    if not isinstance(name, str):
        problems.append(NAME.at(field))
    elif flaw := name_flaw(name):
        problems.append(flaw.at(field))
    elif len(name) > limits.display_name:
        problems.append(too_long_a_name(limits).at(field))
    elif len(addresses) != 1 or addresses[0].name:
        problems.append(ONE_NAME.at(field))
    else:
        return (msgspec.structs.replace(addresses[0], name=name),)
    return addresses


def each_once(*fields: tuple[Address, ...]) -> list[tuple[Address, ...]]:
    """The fields with nobody in them twice: who is named again, in the same field or a later one, is left out there.

    Upper and lower case count as the same, as they do to every mail system in use: providers refuse a message that
    names an address twice (SendGrid, as of 2026-11), and nobody wants two copies.
    """
    seen: set[str] = set()
    kept = []
    for addresses in fields:
        fresh = []
        for address in addresses:
            key = address.email.lower()
            if key not in seen:
                seen.add(key)
                fresh.append(address)
        kept.append(tuple(fresh))
    return kept


def too_many(limits: Limits) -> Flaw:
    return Flaw("recipients-too-many", f"Expected at most {limits.recipients} recipients in to, cc and bcc together.")


def too_long_a_name(limits: Limits) -> Flaw:
    return Flaw("name-too-long", f"Expected a display name of at most {limits.display_name} characters.")


def _from_object(value: dict[str, object], field: str, limits: Limits, problems: list[Problem]) -> Address | None:
    before = len(problems)
    report_unknown(value, PARTS, f"{field}.", problems)
    email, name = value.get("email"), value.get("name")
    checked = check(email) if isinstance(email, str) else EMAIL
    if isinstance(checked, Flaw):
        problems.append(checked.at(f"{field}.email"))
        checked = NOBODY  # so that the name is judged too
    if name is not None and name != "":
        (checked,) = with_name((checked,), name, f"{field}.name", limits, problems)
    return checked if len(problems) == before else None
