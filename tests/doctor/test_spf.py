from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.doctor.names import Unanswered
from posthouse.doctor.spf import DEEP, LOOKUPS, Spf, spf
from tests.doctor.answers import DOWN, asks


async def read(*texts: str, **others: Any) -> Spf:
    zone = {name.replace("_", "."): held for name, held in others.items()}
    found = await spf("example.com", asks({"example.com": list(texts), **zone}))
    assert isinstance(found, Spf)
    return found


async def test_a_record_is_read_with_all_that_it_includes() -> None:
    found = await read(
        "verification=1",
        "v=spf1 include:a.test mx ip4:192.0.2.1 ~all",
        a_test=["v=spf1 include:b.test ip6:2001:db8::/32 -all"],
        b_test=["v=spf1 a exists:%{i}.c.test ?all"],
    )
    assert found.broken is None
    assert found.includes == {"a.test", "b.test"}
    assert found.lookups == 5
    assert found.everybody == "~"


async def test_what_an_include_says_of_everybody_is_its_own() -> None:
    assert (await read("v=spf1 include:a.test", a_test=["v=spf1 -all"])).everybody is None


async def test_there_may_be_none() -> None:
    assert await read() == await read("v=spf10 -all", "spf2.0/pra -all") == Spf("example.com")


async def test_where_nobody_answers_nothing_is_said_of_the_record() -> None:
    assert await spf("example.com", asks({"example.com": None})) == DOWN
    included = asks({"example.com": ["v=spf1 include:a.test -all"], "a.test": None})
    assert isinstance(await spf("example.com", included), Unanswered)


@pytest.mark.parametrize(
    ("texts", "others", "why"),
    [
        (["v=spf1 -all", "v=spf1 mx -all"], {}, "example.com has 2 SPF records, and one is allowed"),
        (["v=spf1 include:a.test -all"], {}, "include:a.test names a domain without an SPF record"),
        (
            ["v=spf1 include:a.test -all"],
            {"a_test": ["v=spf1 -all", "V=SPF1 mx"]},
            "include:a.test has 2 SPF records, and one is allowed",
        ),
        (["v=spf1 ipv4:192.0.2.1 -all"], {}, "`ipv4:192.0.2.1` is nothing that SPF knows"),
        (["v=spf1 include: -all"], {}, "`include` names no domain"),
        (["v=spf1 redirect=a.test"], {}, "redirect=a.test names a domain without an SPF record"),
    ],
)
async def test_what_receivers_take_for_an_error_is_told(texts: list[str], others: dict[str, Any], why: str) -> None:
    assert (await read(*texts, **others)).broken == why


async def test_ten_lookups_are_allowed_and_eleven_are_not() -> None:
    ten = " ".join(f"a:h{number}.test" for number in range(LOOKUPS))
    assert (await read(f"v=spf1 {ten} -all")).broken is None
    assert (await read(f"v=spf1 {ten} mx -all")).broken == "it takes 11 DNS lookups, and 10 are allowed"


async def test_a_redirect_leads_on_only_where_nothing_is_said_of_everybody() -> None:
    led = await read("v=spf1 redirect=a.test", a_test=["v=spf1 mx -all"])
    assert (led.everybody, led.lookups, led.broken) == ("-", 2, None)
    stays = await read("v=spf1 redirect=a.test ~all")
    assert (stays.everybody, stays.lookups, stays.broken) == ("~", 0, None)


async def test_one_that_includes_itself_comes_to_an_end() -> None:
    found = await read("v=spf1 include:example.com -all")
    assert found.lookups == DEEP
    assert "more than" in (found.broken or "")


@pytest.mark.parametrize(("record", "everybody"), [("all", "+"), ("+all", "+"), ("?ALL", "?"), ("mx", None)])
async def test_what_it_says_of_all_others(record: str, everybody: str | None) -> None:
    assert (await read(f"v=spf1 {record}")).everybody == everybody


@given(st.lists(st.text(max_size=40), max_size=12))
async def test_whatever_stands_there_it_is_a_verdict(terms: list[str]) -> None:
    assert isinstance(await spf("example.com", asks({"example.com": ["v=spf1 " + " ".join(terms)]})), Spf)
