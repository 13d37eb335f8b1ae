import pytest

from posthouse.config.imports import Unreadable
from tests.config.imports.drafts import of_file, of_variables


@pytest.mark.parametrize(
    ("document", "origin"),
    [
        ({"emissary": {"providers": {}}}, "emissary"),
        ("emissary: {providers: }", "emissary"),
        ({"pools": [], "admins": []}, "stampman"),
        ({"domain": "example.com", "services": {}}, "stampman"),
        ({"root_api_key": "k", "email_services": []}, "uber-email-service"),
    ],
)
def test_a_file_is_known_by_what_it_says(document: object, origin: str) -> None:
    assert of_file(document).origin == origin


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("[]", "expected a mapping"),
        ("colour: red", "expected emissary's"),
        ("pools: {example.com: {}}", "configuration of Posthouse already"),
        ('{"pools": [}', "line 1: not JSON"),
        ('{"a": "\\ud800"}', "not JSON that can be read"),
        ("{" * 9, "line 1: not JSON"),
        ('{"a":' + "[" * 200_000, "not JSON"),
        ("a: [1,\n", "line 2"),
        ("emissary: &a {providers: *a}", "contains itself"),
        ("x" * 2**21, "at most"),
        ('{"pools": {}, "domain": 1, "services": []}', "pools: expected a list"),
        ('{"domain": "example.com", "services": []}', "pools\\[0\\].services: expected a mapping"),
    ],
)
def test_what_is_nobodys_or_broken_is_told(text: str, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        of_file(text)


def test_a_broken_file_is_not_repeated() -> None:
    with pytest.raises(Unreadable) as error:
        of_file('{"root_api_key": "CANARY')
    assert "CANARY" not in str(error.value)


def test_variables_of_somebody_else_are_told() -> None:
    for env in ({}, {"PATH": "/bin"}, {"SMSP_API_KEY": ""}):
        with pytest.raises(Unreadable, match="SMSP_"):
            of_variables(**env)


def test_a_domain_is_asked_for_only_where_the_file_has_none() -> None:
    with pytest.raises(Unreadable, match="--domain"):
        of_file({"pools": []}, "example.com")
