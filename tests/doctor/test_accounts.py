import msgspec
import pytest

from posthouse.doctor.accounts import clock, credentials, sender
from posthouse.providers.base import Identity
from tests.doctor.patient import account


@pytest.mark.parametrize(
    ("outcome", "value"),
    [("accepted", "ok"), ("throttled", "warn"), ("unauthorised", "fail"), ("deferred", "fail"), ("refused", "fail")],
)
def test_what_a_provider_answers_to_credentials(outcome: str, value: str) -> None:
    found = credentials(account(outcome=outcome))
    assert (found.value, bool(found.advice)) == (value, value != "ok")


def test_a_key_that_is_refused_is_named_by_its_place_in_the_file() -> None:
    found = credentials(account(outcome="unauthorised", status=401))
    assert found.seen.startswith("unauthorised: 401")
    assert "pools.example.com.providers.mailgun" in found.advice
    assert "sending key" in found.advice  # Mailgun's, which cannot be asked


@pytest.mark.parametrize(
    ("identity", "value"),
    [(Identity(True, "x"), "ok"), (Identity(False, "x"), "fail"), (Identity(None, "x"), "warn"), (None, "skipped")],
)
def test_what_a_provider_says_of_the_domain(identity: Identity | None, value: str) -> None:
    assert sender(account(identity=identity)).value == value


def test_the_return_path_is_the_one_told_and_for_mailgun_otherwise_its_domain() -> None:
    assert account().return_path == "mg.example.com"
    assert account(identity=Identity(True, "x", return_path="told.example.com")).return_path == "told.example.com"


@pytest.mark.parametrize(
    ("ahead_s", "value", "words"),
    [
        ([0.4], "ok", "agrees"),
        ([-29.0], "ok", "agrees"),
        ([45.0], "warn", "45 s ahead of mailgun's"),
        ([-400.0], "fail", "400 s behind mailgun's"),
        ([5000.0, 2.0], "ok", "agrees"),  # one provider's clock is wrong, not ours
        ([None], "skipped", "no provider told the time"),
    ],
)
def test_the_clock_is_judged_by_the_providers(ahead_s: list[float | None], value: str, words: str) -> None:
    found = clock([msgspec.structs.replace(account(), ahead_s=each) for each in ahead_s])
    assert found.value == value
    assert words in found.seen
