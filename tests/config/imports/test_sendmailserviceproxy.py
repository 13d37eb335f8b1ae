from posthouse.config.imports import written
from posthouse.config.pool import ProbeMail
from posthouse.secret import Secret
from tests.config.imports.drafts import accepted, of_variables, only, said, secrets

ENV = {
    "SMSP_MG_DOMAIN": "mg.example.com",
    "SMSP_MG_API_KEY": "CANARY-mg",
    "SMSP_SG_API_KEY": "CANARY-sg",
    "SMSP_POLL_MESSAGE_ADDRESS": "poll@example.com",
    "SMSP_API_KEY": "CANARY-key",
}


def without(name: str) -> dict[str, str]:
    return {each: value for each, value in ENV.items() if each != name}


def test_its_circuits_become_a_breaker() -> None:
    pool = only(accepted(of_variables(**ENV), ENV))
    assert (pool.name, pool.strategy, pool.failover, pool.on_unsure) == ("mg.example.com", "priority", 1, "hold")
    assert (pool.breaker.failures, pool.breaker.probe_every_s) == (1, 5)
    assert isinstance(pool.breaker.probe, ProbeMail)
    assert pool.breaker.probe.to.email == "poll@example.com"
    assert [(e.name, e.order, e.timeout_s) for e in pool.providers.values()] == [("mailgun", 1, 2), ("sendgrid", 2, 2)]


def test_secrets_stay_in_the_environment() -> None:
    draft = of_variables(**ENV)
    assert "CANARY" not in written(draft) + "".join(draft.notes)
    config = accepted(draft, ENV)
    assert list(secrets(config)) == ["CANARY-mg", "CANARY-sg"]
    assert only(config).keys["imported"].digest == Secret("CANARY-key").digest()


def test_a_missing_key_opens_nothing_any_more() -> None:
    draft = of_variables(**without("SMSP_API_KEY"))
    assert only(accepted(draft, ENV)).keys["imported"].digest == Secret("fresh-1").digest()
    assert said(draft, "SMSP_API_KEY", "everybody")


def test_a_provider_without_its_variables_is_left_out_aloud() -> None:
    for name, left in (("SMSP_MG_API_KEY", ["sendgrid"]), ("SMSP_SG_API_KEY", ["mailgun"])):
        draft = of_variables(**without(name))
        assert list(only(accepted(draft, ENV)).providers) == left
        assert said(draft, name, "left out")
    assert list(only(accepted(of_variables(SMSP_API_KEY="k"), {"SMSP_API_KEY": "k"})).providers) == ["sandbox"]


def test_the_mock_becomes_the_sandbox_and_the_others_rest() -> None:
    draft = of_variables(**ENV, SMSP_MOCK_EMAIL_SERVICE="true")
    entries = only(accepted(draft, ENV)).providers
    assert [(entry.name, entry.enabled) for entry in entries.values()] == [
        ("sandbox", True),
        ("mailgun", False),
        ("sendgrid", False),
    ]
    assert said(draft, "SMSP_MOCK_EMAIL_SERVICE", "subjects")


def test_without_an_address_to_poll_the_providers_check_is_the_probe() -> None:
    draft = of_variables(**{**ENV, "SMSP_POLL_MESSAGE_ADDRESS": "nobody"})
    assert only(accepted(draft, ENV)).breaker.probe == "check"
    assert said(draft, "SMSP_POLL_MESSAGE_ADDRESS")


def test_what_has_no_equivalent_is_said() -> None:
    draft = of_variables(**ENV, SMSP_LOG_OUTPUT_FORMAT="DEBUG", SMSP_HOST_PORT="x:1")
    assert said(draft, "SMSP_LOG_OUTPUT_FORMAT")
    assert said(draft, "SMSP_HOST_PORT")


def test_the_pool_is_named_as_asked() -> None:
    assert only(accepted(of_variables("example.org", **ENV), ENV)).name == "example.org"
