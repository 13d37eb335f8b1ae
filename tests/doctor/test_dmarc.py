import pytest

from posthouse.doctor.dmarc import Dmarc, aligned, dmarc
from tests.doctor.answers import DOWN, asks


async def found(domain: str = "mail.example.com", **zone: list[str]) -> Dmarc:
    held = {f"_dmarc.{name.replace('_', '.')}": texts for name, texts in zone.items()}
    policy = await dmarc(domain, asks(held))
    assert isinstance(policy, Dmarc)
    return policy


async def test_a_domain_has_its_own_policy_or_the_nearest_above() -> None:
    own = await found(mail_example_com=["v=DMARC1; p=reject; rua=mailto:a@example.com; adkim=s"])
    assert own == Dmarc("_dmarc.mail.example.com", "reject", strict=True, reports=True)
    above = await found(example_com=["v=DMARC1;p=none"])
    assert above == Dmarc("_dmarc.example.com", "none")


async def test_a_domain_above_may_have_another_policy_for_those_below() -> None:
    assert (await found(example_com=["v=DMARC1; p=none; sp=quarantine"])).policy == "quarantine"
    assert (await found("example.com", example_com=["v=DMARC1; p=none; sp=quarantine"])).policy == "none"


async def test_a_top_level_is_not_asked_and_other_texts_are_none() -> None:
    assert await found(com=["v=DMARC1; p=reject"]) == Dmarc(None)
    assert await found(example_com=["verification=1"]) == Dmarc(None)


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "2 DMARC records"),
        (["v=DMARC1; rua=mailto:a@example.com"], "its policy is ``"),
        (["v=DMARC1; p=monitor"], "its policy is `monitor`"),
    ],
)
async def test_what_receivers_take_for_none_is_told(texts: list[str], why: str) -> None:
    assert why in ((await found(example_com=texts)).broken or "")


async def test_where_nobody_answers_nothing_is_said() -> None:
    assert await dmarc("example.com", asks({"_dmarc.example.com": None})) == DOWN


@pytest.mark.parametrize(
    ("signing", "relaxed", "strict"),
    [
        ("example.com", True, True),
        ("mg.example.com", True, False),
        ("com", True, False),  # nobody signs for that
        ("example.net", False, False),
        ("notexample.com", False, False),
    ],
)
def test_who_speaks_for_a_domain(signing: str, relaxed: bool, strict: bool) -> None:
    assert aligned(signing, "example.com", strict=False) is relaxed
    assert aligned(signing, "example.com", strict=True) is strict
