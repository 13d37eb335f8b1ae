"""What providers tell afterwards moves a message forward, never back."""

from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.event import MEANING, STATUSES, UNFINISHED, EventType, Status, moved

TYPES: tuple[EventType, ...] = get_args(EventType)
FORWARD: list[Status] = ["held", "sent", "delivered", "bounced", "complained"]
NOT_SENT = sorted(set(STATUSES) - set(FORWARD))

statuses = st.sampled_from(STATUSES)
events = st.sampled_from(TYPES)


def after(status: Status, *types: EventType) -> Status:
    for event in types:
        status = moved(status, event)
    return status


@pytest.mark.parametrize(
    ("status", "event", "then"),
    [
        ("sent", "delivered", "delivered"),
        ("sent", "bounced", "bounced"),
        ("sent", "complained", "complained"),
        ("sent", "deferred", "sent"),
        ("delivered", "complained", "complained"),
        ("delivered", "bounced", "bounced"),
        ("bounced", "delivered", "bounced"),
        ("complained", "bounced", "complained"),
        ("sent", "opened", "delivered"),
        ("delivered", "clicked", "delivered"),
    ],
)
def test_news_of_what_was_sent_moves_it_on(status: Status, event: EventType, then: Status) -> None:
    assert moved(status, event) == then


@pytest.mark.parametrize(
    ("event", "then"),
    [
        ("sent", "sent"),
        ("deferred", "sent"),
        ("delivered", "delivered"),
        ("bounced", "bounced"),
        ("opened", "delivered"),
    ],
)
def test_what_is_held_is_settled_by_news_that_the_provider_had_it(event: EventType, then: Status) -> None:
    assert moved("held", event) == then


@pytest.mark.parametrize("event", ["accepted", "failed", "expired", "cancelled", "held", "suppressed"])
@pytest.mark.parametrize("status", STATUSES)
def test_what_only_we_can_know_is_no_news(status: Status, event: EventType) -> None:
    assert moved(status, event) == status


@pytest.mark.parametrize("event", TYPES)
@pytest.mark.parametrize("status", NOT_SENT)
def test_what_is_unfinished_or_was_not_sent_stays_as_it_is(status: Status, event: EventType) -> None:
    assert moved(status, event) == status


@given(statuses, st.lists(events))
def test_a_status_never_goes_back(status: Status, types: list[EventType]) -> None:
    then = after(status, *types)
    if status in FORWARD:
        assert FORWARD.index(then) >= FORWARD.index(status)
    else:
        assert then == status


@given(statuses, events)
def test_the_same_news_twice_says_no_more_than_once(status: Status, event: EventType) -> None:
    assert after(status, event, event) == moved(status, event)


@given(statuses, st.lists(events, min_size=2, max_size=4))
def test_the_order_in_which_news_arrives_does_not_matter(status: Status, types: list[EventType]) -> None:
    assert len({after(status, *order) for order in permutations(types)}) == 1


@given(statuses, events)
def test_news_makes_nothing_unfinished_or_held(status: Status, event: EventType) -> None:
    then = moved(status, event)
    assert then == status or then not in {*UNFINISHED, "held"}


def test_every_type_says_what_it_means() -> None:
    assert set(MEANING) == set(TYPES)
