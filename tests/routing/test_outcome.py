"""The one table: outcome → what becomes of the message and of the provider's standing."""

from typing import cast, get_args

import pytest

from posthouse.routing.outcome import Consequence, Outcome, OutcomeKind, consequence
from tests.routing.pool import OUTCOMES

TABLE = {
    #                         kind, health, message, counts, opens
    "accepted": ("accepted", 1, "sent", True, False),
    "refused: recipient": ("refused", 0, "final", True, False),
    "refused: message": ("refused", 0, "final", True, False),
    "refused: content": ("refused", 0, "elsewhere", True, False),
    "refused: size": ("refused", 0, "elsewhere", True, False),
    "deferred": ("deferred", -1, "elsewhere", True, False),
    "greylisted": ("deferred", 0, "elsewhere", True, False),
    "throttled": ("throttled", 0, "elsewhere", False, False),
    "throttled with a hint": ("throttled", 0, "elsewhere", False, False),
    "quota used up": ("throttled", 0, "elsewhere", False, False),
    "unauthorised": ("unauthorised", -1, "elsewhere", True, True),
    "unsure": ("unsure", -1, "doubt", True, False),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_means_what_the_table_says(name: str) -> None:
    is_ = consequence(OUTCOMES[name])
    assert (is_.kind, is_.health, is_.message, is_.counts, is_.opens) == TABLE[name]


def test_every_kind_of_outcome_has_its_row() -> None:
    assert {type(outcome) for outcome in OUTCOMES.values()} == set(get_args(Outcome))
    assert {consequence(outcome).kind for outcome in OUTCOMES.values()} == set(get_args(OutcomeKind))


def all_of(**columns: object) -> set[str]:
    """The outcomes whose consequence has those values."""
    return {
        name
        for name, outcome in OUTCOMES.items()
        if all(getattr(consequence(outcome), column) == value for column, value in columns.items())
    }


def test_faults_of_recipients_and_of_content_never_touch_a_providers_health() -> None:
    untouched = {name for name in OUTCOMES if name.startswith(("refused", "throttled", "quota"))} | {"greylisted"}
    assert all_of(health=0) == untouched


def test_only_a_throttling_costs_no_attempt() -> None:
    assert all_of(counts=False) == {"throttled", "throttled with a hint", "quota used up"}


def test_only_a_provider_that_wants_an_operator_is_closed_at_once() -> None:
    assert all_of(opens=True) == {"unauthorised"}


def test_what_is_no_outcome_is_a_fault_of_ours_and_raises() -> None:
    with pytest.raises(AssertionError):
        consequence(cast("Outcome", "accepted"))


def test_a_consequence_says_by_itself_that_it_opens_nothing() -> None:
    assert Consequence("deferred", -1, "elsewhere", counts=True).opens is False
