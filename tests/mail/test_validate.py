"""From a request's fields to a message, or to everything that is wrong with them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.fields import FIELDS
from posthouse.mail.limits import Limits
from posthouse.mail.message import Address, Attachment, Message, Policy
from posthouse.mail.problem import CODES, Refusal
from posthouse.mail.text import body_flaw, line_flaw, name_flaw
from posthouse.mail.validate import Submission, validate
from tests.mail.hostile import DISGUISES, LINE_BREAKERS, hostile

PLAIN = {"from": "ann@example.com", "to": "bob@example.net", "subject": "Hi", "text": "Hello", "html": "<p>Hello</p>"}
ANN, BOB, CARL = (Address(f"{name}@example.com") for name in ("ann", "bob", "carl"))


def message(**fields: Any) -> Message:
    found = validate({"from": "ann@example.com", "to": "bob@example.com", "text": "x", **fields})
    assert isinstance(found, Submission), found
    return found.message


def problems(given_fields: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    found = validate(given_fields, **more)
    return [(problem.code, problem.field) for problem in found.problems] if isinstance(found, Refusal) else []


def complaints(**fields: Any) -> list[tuple[str, str]]:
    return problems({"from": "ann@example.com", "to": "bob@example.com", "text": "x", **fields})


def test_a_plain_message_is_taken_as_it_is() -> None:
    assert validate(PLAIN) == Submission(
        Message(ANN, (Address("bob@example.net"),), subject="Hi", text="Hello", html="<p>Hello</p>"), Policy()
    )


def test_every_field_is_read() -> None:
    fields = {
        "from": {"email": "ann@example.com", "name": "Ann"},
        "to": ["Bob <bob@example.com>", {"email": "carl@example.com"}],
        "cc": "dora@example.com",
        "bcc": ["emil@example.com"],
        "reply_to": ["r@example.com", "s@example.com"],
        "subject": "Ωμέγα 👩‍🚀",
        "text": "a\r\n\tb",
        "html": "<p>é</p>",
        "headers": {"X-A": "b"},
        "attachments": [{"filename": "a.txt", "content": "YQ==", "content_type": "text/plain", "content_id": "i@d"}],
        "tags": ["t"],
        "metadata": {"k": "v"},
        "class": "otp",
        "lane": "critical",
        "provider": "mailgun",
        "on_unsure": "retry_same",
        "require_tags": ["eu"],
        "send_at": "2026-11-23T09:05:07Z",
        "expires_in": "1h",
    }
    assert validate(fields) == Submission(
        Message(
            sender=Address("ann@example.com", "Ann"),
            to=(Address("bob@example.com", "Bob"), CARL),
            cc=(Address("dora@example.com"),),
            bcc=(Address("emil@example.com"),),
            reply_to=(Address("r@example.com"), Address("s@example.com")),
            subject="Ωμέγα 👩‍🚀",
            text="a\r\n\tb",
            html="<p>é</p>",
            headers=(("X-A", "b"),),
            attachments=(Attachment("a.txt", b"a", "text/plain", "i@d"),),
            tags=("t",),
            metadata=(("k", "v"),),
        ),
        Policy("otp", "critical", "mailgun", "retry_same", ("eu",), 1795424707.0, None, 3600.0),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"fromaddress": "ann@example.com", "toaddress": "bob@example.com", "subject": "s", "plaintextbody": "x"},
        {"from_email": "ann@example.com", "recipients": ["bob@example.com"], "subject": "s", "text": "x"},
        {
            "from_email": "ann@example.com",
            "from_name": "",
            "to": "bob@example.com",
            "to_name": "",
            "subject": "s",
            "text": "x",
        },
    ],
)
def test_the_other_names_of_fields_are_understood(fields: dict[str, Any]) -> None:
    assert validate(fields) == Submission(Message(ANN, (BOB,), subject="s", text="x"), Policy())


def test_a_name_may_stand_in_a_field_of_its_own() -> None:
    named = message(from_name="Lee, Ann", to=["bob@example.com"], to_name="=?utf-8?q?Bob?=")
    assert (named.sender.name, named.to[0].name) == ("Lee, Ann", "=?utf-8?q?Bob?=")
    assert complaints(**{"from": "A <ann@example.com>"}, from_name="B") == [("field-conflict", "from_name")]
    assert complaints(to=["a@example.com", "b@example.com"], to_name="B") == [("field-conflict", "to_name")]
    assert complaints(from_name="a\nb", to_name=7) == [("name-unsafe", "from_name"), ("field-type", "to_name")]
    assert complaints(to_name="x" * 257) == [("name-too-long", "to_name")]
    alone = {"from_name": "A", "to_name": "B", "cc": "c@example.com", "text": "x"}
    assert problems(alone, default_from=ANN) == [("field-conflict", "from_name"), ("field-conflict", "to_name")]


def test_who_names_no_sender_gets_the_pools() -> None:
    fields = {"to": "bob@example.com", "text": "x"}
    assert problems(fields) == [("from-missing", "from")]
    assert validate(fields, default_from=ANN) == Submission(Message(ANN, (BOB,), text="x"), Policy())
    assert message().sender == ANN


def test_a_message_has_somebody_to_go_to() -> None:
    nobodies: list[dict[str, Any]] = [{}, {"to": []}, {"to": None, "cc": ""}]
    for nobody in nobodies:
        assert problems({"from": "ann@example.com", "text": "x", **nobody}) == [("recipient-missing", "to")]
    for field in ("to", "cc", "bcc"):
        assert problems({"from": "ann@example.com", "text": "x", field: "bob@example.com"}) == []


def test_one_string_is_one_mailbox() -> None:
    assert complaints(to="bob@example.com, carl@example.com") == [("address-many", "to")]
    assert complaints(recipients="x", to=None) == [("address-invalid", "recipients")]


def test_a_recipient_named_twice_is_kept_where_they_come_first() -> None:
    twice = message(
        to=["bob@example.com", "Carl <carl@example.com>", "BOB@example.com"],
        cc="CARL@EXAMPLE.COM",
        bcc="ann@example.com",
    )
    assert (twice.to, twice.cc, twice.bcc) == ((BOB, Address("carl@example.com", "Carl")), (), (ANN,))
    assert message(reply_to=["bob@example.com", "bob@example.com"]).reply_to == (BOB,)


def test_the_recipients_are_counted_together() -> None:
    many = [f"{n}@example.com" for n in range(600)]
    assert complaints(to=many[:400], cc=many[:300], bcc=many[:300]) == []
    assert complaints(to=many, cc=many) == [("recipients-too-many", "to")]
    assert complaints(to=many * 2) == [("recipients-too-many", "to")]
    assert complaints(reply_to=many[:11]) == [("reply-to-too-many", "reply_to")]


def test_a_sender_does_not_show_the_address_of_another() -> None:
    for name in ("support@bank.example.org", "Bank (Support@Bank.Example.org)", "a@b.example.net"):
        assert complaints(**{"from": {"email": "ann@example.com", "name": name}}) == [("name-shows-address", "from")]
        assert complaints(from_name=name) == [("name-shows-address", "from_name")]
    for name in ("Ann@Example.com", "Ann @ Example", "Team@Work", "@ann"):
        assert complaints(from_name=name) == []
    assert complaints(to={"email": "bob@example.com", "name": "old@example.net"}) == []


def test_the_subject_is_one_line_of_998_characters() -> None:
    assert message(subject="é" * 998).subject == "é" * 998
    assert message(subject="").subject == message(subject=None).subject == message().subject == ""
    assert complaints(subject="é" * 999) == [("subject-too-long", "subject")]
    assert complaints(subject=7) == [("field-type", "subject")]
    assert message(subject="=?utf-8?q?a=0D=0ABcc:_v@example.com?=").subject == "=?utf-8?q?a=0D=0ABcc:_v@example.com?="


ONE_LINE: dict[str, Callable[[str], dict[str, Any]]] = {
    "subject": lambda text: {"subject": text},
    "from": lambda text: {"from": f"{text} <ann@example.com>"},
    "from.name": lambda text: {"from": {"email": "ann@example.com", "name": text}},
    "from.email": lambda text: {"from": {"email": f"ann{text}@example.com"}},
    "from_name": lambda text: {"from_name": text},
    "to": lambda text: {"to": f"bob@example{text}.com"},
    "to[1].name": lambda text: {"to": ["bob@example.com", {"email": "carl@example.com", "name": text}]},
    "to_name": lambda text: {"to_name": text},
    "cc": lambda text: {"cc": f'"{text}" <bob@example.com>'},
    "bcc[0]": lambda text: {"bcc": [f"{text}bob@example.com"]},
    "reply_to": lambda text: {"reply_to": f"bob@example.com{text}"},
    "headers.X-A": lambda text: {"headers": {"X-A": text}},
    "tags[0]": lambda text: {"tags": [text]},
    "metadata.k": lambda text: {"metadata": {"k": text}},
    "attachments[0].filename": lambda text: {"attachments": [{"filename": text, "content": ""}]},
    "attachments[0].content_type": lambda text: {
        "attachments": [{"filename": "a", "content": "", "content_type": text}]
    },
    "attachments[0].content_id": lambda text: {"attachments": [{"filename": "a", "content": "", "content_id": text}]},
    "class": lambda text: {"class": text},
    "lane": lambda text: {"lane": text},
    "provider": lambda text: {"provider": text},
    "on_unsure": lambda text: {"on_unsure": text},
    "require_tags[0]": lambda text: {"require_tags": [text]},
    "send_at": lambda text: {"send_at": text},
    "expires_at": lambda text: {"expires_at": text},
    "expires_in": lambda text: {"expires_in": text},
}
"""Every place that takes one line of text: the field as a problem names it → a request with the text in that place."""


@pytest.mark.parametrize("field", ONE_LINE)
def test_no_line_break_or_control_character_gets_into_any_line(field: str) -> None:
    for breaker in LINE_BREAKERS:
        for text in (f"a{breaker}Bcc: v@example.com", breaker, f"a{breaker}"):
            found = complaints(**ONE_LINE[field](text))
            assert [place for _, place in found] == [field], (ascii(text), found)


@pytest.mark.parametrize(
    "field", [field for field in ONE_LINE if field not in ("subject", "headers.X-A", "tags[0]", "metadata.k")]
)
def test_nothing_hidden_gets_into_a_name(field: str) -> None:
    for disguise in DISGUISES:
        assert [place for _, place in complaints(**ONE_LINE[field](f"a{disguise}b"))] == [field], ascii(disguise)


def test_a_message_has_a_body() -> None:
    assert complaints(text=None) == [("body-missing", "text")]
    for name in ("text", "html", "markdown"):
        assert complaints(**{"text": None, name: 7}) == [("field-type", name)]
        assert complaints(**{"text": None, name: "a\x00b"}) == [("text-unsafe", name)]
        assert complaints(**{"text": None, name: "é\ud800"}) == [("text-unsafe", name)]
    assert complaints(html="<p>", markdown="x") == [("field-conflict", "markdown")]
    assert complaints(body="<p>", content="x", text=None) == [("field-conflict", "content")]
    assert complaints(markdown="x" * 64_001) == [("markdown-too-long", "markdown")]


def test_the_part_that_is_missing_is_derived() -> None:
    def bodies(**fields: Any) -> tuple[str | None, str | None]:
        found = message(**{"text": None, **fields})
        return found.text, found.html

    assert bodies(text="a") == ("a", None)
    assert bodies(html="<p>a <b>b</b></p>") == ("a b", "<p>a <b>b</b></p>")
    assert bodies(html="<p>a</p>", text="") == ("a", "<p>a</p>")
    assert bodies(html="", text="a") == ("a", None)
    assert bodies(markdown="*a*") == ("*a*", "<p><em>a</em></p>\n")
    assert bodies(markdown="*a*", text="b") == ("b", "<p><em>a</em></p>\n")
    assert bodies(content="*a*", body="") == ("*a*", "<p><em>a</em></p>\n")
    assert bodies(html="<p>a</p>", text="b") == ("b", "<p>a</p>")
    assert bodies(text="") == bodies(html="") == bodies(markdown="") == ("", None)
    assert bodies(html="x" * 500_001) == (None, "x" * 500_001)


def test_every_problem_is_told_at_once_and_no_value_is_repeated() -> None:
    secret = "tell-nobody"
    fields = {
        "from": f"{secret}@",
        "to": [secret, {"email": secret, "name": f"{secret}\n"}],
        "cc": 7,
        "reply_to": f"{secret}\x00",
        "subject": f"{secret}\n",
        "text": f"{secret}\x00",
        "html": [secret],
        "headers": {"Bcc": secret, "X-A": f"{secret}\n"},
        "attachments": [{"filename": f"/{secret}", "content": secret}],
        "tags": [f"{secret}\n"],
        "metadata": {"k": f"{secret}\n"},
        "class": f"{secret} ",
        "lane": secret,
        "provider": f"/{secret}",
        "on_unsure": secret,
        "require_tags": [f"{secret} "],
        "send_at": secret,
        "expires_at": secret,
        "expires_in": secret,
        "surprise": secret,
    }
    found = validate(fields)
    assert isinstance(found, Refusal)
    assert {problem.field.partition("[")[0].partition(".")[0] for problem in found.problems} == set(fields)
    assert secret not in repr(found)


REACHED: dict[str, dict[str, Any]] = {
    "field-unknown": {"pool_id": "x"},
    "field-type": {"subject": 7},
    "field-repeated": {"recipients": "a@example.com"},
    "field-conflict": {"html": "x", "markdown": "x"},
    "fields-too-many": {str(n): 1 for n in range(30)},
    "from-missing": {"from": None},
    "recipient-missing": {"to": None},
    "recipients-too-many": {"to": ["a@example.com"] * 1_001},
    "reply-to-too-many": {"reply_to": ["a@example.com"] * 11},
    "address-invalid": {"to": "a"},
    "address-many": {"to": "a@example.com,b@example.com"},
    "address-unsafe": {"to": "a\n@example.com"},
    "address-relay": {"to": "a%b@example.com"},
    "address-too-long": {"to": f"{'x' * 65}@example.com"},
    "address-domain": {"to": "a@localhost"},
    "name-unsafe": {"to_name": "\n"},
    "name-too-long": {"to_name": "x" * 257},
    "name-shows-address": {"from_name": "a@example.net"},
    "subject-too-long": {"subject": "x" * 999},
    "line-unsafe": {"subject": "\n"},
    "text-unsafe": {"text": "\x00"},
    "body-missing": {"text": None},
    "markdown-too-long": {"markdown": "x" * 64_001},
    "headers-too-many": {"headers": {f"X-{n}": "" for n in range(51)}},
    "header-name": {"headers": {"X A": ""}},
    "header-reserved": {"headers": {"Bcc": ""}},
    "header-repeated": {"headers": {"X-A": "", "X-a": ""}},
    "header-too-long": {"headers": {"X-A": "x" * 999}},
    "attachments-too-many": {"attachments": [{}] * 51},
    "attachments-too-large": {"attachments": [{"filename": "a", "content": bytes(31 * 1024 * 1024)}]},
    "attachment-filename": {"attachments": [{"filename": "/", "content": ""}]},
    "attachment-content": {"attachments": [{"filename": "a", "content": "?"}]},
    "attachment-type": {"attachments": [{"filename": "a", "content": "", "content_type": "x"}]},
    "attachment-content-id": {"attachments": [{"filename": "a", "content": "", "content_id": "<"}]},
    "content-id-repeated": {"attachments": [{"filename": "a", "content": "", "content_id": "i"}] * 2},
    "tags-too-many": {"tags": ["a"] * 21},
    "tag-invalid": {"tags": [""]},
    "metadata-too-many": {"metadata": {str(n): "" for n in range(51)}},
    "metadata-key": {"metadata": {" ": ""}},
    "metadata-value": {"metadata": {"k": "x" * 501}},
    "choice-unknown": {"lane": "x"},
    "policy-name": {"class": " "},
    "time-format": {"send_at": "x"},
    "time-range": {"send_at": "9999-12-31T23:59:59Z"},
    "duration-format": {"expires_in": "x"},
    "expiry-before-sending": {"send_at": "2026-11-23T09:05:07Z", "expires_at": "2026-11-23T09:05:07Z"},
}


@pytest.mark.parametrize("code", [code for code in CODES if not code.startswith("mime-")])
def test_every_code_can_be_reached(code: str) -> None:
    assert code in [found for found, _ in complaints(**REACHED[code])]


def test_the_limits_can_be_set() -> None:
    limits = Limits(subject=1, recipients=1, tags=0, markdown=1)
    fields = {
        "from": "a@example.com",
        "to": ["b@example.com", "c@example.com"],
        "subject": "ab",
        "markdown": "ab",
        "tags": ["a"],
    }
    assert {code for code, _ in problems(fields, limits=limits)} == {
        *("recipients-too-many", "subject-too-long", "markdown-too-long", "tags-too-many")
    }


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | hostile
    | st.sampled_from(["ann@example.com", "5m", "bulk"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["email", "name", "filename", "content"]) | hostile, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)) | hostile, anything, max_size=8))
def test_nothing_makes_it_fail_and_what_is_taken_is_good(fields: dict[str, Any]) -> None:
    found = validate(fields, default_from=ANN)
    if isinstance(found, Refusal):
        assert found.problems
        assert all(problem.code in CODES for problem in found.problems)
        repr([(problem.field, problem.message) for problem in found.problems]).encode()
        return
    taken = found.message
    assert taken.recipients
    assert taken.text is not None or taken.html is not None
    assert not any(map(name_flaw, (address.name for address in (taken.sender, *taken.recipients, *taken.reply_to))))
    assert not any(
        map(
            line_flaw, (taken.subject, *taken.tags, *(text for pair in taken.headers + taken.metadata for text in pair))
        )
    )
    assert not any(map(body_flaw, (taken.text or "", taken.html or "")))


@given(hostile, hostile, hostile)
def test_what_is_taken_keeps_every_character(subject: str, text: str, name: str) -> None:
    found = validate(
        {"from": "ann@example.com", "to": {"email": "bob@example.com", "name": name}, "subject": subject, "text": text}
    )
    if isinstance(found, Submission):
        assert (found.message.subject, found.message.text, found.message.to[0].name) == (subject, text, name)
