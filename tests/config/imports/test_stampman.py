from typing import Any

from posthouse.config.imports import written
from posthouse.secret import Secret
from tests.config.imports.drafts import accepted, of_file, only, said, secrets


def service(key: str = "k", priority: int | None = 1, **more: Any) -> dict[str, Any]:
    return {"api_key": key, "priority": priority, **more}


def one(domain: str = "mail.example.com", key: str = "pool-key", **services: Any) -> dict[str, Any]:
    return {"domain": domain, "api_key": key, "services": services}


def test_pools_keys_admins_and_the_order_are_taken_over() -> None:
    services: dict[str, Any] = {"mailgun": service("mg", 2, enabled=False), "sendgrid": service("sg", 1, enabled=True)}
    draft = of_file({"pools": [one(**services)], "admins": [{"name": "ops", "api_key": "admin-key"}]})
    config = accepted(draft)
    pool = only(config)
    assert (pool.name, pool.strategy, pool.sender, pool.failover) == ("mail.example.com", "priority", "any", "all")
    assert [(e.name, e.order, e.enabled) for e in pool.providers.values()] == [
        ("sendgrid", 1, True),
        ("mailgun", 2, False),
    ]
    assert list(secrets(config)) == ["sg", "mg"]
    assert pool.providers["mailgun"].settings.domain == "mail.example.com"
    assert pool.keys["imported"].digest == Secret("pool-key").digest()
    assert config.admins["ops"].digest == Secret("admin-key").digest()
    assert said(draft, "order of the file")


def test_where_file_and_priorities_agree_nothing_is_said_of_it() -> None:
    draft = of_file({"pools": [one(sendgrid=service("a", 1), mailgun=service("b", 2))]})
    assert not said(draft, "order of the file")


def test_its_older_form_with_one_domain_is_read_too() -> None:
    draft = of_file({**one(sendgrid=service()), "_comment": "rename me"})
    assert only(accepted(draft)).name == "mail.example.com"
    assert not said(draft, "_comment")


def test_what_lacks_a_key_or_an_equivalent_is_left_out_aloud() -> None:
    services: dict[str, Any] = {"sendgrid": service(""), "amazon_ses": service("CANARY"), "pigeon": service("CANARY")}
    draft = of_file({"pools": [one(**services)]})
    assert list(only(accepted(draft)).providers) == ["sandbox"]
    assert said(draft, "`sendgrid`", "no API key")
    assert said(draft, "`amazon_ses`", "region")
    assert said(draft, "`pigeon`")
    assert "CANARY" not in written(draft)


def test_a_key_of_two_pools_stays_the_firsts() -> None:
    pools = [one("a.example.com", "same", sendgrid=service()), one("b.example.com", "same", sendgrid=service())]
    draft = of_file({"pools": pools})
    first, second = accepted(draft).pools.values()
    assert first.keys["imported"].digest == Secret("same").digest()
    assert second.keys["imported"].digest == Secret("fresh-1").digest()
    assert said(draft, "b.example.com", "same key")


def test_no_key_means_a_fresh_one_and_not_an_open_door() -> None:
    for key in ("", "with a space", "tab\there"):
        draft = of_file({"pools": [one(key=key, sendgrid=service())]})
        pool = only(accepted(draft))
        assert (pool.open, pool.keys["imported"].digest) == (False, Secret("fresh-1").digest())
        assert said(draft, "fresh")


def test_a_domain_that_is_none_or_there_twice_is_left_out_aloud() -> None:
    pools = [one("localhost"), one(sendgrid=service()), one(key="other", sendgrid=service())]
    draft = of_file({"pools": pools})
    assert list(accepted(draft).pools) == ["mail.example.com"]
    assert said(draft, "pools[0]", "left out")
    assert said(draft, "pools[2]", "twice")
    assert list(accepted(of_file({"pools": []})).pools) == ["example.com"]


def test_admins_without_a_name_or_a_key_get_one() -> None:
    admins = [{"api_key": "one"}, {"name": "ops", "api_key": ""}, {"name": "ops", "api_key": "three"}]
    draft = of_file({"pools": [one(sendgrid=service())], "admins": admins})
    config = accepted(draft)
    assert list(config.admins) == ["admin-1", "ops", "admin-3"]
    assert config.admins["ops"].digest == Secret("fresh-1").digest()
    assert said(draft, "admins[1]", "fresh")
