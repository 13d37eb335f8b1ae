import pytest

from posthouse.config.problem import Problem
from posthouse.config.schema import Config
from posthouse.config.twelve_factor import from_environment, speaks
from posthouse.config.values import Endpoint
from posthouse.secret import Secret
from tests.config.providers import SPECS
from tests.config.sample import NOW

ENV = {
    "POSTHOUSE_DOMAIN": "Example.com",
    "POSTHOUSE_API_KEY": "CANARY-api",
    "POSTHOUSE_PROVIDERS": "mailgun,sendgrid",
    "SENDGRID_API_KEY": "CANARY-sendgrid",
    "MAILGUN_API_KEY": "CANARY-mailgun",
    "MAILGUN_DOMAIN": "mg.example.com",
}


def made(env: dict[str, str]) -> Config:
    found = from_environment(env, SPECS, NOW)
    assert isinstance(found, Config), found
    return found


def told(env: dict[str, str]) -> dict[str, str]:
    found = from_environment(env, SPECS, NOW)
    assert isinstance(found, list)
    assert all(problem.line is None for problem in found)
    return {problem.path: problem.message for problem in found}


def test_the_variables_make_one_pool() -> None:
    found = made(ENV)
    (pool,) = found.pools.values()
    assert (found.mode, pool.name, pool.strategy, pool.sender) == (
        "environment",
        "example.com",
        "priority",
        "pool_domain",
    )
    assert [key.digest for key in pool.keys.values()] == [Secret("CANARY-api").digest()]
    assert [(entry.name, entry.order) for entry in pool.providers.values()] == [("mailgun", 1), ("sendgrid", 2)]
    assert pool.providers["mailgun"].settings.domain == "mg.example.com"
    assert pool.providers["sendgrid"].settings.api_key == Secret("CANARY-sendgrid")
    assert found.admins == {}
    assert found.http.listen == Endpoint("127.0.0.1", 8080)


def test_the_other_variables_say_the_rest() -> None:
    more = {
        "POSTHOUSE_ADMIN_KEY": "CANARY-admin",
        "POSTHOUSE_STORE": "postgresql://u:CANARY@h/d",
        "POSTHOUSE_LISTEN": "127.0.0.1:9",
        "POSTHOUSE_STRATEGY": "weighted",
        "PORT": "10",
    }
    found = made(ENV | more)
    assert [admin.digest for admin in found.admins.values()] == [Secret("CANARY-admin").digest()]
    assert found.store.url == Secret("postgresql://u:CANARY@h/d")
    assert found.http.listen == Endpoint("127.0.0.1", 9)
    (pool,) = found.pools.values()
    assert pool.strategy == "weighted"
    assert [entry.weight for entry in pool.providers.values()] == [0.5, 0.5]
    assert "CANARY" not in repr(found)


def test_a_port_listens_on_all_interfaces_as_platforms_want_it() -> None:
    assert made(ENV | {"PORT": "5000"}).http.listen == Endpoint("0.0.0.0", 5000)


def test_a_number_among_a_providers_variables_is_read_as_one() -> None:
    env = ENV | {"POSTHOUSE_PROVIDERS": "smtp", "SMTP_HOST": "smtp.example.net", "SMTP_PORT": "2525"}
    assert made(env).pools["example.com"].providers["smtp"].settings.port == 2525
    assert "from 1 to 65535" in told(env | {"SMTP_PORT": "x"})["SMTP_PORT"]


def test_without_a_list_every_provider_that_is_complete_is_used() -> None:
    env = {name: value for name, value in ENV.items() if name != "POSTHOUSE_PROVIDERS"}
    assert set(made(env).pools["example.com"].providers) == {"sendgrid", "mailgun"}
    del env["MAILGUN_DOMAIN"]
    assert set(made(env).pools["example.com"].providers) == {"sendgrid"}


def test_everything_that_is_missing_or_wrong_is_told_by_its_variable() -> None:
    env = {
        "POSTHOUSE_PROVIDERS": "mailgun, sendgird,mailgun",
        "POSTHOUSE_STRATEGY": "CANARY",
        "POSTHOUSE_STORE": "CANARY",
        "POSTHOUSE_ADMIN_KEYS": "CANARY",
        "PORT": "CANARY",
    }
    found = told(env)
    assert set(found) == {
        "POSTHOUSE_ADMIN_KEYS",
        "POSTHOUSE_API_KEY",
        "POSTHOUSE_DOMAIN",
        "POSTHOUSE_PROVIDERS",
        "POSTHOUSE_STORE",
        "POSTHOUSE_STRATEGY",
        "MAILGUN_API_KEY",
        "MAILGUN_DOMAIN",
        "PORT",
    }
    assert found["POSTHOUSE_ADMIN_KEYS"] == "unknown variable: did you mean POSTHOUSE_ADMIN_KEY?"
    assert "CANARY" not in repr(found)
    listed = from_environment(env, SPECS, NOW)
    assert isinstance(listed, list)
    assert Problem("POSTHOUSE_PROVIDERS", None, "not a provider: did you mean sendgrid?") in listed


def test_a_domain_that_is_none_is_told() -> None:
    assert set(told(ENV | {"POSTHOUSE_DOMAIN": "no domain"})) == {"POSTHOUSE_DOMAIN"}


def test_without_providers_the_choice_is_told() -> None:
    env = {"POSTHOUSE_DOMAIN": "example.com", "POSTHOUSE_API_KEY": "k"}
    assert told(env) == {
        "POSTHOUSE_PROVIDERS": "not set: expected names with commas, of mailgun, sandbox, sendgrid or smtp"
    }


def test_empty_variables_count_as_unset() -> None:
    assert made(ENV | {"POSTHOUSE_STORE": "", "POSTHOUSE_LISTEN": "", "PORT": ""}) == made(ENV)
    assert speaks({"POSTHOUSE_DOMAIN": "", "SENDGRID_API_KEY": ""}, SPECS) == []


@pytest.mark.parametrize(
    "name", ["POSTHOUSE_PORT", "POSTHOUSE_SERVICE_HOST", "POSTHOUSE_PORT_8080_TCP", "POSTHOUSE_STARTED"]
)
def test_variables_that_platforms_make_up_are_left_alone(name: str) -> None:
    assert made(ENV | {name: "tcp://10.0.0.1:8080"}) == made(ENV)


@pytest.mark.parametrize("value", ["${POSTHOUSE_API_KEY}", "a'b\"c", "a: {b}", "#x", "\\n", "*x", "!x"])
def test_a_variable_is_taken_as_it_is(value: str) -> None:
    assert made(ENV | {"SENDGRID_API_KEY": value}).pools["example.com"].providers[
        "sendgrid"
    ].settings.api_key == Secret(value)
