"""What the calls of the model's test are made of, and how the store's answers are compared with the model's."""

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from posthouse.mail.event import EventType
from posthouse.mail.message import Address, Message
from posthouse.routing.outcome import OutcomeKind
from posthouse.routing.rules import START, Course
from posthouse.routing.switch import ON, Failing, Switch
from posthouse.store.values import Claim, ClaimRequest, Portion, Record
from tests.store.letters import LEASE_S, NOW, OTHER_POOL, POOL
from tests.store.model import Kept

TYPES: tuple[EventType, ...] = get_args(EventType)

ANN, BOB = Address("Ann@example.org"), Address("bob@example.org")
LIGHT = Message(Address("post@example.com"), to=(ANN,), text="Hello.")
HEAVY = Message(Address("post@example.com"), to=(BOB,), cc=(ANN,), text="Hello. " * 200)
ROOM = 1800
"""Bytes in which one heavy message and some light ones find place together."""

PICK = st.integers(0, 20)
PICKS = st.lists(PICK, min_size=1, max_size=4)
PROVIDERS = st.sampled_from(["first", "second"])
POOLS = st.sampled_from([POOL, OTHER_POOL])
PORTIONS = st.lists(
    st.builds(Portion, POOLS, st.integers(0, 3), st.integers(0, 3)), max_size=2, unique_by=lambda portion: portion.pool
)
OUTCOMES: dict[OutcomeKind, int] = {"accepted": 1, "refused": 0, "deferred": -1, "throttled": 0, "unsure": -1}
NEWS = st.sampled_from(TYPES)
ADDRESSES = st.sampled_from(["ann@example.org", "BOB@example.org", "eve@example.org"])
SWITCHES = st.sampled_from([ON, Switch("pause", "asked for", "ann", NOW), Switch(failing=Failing("timeout", 0.5))])
COURSES = [START, Course(1, ("first",)), Course(doubt=True), Course(2, served=True)]

ENTRIES = st.fixed_dictionaries(
    {
        "pool": POOLS,
        "lane": st.sampled_from([0, 1, 2]),
        "message": st.sampled_from([LIGHT, HEAVY]),
        "after_s": st.sampled_from([0.0, 0.0, 30.0]),
        "lasts_s": st.sampled_from([None, None, 5.0, 40.0]),
        "key": st.sampled_from([None, None, "a", "b"]),
        "digest": st.sampled_from([b"1", b"2"]),
        "begun": st.sampled_from([None, None, None, "first", "second"]),
    }
)


class End(msgspec.Struct, frozen=True):
    """How an attempt ends. again_s: until the next one, None for none."""

    outcome: OutcomeKind
    again_s: float | None
    course: Course
    owed: tuple[str, ...] | None


ENDS = st.builds(
    End,
    st.sampled_from(list(OUTCOMES)),
    st.sampled_from([None, 0.0, 20.0]),
    st.sampled_from(COURSES),
    st.sampled_from([None, ("ann@example.org",)]),
)


class Held:
    """A claim somebody has, or had. number, provider, began: of the attempt that is open under it."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.number: int | None = None
        self.provider, self.began = "", 0.0
        if claim.opened is not None:
            self.begin(claim.opened.number, claim.opened.provider, claim.opened.started_at)

    def begin(self, number: int, provider: str, at: float) -> None:
        self.number, self.provider, self.began = number, provider, at


def requested(now: float, limit: int, portions: Iterable[Portion] = ()) -> ClaimRequest:
    return ClaimRequest(limit, ROOM, now, LEASE_S, tuple(portions))


def as_claimed(kept: Kept, request: ClaimRequest, left_out: Iterable[str]) -> Any:
    opened = None if kept.open is None else kept.open.intent.number
    until = request.now + request.lease_s
    return (kept.entry.id, kept.fence, kept.begun, kept.course, kept.owed, opened, until, sorted(left_out))


def as_given(claim: Claim) -> Any:
    opened = None if claim.opened is None else claim.opened.number
    shown = (claim.job.id, claim.fence, claim.attempts, claim.job.course, claim.owed, opened, claim.leased_until)
    return (*shown, sorted(claim.suppressed))


def as_kept(kept: Kept) -> Any:
    attempts = [
        (number, tried.intent.provider, tried.fact and (tried.fact.kind, tried.fact.at), tried.evidence)
        for number, tried in kept.tried.items()
    ]
    return (kept.status, kept.due_at, kept.twice, attempts, kept.events)


def as_recorded(record: Record) -> Any:
    attempts = [
        (a.number, a.provider, a.outcome and (a.outcome, a.finished_at), a.evidence is not None)
        for a in record.attempts
    ]
    events = [event.type for event in record.events]
    return (record.status, record.due_at, record.possible_duplicate, attempts, events)
