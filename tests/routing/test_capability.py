"""What a message needs of its carrier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.message import Address, Attachment, Message
from posthouse.routing.capability import EVERYTHING, Can, needs
from tests.routing.pool import repeatable

ANN, BOB, EVE = Address("ann@example.com"), Address("bob@example.net"), Address("eve@example.org")
FOREIGN = Address("jørgen@example.com")
FILE = Attachment("a.txt", b"a")
PICTURE = Attachment("a.png", b"a", "image/png", content_id="logo")


def plain(**parts: object) -> Message:
    return Message(**{"sender": ANN, "to": (BOB,), "html": "<p>Hello</p>", **parts})  # type: ignore[arg-type]


def test_a_message_with_a_sender_a_recipient_and_html_can_go_anywhere() -> None:
    assert needs(plain()) == Can(0)


@pytest.mark.parametrize(
    ("parts", "needed"),
    [
        ({"cc": (EVE,)}, Can.CC),
        ({"bcc": (EVE,)}, Can.BCC),
        ({"reply_to": (EVE,)}, Can.REPLY_TO),
        ({"reply_to": (EVE, BOB)}, Can.REPLY_TO | Can.MANY_REPLY_TO),
        ({"headers": (("X-A", "1"),)}, Can.HEADERS),
        ({"attachments": (FILE,)}, Can.ATTACHMENTS),
        ({"attachments": (PICTURE,)}, Can.INLINE),
        ({"attachments": (PICTURE, FILE)}, Can.INLINE | Can.ATTACHMENTS),
        ({"tags": ("welcome",)}, Can.TAGS),
        ({"metadata": (("order", "7"),)}, Can.METADATA),
        ({"html": None, "text": "Hello"}, Can.TEXT_ONLY),
        ({"text": "Hello"}, Can(0)),
        ({"sender": FOREIGN}, Can.INTERNATIONAL),
        ({"to": (BOB, FOREIGN)}, Can.INTERNATIONAL),
        ({"cc": (FOREIGN,)}, Can.INTERNATIONAL | Can.CC),
        ({"bcc": (FOREIGN,)}, Can.INTERNATIONAL | Can.BCC),
        ({"reply_to": (FOREIGN,)}, Can.INTERNATIONAL | Can.REPLY_TO),
        ({"to": (Address("bob@example.net", "Bøb"),)}, Can(0)),
    ],
)
def test_each_part_of_a_message_needs_its_own_capability(parts: dict[str, object], needed: Can) -> None:
    assert needs(plain(**parts)) == needed


def test_everything_is_every_flag() -> None:
    full = plain(
        cc=(EVE,),
        bcc=(FOREIGN,),
        reply_to=(EVE, BOB),
        headers=(("X-A", "1"),),
        attachments=(FILE, PICTURE),
        tags=("a",),
        metadata=(("a", "b"),),
        html=None,
        text="Hello",
    )
    assert needs(full) == EVERYTHING
    assert set(EVERYTHING) == set(Can)


def test_capabilities_are_named_for_a_person_in_lower_case() -> None:
    assert (Can.CC | Can.MANY_REPLY_TO | Can.TEXT_ONLY).names() == ["cc", "many_reply_to", "text_only"]
    assert Can(0).names() == []


people = st.lists(st.sampled_from([ANN, BOB, EVE, FOREIGN]), unique=True, max_size=3).map(tuple)


@repeatable
@given(people, people, people, st.frozensets(st.sampled_from([ANN, BOB, EVE, FOREIGN])))
def test_what_is_left_of_a_message_never_needs_more_than_the_whole(
    to: tuple[Address, ...], cc: tuple[Address, ...], bcc: tuple[Address, ...], owed: frozenset[Address]
) -> None:
    whole = plain(to=to, cc=cc, bcc=bcc)
    assert needs(whole.only({address.email for address in owed})) & ~needs(whole) == 0
