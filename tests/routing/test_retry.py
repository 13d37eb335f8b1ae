"""What becomes of a message after an attempt: the whole table, and the ends of it."""

from collections import Counter
from itertools import product
from typing import Literal, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.message import OnUnsure
from posthouse.routing.board import Board, Fact
from posthouse.routing.outcome import ACCEPTED, Accepted, Deferred, Outcome, Recipient, Refused
from posthouse.routing.ramp import admitted_at
from posthouse.routing.retry import JITTER, SENT, Happening, Next, after, backoff, over
from posthouse.routing.rules import BreakerRules, Candidate, Course, Job, RetryRules
from posthouse.routing.switch import Switch
from tests.routing.pool import NOW, OUTCOMES, broken, healed, message, on_its_course, paused, pool, repeatable

POLICIES: tuple[OnUnsure, ...] = ("failover", "retry_same", "hold")
RETRY = RetryRules(first_s=10.0, factor=2.0, max_s=100.0)
AT_THE_FIRST_ROUND = (10.0, 12.0)
"""Seconds the first backoff may last."""


def heard(board: Board, provider: str, outcome: Outcome) -> Board:
    """The board that has seen the attempt."""
    return board.observe(Fact.of(provider, outcome, NOW, NOW - 1))


def tried(board: Board, outcome: Outcome, job: Job | None = None, provider: str = "a") -> Next:
    """What follows an attempt of a provider that ended so."""
    return after(job or message(), provider, outcome, heard(board, provider, outcome), NOW)


def names(then: Next) -> list[str]:
    return [event.type for event in then.events]


# The whole table: every outcome, every policy, another provider ready or broken or none, time left or not, some
# recipients served or none, a doubt before or none.

Meaning = Literal["sent", "final", "elsewhere", "refused here", "same later", "free", "doubt"]
MEANING: dict[str, Meaning] = {
    "accepted": "sent",
    "refused: recipient": "final",
    "refused: message": "final",
    "refused: content": "refused here",
    "refused: size": "refused here",
    "deferred": "elsewhere",
    "greylisted": "same later",
    "throttled": "free",
    "throttled with a hint": "free",
    "quota used up": "free",
    "unauthorised": "elsewhere",
    "unsure": "doubt",
}


def expected(meaning: Meaning, policy: OnUnsure, other: str, late: bool, served: bool, doubted: bool) -> str:
    """The state the design wants, in words: a status, or `now` or `later` for a message that goes on."""
    doubted = doubted or meaning == "doubt"
    end = "sent" if served else "held" if doubted else None
    match meaning:
        case "sent":
            return "sent"
        case "free":
            return "now"
        case "final":
            return end or "failed"
        case "doubt" if policy == "hold":
            return "held"
        case "doubt" if policy == "retry_same":
            return (end or "expired") if late else "later"
        case "refused here" if other == "none":
            return end or "failed"
        case "elsewhere" | "refused here" | "doubt" if other == "ready":
            return "now"
        case _:
            return (end or "expired") if late else "later"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", OUTCOMES)
def test_after_an_outcome_a_message_is_where_the_table_says(name: str, policy: OnUnsure) -> None:
    outcome, meaning = OUTCOMES[name], MEANING[name]
    for other, late, served, doubted in product(
        ("ready", "broken", "none"), (False, True), (False, True), (False, True)
    ):
        board = pool("a", *(["b"] if other != "none" else []), retry=RETRY, on_unsure=policy)
        if other == "broken":
            board = broken(board, "b")
        job = message(expires_at=NOW + 9 if late else None, course=Course(round=0, served=served, doubt=doubted))
        then = tried(board, outcome, job)
        found = then.status if then.due_at is None else "now" if then.due_at == NOW else "later"
        assert found == expected(meaning, policy, other, late, served, doubted), (other, late, served, doubted)
        if then.due_at is not None:
            assert then.status == "queued"
            assert then.course.served == served
            assert then.course.doubt == (doubted or meaning == "doubt"), "a doubt is never forgotten"
            assert then.course.again == ("a" if (meaning, policy) == ("doubt", "retry_same") else None)
            assert then.course.refused == (("a",) if meaning == "refused here" else ())
        if found == "later":
            low, high = AT_THE_FIRST_ROUND
            assert NOW + low <= (then.due_at or 0) <= NOW + high
            assert (then.course.round, then.course.tried) == (1, ())
        if found == "now":
            assert then.course.round == 0
            assert then.course.tried == (() if meaning == "free" else ("a",))


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_message_asks_for_itself_goes_before_the_policy_of_the_pool(policy: OnUnsure) -> None:
    for pools in POLICIES:
        job = message(on_unsure=policy)
        board = pool("a", "b", on_unsure=pools)
        assert tried(board, OUTCOMES["unsure"], job) == tried(pool("a", "b", on_unsure=policy), OUTCOMES["unsure"])


# Sent


def test_an_accepted_message_is_sent_and_over() -> None:
    assert tried(pool("a"), Accepted(200)) is SENT
    assert Next("sent", None, events=(Happening("sent"),)) == SENT


def test_recipients_that_were_refused_for_good_bounce_and_the_rest_is_sent() -> None:
    gone = Recipient("eve@example.org", True, "550 no such user")
    assert tried(pool("a"), Accepted(250, unserved=(gone,))) == Next(
        "sent", None, events=(Happening("sent"), Happening("bounced", "550 no such user", "eve@example.org"))
    )


def test_recipients_that_were_put_off_are_still_owed_and_tried_again_after_the_backoff() -> None:
    gone = Recipient("eve@example.org", True, "550 no such user")
    later = Recipient("bob@example.net", False, "451 greylisted")
    then = tried(
        pool("a", "b", retry=RETRY),
        Accepted(250, unserved=(gone, later)),
        on_its_course(message(), round=1, tried=("b",), refused=("c",), doubt=True),
    )
    assert then.status == "queued"
    assert then.owed == ("bob@example.net",)
    assert then.course == Course(round=2, refused=("c",), doubt=True, served=True)
    assert NOW + 20 <= (then.due_at or 0) <= NOW + 24
    assert then.events == (
        Happening("sent"),
        Happening("bounced", "550 no such user", "eve@example.org"),
        Happening("deferred", "451 greylisted", "bob@example.net"),
    )


@pytest.mark.parametrize("end", ["expires_at", "give_up_at"])
def test_recipients_that_were_put_off_bounce_where_the_time_ends_before_the_next_round(end: str) -> None:
    later = Recipient("bob@example.net", False, "451 greylisted")
    at_its_end = msgspec.structs.replace(message(), **{end: NOW + 10})
    then = tried(pool("a", retry=RETRY), Accepted(250, unserved=(later,)), at_its_end)
    assert (then.status, then.due_at, then.owed) == ("sent", None, None)
    assert then.events == (Happening("sent"), Happening("bounced", "451 greylisted", "bob@example.net"))


def test_a_later_round_leaves_it_to_the_store_who_is_still_owed() -> None:
    served = on_its_course(message(recipients=1), served=True, round=1)
    for name in ("deferred", "throttled", "unsure", "greylisted", "refused: content"):
        then = tried(pool("a", "b"), OUTCOMES[name], served)
        assert (then.status, then.owed, then.course.served) == ("queued", None, True)


# Another provider now


def test_a_deferred_message_goes_to_another_provider_at_once() -> None:
    then = tried(pool("a", "b", "c"), OUTCOMES["deferred"])
    assert then == Next("queued", NOW, Course(tried=("a",)), events=(Happening("deferred", "try later"),))


def test_when_every_provider_was_tried_in_this_round_the_next_round_comes_later() -> None:
    then = tried(
        pool("a", "b", "c", retry=RETRY), OUTCOMES["deferred"], on_its_course(message(), tried=("b", "c"), round=2)
    )
    assert then.course == Course(round=3)
    assert NOW + 40 <= (then.due_at or 0) <= NOW + 48


def test_a_provider_tried_twice_in_a_round_counts_once() -> None:
    then = tried(pool("a", "b"), OUTCOMES["deferred"], on_its_course(message(), tried=("a",)))
    assert then.course.tried == ("a",)


@pytest.mark.parametrize(("limit", "tries"), [(1, 1), (2, 2), (3, 3), (9, 4), (None, 4)])
def test_a_round_tries_no_more_providers_than_the_pool_wants(limit: int | None, tries: int) -> None:
    board, job, count = pool("a", "b", "c", "d", failover=limit), message(), 0
    while job.course.round == 0:
        provider = "abcd"[count]
        count += 1
        job = msgspec.structs.replace(job, course=tried(board, OUTCOMES["deferred"], job, provider).course)
    assert count == tries


def test_a_provider_that_is_not_ready_is_not_worth_going_to_at_once() -> None:
    board = paused(broken(pool("a", "b", "c", Candidate("d", enabled=False)), "b"), "c")
    assert tried(board, OUTCOMES["deferred"]).course.round == 1


def test_a_provider_that_cannot_carry_it_is_no_other_provider() -> None:
    board = pool("a", Candidate("b", can=0), Candidate("c", reserved=True))
    assert tried(board, OUTCOMES["deferred"], message(needs=1)).course.round == 1


def test_a_pinned_message_is_tried_again_later_and_not_elsewhere() -> None:
    then = tried(pool("a", "b"), OUTCOMES["deferred"], message(provider="a"))
    assert then.course == Course(round=1)


def test_a_provider_by_whose_answer_its_own_circuit_opened_leaves_the_message_to_the_next() -> None:
    then = tried(pool("a", "b"), OUTCOMES["unauthorised"])
    assert (then.due_at, then.course.tried) == (NOW, ("a",))


def test_a_content_refusal_gets_a_second_opinion_and_none_twice() -> None:
    board = pool("a", "b")
    first = tried(board, Refused("content", 550, "spam"))
    assert first == Next("queued", NOW, Course(tried=("a",), refused=("a",)), events=(Happening("deferred", "spam"),))
    second = tried(
        board, Refused("content", 550, "spam too"), msgspec.structs.replace(message(), course=first.course), "b"
    )
    assert second == Next(
        "failed", None, Course(tried=("a",), refused=("a", "b")), events=(Happening("failed", "spam too"),)
    )


def test_a_refusal_where_the_others_cannot_carry_it_anyway_is_final() -> None:
    board = pool("a", Candidate("b", max_bytes=10))
    then = tried(board, Refused("size", 413, "too large"), message(size=100))
    assert (then.status, names(then), then.events[0].detail) == ("failed", ["failed"], "too large")


def test_a_refusal_leaves_the_message_to_a_provider_that_is_not_ready_yet() -> None:
    then = tried(broken(pool("a", "b"), "b"), Refused("content", 550, "spam"))
    assert then.course == Course(round=1, refused=("a",))


@pytest.mark.parametrize("outcome", [OUTCOMES["deferred"], OUTCOMES["unauthorised"], Refused("content", 550, "spam")])
def test_where_the_pool_was_taken_out_of_the_configuration_meanwhile_the_message_waits(outcome: Outcome) -> None:
    then = tried(pool(retry=RETRY), outcome)
    assert (then.status, then.course.round, names(then)) == ("queued", 1, ["deferred"])
    assert then.due_at is not None
    assert then.due_at > NOW


def test_a_doubt_of_such_a_message_is_remembered_and_not_held_for_it() -> None:
    then = tried(pool(retry=RETRY, on_unsure="failover"), OUTCOMES["unsure"])
    assert (then.status, then.course.doubt) == ("queued", True)


# Not before


def test_a_throttling_costs_the_message_nothing() -> None:
    job = on_its_course(message(), round=3, tried=("b",), refused=("c",))
    assert tried(pool("a", "b", "c"), OUTCOMES["throttled"], job) == Next("queued", NOW, job.course)


def test_greylisting_is_answered_by_the_same_provider_later_though_another_is_ready() -> None:
    then = tried(pool("a", "b", retry=RETRY), Deferred(451, "greylisted", blame="recipient"))
    assert then.course == Course(round=1)
    assert then.events == (Happening("deferred", "greylisted"),)


# Doubt


def test_after_a_doubt_another_provider_is_asked_at_once_and_the_doubt_is_remembered() -> None:
    then = tried(pool("a", "b"), OUTCOMES["unsure"])
    assert then.course == Course(tried=("a",), doubt=True)
    assert then.due_at == NOW


def test_a_provider_that_hangs_and_is_alone_is_asked_again_after_the_ordinary_backoff() -> None:
    board, job, waited = pool("a", Candidate("b", can=0), retry=RETRY), message(needs=1), list[float]()
    for _ in range(4):
        then = tried(board, OUTCOMES["unsure"], job)
        assert (then.status, then.course.doubt, then.course.again) == ("queued", True, None)
        waited.append((then.due_at or 0) - NOW)
        job = msgspec.structs.replace(job, course=then.course)
    for seconds, low in zip(waited, [10, 20, 40, 80], strict=True):
        assert low <= seconds <= low * (1 + JITTER)


def test_another_provider_to_which_the_message_may_not_go_yet_is_not_worth_going_to_at_once() -> None:
    late = next(f"m-{n}" for n in range(99) if admitted_at(NOW, BreakerRules(), f"m-{n}", "b") > NOW)
    assert tried(healed(pool("a", "b"), "b"), OUTCOMES["deferred"], message(late)).course.round == 1
    drained = pool("a", "b").switched({"b": Switch("drain")})
    assert tried(drained, OUTCOMES["deferred"]).course.round == 1


def test_after_a_doubt_the_same_provider_is_asked_later_and_no_other_ever() -> None:
    board = pool("a", "b", on_unsure="retry_same", retry=RETRY)
    job = message()
    for name in ("unsure", "deferred", "unauthorised", "throttled", "greylisted", "unsure"):
        job = msgspec.structs.replace(job, course=tried(board, OUTCOMES[name], job).course)
        assert (job.course.again, job.course.doubt, job.course.refused) == ("a", True, ())
    refused = tried(board, OUTCOMES["refused: content"], job)
    assert refused.status == "held", "the only one that might tell has refused it: whether it was sent stays open"


def test_a_held_message_says_what_was_heard() -> None:
    then = tried(pool("a", "b", on_unsure="hold"), OUTCOMES["unsure"])
    assert then == Next("held", None, Course(doubt=True), events=(Happening("held", "no answer in time"),))


# Over


@pytest.mark.parametrize("status", ["failed", "expired"])
@pytest.mark.parametrize(
    ("served", "doubt", "end"),
    [(False, False, None), (False, True, "held"), (True, False, "sent"), (True, True, "sent")],
)
def test_the_end_is_held_after_a_doubt_and_sent_after_partial_service(
    status: Literal["failed", "expired"], served: bool, doubt: bool, end: str | None
) -> None:
    job = on_its_course(message(), served=served, doubt=doubt, round=4)
    then = over(job, status, "nobody took it")
    assert then.status == (end or status)
    assert (then.due_at, then.course) == (None, job.course)
    assert names(then) == ["bounced" if served else end or status]
    assert "nobody took it" in (then.events[0].detail or "")


def test_a_held_end_tells_both_the_doubt_and_the_end() -> None:
    then = over(on_its_course(message(), doubt=True), "expired", "its time ran out")
    assert then.events[0].detail == (
        "it may have been sent: an earlier attempt ended in doubt; then it expired: its time ran out"
    )


@pytest.mark.parametrize(
    ("expires_at", "give_up_at", "status"),
    [
        (NOW + 10, NOW + 99, "expired"),
        (NOW + 99, NOW + 10, "failed"),
        (None, NOW + 10, "failed"),
        (NOW + 10, NOW + 10, "expired"),
        (NOW + 12.1, NOW + 12.1, "queued"),
        (None, NOW + 12.1, "queued"),
    ],
)
def test_a_message_whose_time_ends_before_its_next_round_is_over(
    expires_at: float | None, give_up_at: float, status: str
) -> None:
    then = tried(pool("a", retry=RETRY), OUTCOMES["deferred"], message(expires_at=expires_at, give_up_at=give_up_at))
    assert then.status == status


@pytest.mark.parametrize(
    ("expires_in", "due_in"),
    [
        (10.5, None),  # one more try would come sooner than the shortest backoff allows
        (11.0, None),
        (11.5, 10.5),
        (30.0, 29.0),
        (60.0, (40.0, 48.0)),
    ],
)
def test_a_message_gets_a_last_try_just_before_it_expires_where_one_more_fits(
    expires_in: float, due_in: float | tuple[float, float] | None
) -> None:
    job = on_its_course(message(expires_at=NOW + expires_in), round=2)
    then = tried(pool("a", retry=RETRY), OUTCOMES["deferred"], job)
    if due_in is None:
        assert then.status == "expired"
        return
    low, high = due_in if isinstance(due_in, tuple) else (due_in, due_in)
    assert then.status == "queued"
    assert NOW + low <= (then.due_at or 0) <= NOW + high
    assert then.course.round == 3


def test_after_its_last_try_a_message_expires() -> None:
    job = on_its_course(message(expires_at=NOW + 1), round=3)
    assert tried(pool("a", retry=RETRY), OUTCOMES["deferred"], job).status == "expired"


def test_recipients_that_were_put_off_get_a_last_try_too() -> None:
    later = Recipient("bob@example.net", False, "451 greylisted")
    job = on_its_course(message(expires_at=NOW + 30), round=2)
    assert tried(pool("a", retry=RETRY), Accepted(250, unserved=(later,)), job).due_at == NOW + 29


# Backoff


def test_backoff_doubles_from_round_to_round_and_is_capped() -> None:
    plain = [backoff(RETRY, "m", n) for n in range(8)]
    for seconds, low in zip(plain, [10, 20, 40, 80, 100, 100, 100, 100], strict=True):
        assert low <= seconds < low * (1 + JITTER)


def test_backoff_after_very_many_rounds_is_still_a_number() -> None:
    steep = RetryRules(first_s=1.0, factor=100.0, max_s=3600.0)
    assert 3600 <= backoff(steep, "m", 10**6) < 3600 * (1 + JITTER)


def test_the_jitter_is_derived_from_the_message_and_the_round_and_spreads_evenly() -> None:
    drawn = [(backoff(RETRY, f"m-{number}", 0) - 10) / (10 * JITTER) for number in range(10_000)]
    assert drawn == [(backoff(RETRY, f"m-{number}", 0) - 10) / (10 * JITTER) for number in range(10_000)]
    tenths = Counter(int(10 * draw) for draw in drawn)
    assert set(tenths) == set(range(10))
    assert all(count == pytest.approx(1000, abs=120) for count in tenths.values())
    assert backoff(RETRY, "m", 5) != backoff(RETRY, "m", 6), "capped alike, but not all at the same moments again"


@repeatable
@given(
    st.floats(0.001, 100),
    st.floats(1.2, 100),
    st.floats(0.001, 1e5),
    st.text(max_size=9),
    st.integers(0, 63),
)
def test_backoff_grows_with_each_round_to_its_cap_and_is_stretched_by_a_fifth_at_most(
    first_s: float, factor: float, max_s: float, id_: str, round_no: int
) -> None:
    retry = RetryRules(first_s=first_s, factor=factor, max_s=max_s)
    plain = min(max_s, first_s * factor**round_no)
    seconds = backoff(retry, id_, round_no)
    assert plain <= seconds <= plain * 1.2 * (1 + 1e-12)
    if plain * factor < max_s:
        assert backoff(retry, id_, round_no + 1) > seconds * (1 - 1e-9)


# Faults of ours


def test_a_consequence_of_sent_is_the_end_whoever_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthouse.routing.retry.consequence", lambda _: ACCEPTED)
    assert tried(pool("a"), OUTCOMES["deferred"]) is SENT


def test_what_the_table_does_not_know_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = msgspec.structs.replace(ACCEPTED, message=cast("Literal['sent']", "lost"))
    monkeypatch.setattr("posthouse.routing.retry.consequence", lambda _: unknown)
    with pytest.raises(AssertionError):
        tried(pool("a"), OUTCOMES["deferred"])
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        tried(pool("a", on_unsure="shrug"), OUTCOMES["unsure"])


def test_one_failure_too_many_opens_the_circuit_and_the_next_provider_is_asked_in_the_same_breath() -> None:
    board = pool("a", "b", breaker=BreakerRules(failures=1))
    assert heard(board, "a", OUTCOMES["deferred"]).standing("a").circuit.state(NOW) == "open"
    assert tried(board, OUTCOMES["deferred"]).due_at == NOW
