from typing import Any

from posthouse.secret import Secret
from tests.config.imports.drafts import accepted, of_file, only, said, secrets


def one(domain: str = "example.org", key: str = "pool-key", **services: Any) -> dict[str, Any]:
    return {"email_domain": domain, "pool_api_key": key, "enabled_services": services}


def test_the_highest_priority_value_comes_first() -> None:
    services: dict[str, Any] = {
        "Mailgun": {"api_key": "mg", "priority_value": None},
        "Sendgrid": {"api_key": "sg", "priority_value": 7},
    }
    config = accepted(of_file({"root_api_key": "root-key", "email_services": [one(**services)]}))
    pool = only(config)
    assert (pool.name, pool.sender, pool.strategy) == ("example.org", "pool_domain", "priority")
    assert [(entry.name, entry.order) for entry in pool.providers.values()] == [("sendgrid", 1), ("mailgun", 2)]
    assert list(secrets(config)) == ["sg", "mg"]
    assert config.admins["root"].digest == Secret("root-key").digest()
    assert pool.keys["imported"].digest == Secret("pool-key").digest()


def test_equal_priorities_stay_in_the_order_of_the_file() -> None:
    services: dict[str, Any] = {"Mailgun": {"api_key": "a", "priority_value": 1}, "Sendgrid": {"api_key": "b"}}
    assert list(only(accepted(of_file({"email_services": [one(**services)]}))).providers) == ["mailgun", "sendgrid"]


def test_a_missing_root_key_opens_nothing_any_more() -> None:
    draft = of_file({"email_services": [one(Sendgrid={"api_key": "x"})]})
    assert accepted(draft).admins["root"].digest == Secret("fresh-1").digest()
    assert said(draft, "root_api_key", "fresh")


def test_what_has_no_equivalent_is_said() -> None:
    services: dict[str, Any] = {"Sendgrid": {"api_key": "x", "supports_cc": True}}
    draft = of_file({"sentry": "y", "email_services": [{**one(**services), "quota": 3}, one("nothing")]})
    accepted(draft)
    assert all(said(draft, word) for word in ("`sentry`", "`supports_cc`", "`quota`", "email_services[1]"))


def test_a_name_of_a_variable_stays_one() -> None:
    draft = of_file({"email_services": [one(Sendgrid={"api_key": "${SENDGRID_KEY}"})]})
    assert list(secrets(accepted(draft, {"SENDGRID_KEY": "from outside"}))) == ["from outside"]
