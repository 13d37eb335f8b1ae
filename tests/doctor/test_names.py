from posthouse.doctor.names import Resolver, Unanswered
from tests.doctor.nameserver import naming

LONG = "v=DKIM1; k=rsa; p=" + "A" * 380

ZONE = {
    "example.com": ["v=spf1 -all", "verification=1"],
    "key._domainkey.example.com": [LONG],
    "alias.example.com": "there.example.net",
    "there.example.net": ["told"],
    "dangling.example.com": "nowhere.example.net",
    "empty.example.com": [],
    "broken.example.com": None,
}


async def test_texts_are_read_whole_and_by_way_of_aliases() -> None:
    async with naming(ZONE) as server:
        resolver = Resolver(server.address, 5.0)
        found = await resolver.texts("example.com")
        assert not isinstance(found, Unanswered)
        assert set(found) == {"v=spf1 -all", "verification=1"}
        assert await resolver.texts("key._domainkey.example.com") == (LONG,)
        assert await resolver.texts("alias.example.com") == ("told",)
        assert set(server.asked) <= set(ZONE)  # no search list of this machine's is tried


async def test_that_there_is_nothing_is_an_answer() -> None:
    async with naming(ZONE) as server:
        resolver = Resolver(server.address, 5.0)
        for name in ("other.example.com", "dangling.example.com", "empty.example.com", "example.net"):
            assert await resolver.texts(name) == (), name


async def test_that_nobody_answers_is_none() -> None:
    async with naming(ZONE) as server:
        failed = await Resolver(server.address, 5.0).texts("broken.example.com")
        assert failed == Unanswered("the DNS server answered that it failed")
    async with naming(ZONE, silent=True) as server:
        silent = await Resolver(server.address, 0.2).texts("example.com")
        assert silent == Unanswered("no answer within 0.2 s")
        assert server.asked[0] == "example.com"


async def test_a_name_that_is_none_is_no_crash() -> None:
    async with naming(ZONE) as server:
        assert isinstance(await Resolver(server.address, 5.0).texts("a" * 80 + ".example.com"), Unanswered)
