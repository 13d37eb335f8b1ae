"""Mailboxes as requests write them."""

import pytest

from posthouse.mail.limits import Limits
from posthouse.mail.mailbox import each_once, mailbox, mailboxes
from posthouse.mail.message import Address
from posthouse.mail.problem import Problem

LIMITS = Limits()


def read(value: object) -> tuple[tuple[Address, ...], list[tuple[str, str]]]:
    problems: list[Problem] = []
    return mailboxes(value, "to", LIMITS, problems), [(problem.code, problem.field) for problem in problems]


def test_a_mailbox_is_a_string_or_an_object_or_in_a_list() -> None:
    ann, bob = Address("ann@example.com", "Ann"), Address("bob@example.com")
    assert read("Ann <ann@example.com>") == ((ann,), [])
    assert read({"email": "ann@example.com", "name": "Ann"}) == ((ann,), [])
    assert read([{"email": "ann@example.com", "name": "Ann"}, "bob@example.com"]) == ((ann, bob), [])
    assert read({"email": "bob@example.com", "name": None}) == ((bob,), [])
    assert read({"email": "bob@example.com", "name": ""}) == ((bob,), [])
    assert read([]) == ((), [])


def test_an_objects_email_is_an_address_and_nothing_else() -> None:
    assert read({"email": "Ann <ann@example.com>"}) == ((), [("address-invalid", "to.email")])
    assert read({"email": "ann@example.com,bob@example.com"}) == ((), [("address-many", "to.email")])


@pytest.mark.parametrize("value", [7, True, 1.5, b"ann@example.com", [["ann@example.com"]], [None]])
def test_nothing_else_is_a_mailbox(value: object) -> None:
    found, problems = read(value)
    assert found == ()
    assert [code for code, _ in problems] == ["field-type"]


def test_every_problem_is_told_where_it_is() -> None:
    assert read(["ann@example.com", {"name": "a\nb", "mail": "x"}, "x", {"email": "x", "name": 7}]) == (
        (Address("ann@example.com"),),
        [
            ("field-unknown", "to[1].mail"),
            ("field-type", "to[1].email"),
            ("name-unsafe", "to[1].name"),
            ("address-invalid", "to[2]"),
            ("address-invalid", "to[3].email"),
            ("field-type", "to[3].name"),
        ],
    )


def test_a_name_has_at_most_256_characters() -> None:
    name = "é" * 256
    assert read(f"{name} <ann@example.com>") == read({"email": "ann@example.com", "name": name})
    assert read(f"{name}é <ann@example.com>") == ((), [("name-too-long", "to")])
    assert read({"email": "ann@example.com", "name": f"{name}é"}) == ((), [("name-too-long", "to.name")])


def test_too_many_mailboxes_are_not_even_looked_at() -> None:
    assert len(read(["ann@example.com"] * 1_000)[0]) == 1_000
    assert read(["?"] * 1_001) == ((), [("recipients-too-many", "to")])


def test_a_thousand_unknown_keys_are_not_told_one_by_one() -> None:
    problems: list[Problem] = []
    mailbox({str(n): 1 for n in range(1_000)}, "from", LIMITS, problems)
    assert len(problems) == 22
    assert problems[20].code == "fields-too-many"


def test_who_is_named_twice_is_kept_where_they_come_first() -> None:
    ann, again, bob, carl = (Address(f"{name}@example.com", name) for name in ("ann", "Ann", "bob", "carl"))
    assert each_once((ann, again, bob), (bob, carl), (carl, ann)) == [(ann, bob), (carl,), ()]
