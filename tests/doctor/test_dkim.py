from base64 import b64encode

import pytest

from posthouse.doctor.dkim import Key, key, tags
from tests.doctor.answers import DOWN, asks

NAME = "s1._domainkey.example.com"


def public(length: int) -> str:
    """As long as a key of `length` bytes stands in the DNS."""
    return b64encode(bytes(length)).decode()


async def judged(*texts: str) -> Key:
    found = await key(NAME, asks({NAME: list(texts)}))
    assert isinstance(found, Key)
    return found


@pytest.mark.parametrize("text", ["v=DKIM1; k=rsa; p={}", "k=rsa;p={}", "p={}", "v=DKIM1; t=s; n=a note; p={};"])
async def test_a_key_is_found_however_it_is_written(text: str) -> None:
    assert await judged(text.format(public(294))) == Key(NAME)


async def test_a_short_key_is_good_where_it_is_no_rsa() -> None:
    assert (await judged(f"v=DKIM1; k=ed25519; p={public(32)}")).wrong is None
    assert "shorter than 1024 bits" in ((await judged(f"v=DKIM1; p={public(94)}")).wrong or "")
    assert (await judged(f"v=DKIM1; p={public(162)}")).wrong is None


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["v=DKIM1; p="], "revoked"),
        (["v=DKIM2; p=AAAA"], "version"),
        (["v=DKIM1; p=AAAA*"], "not base64"),
        (["verification=1"], "no DKIM key"),
        ([f"p={public(294)}", f"p={public(294)}"], "2 keys"),
    ],
)
async def test_what_no_signature_can_be_checked_with_is_told(texts: list[str], why: str) -> None:
    found = await judged(*texts)
    assert why in (found.wrong or "")
    assert not found.missing


async def test_one_that_is_missing_is_no_broken_one_and_one_nobody_answers_for_is_neither() -> None:
    assert await judged() == Key(NAME, "there is no key", missing=True)
    assert await key(NAME, asks({NAME: None})) == DOWN


def test_tags_are_read_without_the_spaces_of_those_who_wrote_them() -> None:
    assert tags(" V = DKIM1 ;p= AB CD ; ; x") == {"v": "DKIM1", "p": "ABCD"}
