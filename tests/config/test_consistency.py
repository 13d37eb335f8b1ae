import pytest

from posthouse.secret import Secret
from tests.config.sample import MINIMAL, answer, config, pool, problems, the_problem


@pytest.mark.parametrize(
    ("store", "workers", "fits"),
    [
        ("sqlite:///x.db", "1", True),
        ("sqlite:///x.db", "auto", True),
        ("sqlite:///x.db", "2", False),
        ("postgresql://h/d", "2", True),
        ("postgresql://h/d", "auto", True),
    ],
)
def test_more_than_one_worker_needs_postgresql(store: str, workers: str, fits: bool) -> None:
    text = MINIMAL + f"store: {store}\nworkers: {workers}\n"
    if fits:
        config(text)
    else:
        assert (the_problem(text).path, the_problem(text).line) == ("workers", 7)


def test_auto_is_one_worker_per_core_on_postgresql_alone() -> None:
    assert config(MINIMAL + "workers: auto\n").processes(8) == 1
    assert config(MINIMAL + "workers: auto\nstore: postgresql://h/d\n").processes(8) == 8
    assert config(MINIMAL + "workers: 3\nstore: postgresql://h/d\n").processes(8) == 3


def test_the_same_key_in_two_pools_is_told() -> None:
    other = f"""\
  example.net:
    keys:
      app: sha256:{Secret("secret-of-web").digest().hex()}
    providers: {{sandbox: {{}}}}
"""
    problem = the_problem(MINIMAL + other)
    assert (problem.path, problem.line) == ("pools.example.net.keys.app", 8)
    assert "the same API key as pools.example.com.keys.web" in problem.message
    assert "secret-of-web" not in problem.message


def test_keys_that_cannot_be_read_are_not_taken_for_the_same_key() -> None:
    found = problems(MINIMAL.replace("{web: secret-of-web}", '{a: {key: "${A_KEY}"}, b: {key: "${B_KEY}"}}'))
    assert [problem.path for problem in found] == ["pools.example.com.keys.a.key", "pools.example.com.keys.b.key"]


def test_the_same_key_twice_in_a_pool_is_told() -> None:
    problem = the_problem(MINIMAL.replace("{web: secret-of-web}", "{web: x, app: x}"))
    assert problem.path == "pools.example.com.keys.app"


def test_a_key_may_be_an_admins_too() -> None:
    config(MINIMAL + "admins: {ops: secret-of-web}\n")


def test_an_expired_key_is_a_warning_and_the_rest_works() -> None:
    text = MINIMAL.replace("secret-of-web", "{key: x, expires: 2027-01-01}")
    (warning,) = config(text).warnings
    assert (warning.path, warning.line) == ("pools.example.com.keys.web.expires", 3)
    assert "expired" in warning.message
    assert config(text.replace("2027", "2028")).warnings == ()


def test_a_pool_without_keys_must_say_that_it_is_open() -> None:
    text = MINIMAL.replace("    keys: {web: secret-of-web}\n", "")
    problem = the_problem(text)
    assert (problem.path, problem.line) == ("pools.example.com.keys", 2)
    assert "open: true" in problem.message
    assert the_problem(MINIMAL.replace("{web: secret-of-web}", "{}")).line == 3
    assert config(text + "    open: true\n").pools["example.com"].open


def test_a_pool_is_named_once_however_it_is_written() -> None:
    text = MINIMAL + "  Example.COM: {keys: {a: b}, providers: {sandbox: {}}}\n"
    assert (the_problem(text).path, the_problem(text).line) == ("pools.example.com", 6)


def test_a_fixed_sender_needs_a_default() -> None:
    problem = the_problem(pool("sender: fixed"))
    assert (problem.path, problem.line) == ("pools.example.com.default_from", 2)
    config(pool("sender: fixed\ndefault_from: a@example.net"))


def test_the_default_sender_is_of_the_pools_domain_unless_any_may_be() -> None:
    assert (the_problem(pool("default_from: a@example.net")).path) == "pools.example.com.default_from"
    config(pool("default_from: a@EXAMPLE.com"))
    config(pool("default_from: a@example.net\nsender: any"))


def weighted(*providers: str) -> str:
    listed = ", ".join(f"p{number}: {{type: sandbox{provider}}}" for number, provider in enumerate(providers))
    return pool("strategy: weighted").replace("providers:\n      sandbox: {}", f"providers: {{{listed}}}")


@pytest.mark.parametrize(
    "providers",
    [
        (", weight: 0.7", ", weight: 0.3"),
        (", weight: 0.1", ", weight: 0.2", ", weight: 0.7"),
        (", weight: 0.3333333", ", weight: 0.3333333", ", weight: 0.3333333"),
        (", weight: 1", ""),
        ("", "", ""),
        (", weight: 0.7", ", weight: 0.3, enabled: false"),
        (", weight: 1", ", weight: 0.3, enabled: false"),
    ],
)
def test_weights_that_sum_to_one_are_taken(providers: tuple[str, ...]) -> None:
    config(weighted(*providers))


@pytest.mark.parametrize(
    "providers", [(", weight: 0.7", ", weight: 0.2"), (", weight: 0.5", ""), (", weight: 1", ", weight: 1")]
)
def test_weights_that_do_not_are_told_where_they_count(providers: tuple[str, ...]) -> None:
    problem = the_problem(weighted(*providers))
    assert (problem.path, problem.line) == ("pools.example.com.providers", 4)
    assert "1.0" in problem.message
    config(weighted(*providers).replace("strategy: weighted", "strategy: score"))


def test_a_weight_that_cannot_be_read_is_one_problem() -> None:
    assert the_problem(weighted(", weight: much", ", weight: 0.2")).path == "pools.example.com.providers.p0.weight"


def test_a_class_names_a_provider_of_its_pool() -> None:
    problem = the_problem(pool("classes:\n  otp: {provider: sendgrid}"))
    assert (problem.path, problem.line) == ("pools.example.com.classes.otp.provider", 7)
    assert "sandbox" in problem.message
    config(pool("classes: {otp: {provider: sandbox}}"))


def test_a_class_may_name_a_provider_that_is_itself_in_trouble() -> None:
    text = pool("classes: {otp: {provider: mailgun}}").replace("sandbox: {}", "mailgun: {}")
    assert {problem.path for problem in problems(text)} == {
        "pools.example.com.providers.mailgun.api_key",
        "pools.example.com.providers.mailgun.domain",
    }


def test_tags_that_no_provider_has_are_a_warning() -> None:
    text = pool("classes: {otp: {require_tags: [eu]}}")
    assert [warning.path for warning in config(text).warnings] == ["pools.example.com.classes.otp.require_tags"]
    assert config(text.replace("sandbox: {}", "sandbox: {tags: [eu, fast]}")).warnings == ()


def test_rules_say_nothing_of_what_cannot_be_read() -> None:
    found = answer(pool("sender: fixed\ndefault_from: nobody\nstrategy: wheighted"))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["pools.example.com.default_from", "pools.example.com.strategy"]


def test_canaries_go_through_a_pool_of_the_file() -> None:
    written = MINIMAL + "canary: {pool: example.net, to: canary@example.org}\n"
    problem = the_problem(written)
    assert (problem.path, problem.line) == ("canary.pool", 6)
    assert "expected one of example.com" in problem.message
    found = config(written.replace("example.net", "Example.COM")).canary
    assert found is not None
    assert (found.pool, found.every_s) == ("example.com", 300.0)


@pytest.mark.parametrize("every", ["5s", "often", "0s"])
def test_canaries_come_no_faster_than_every_ten_seconds(every: str) -> None:
    problem = the_problem(MINIMAL + f"canary:\n  pool: example.com\n  to: a@example.org\n  every: {every}\n")
    assert (problem.path, problem.line) == ("canary.every", 9)


def test_canaries_where_no_provider_is_enabled_are_a_warning() -> None:
    text = MINIMAL.replace("sandbox: {}", "sandbox: {enabled: false}")
    (warning,) = config(text + "canary: {pool: example.com, to: a@example.org}\n").warnings
    assert (warning.path, warning.line) == ("canary.pool", 6)
