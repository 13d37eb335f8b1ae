"""What an SMTP server's replies mean, reply by reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.providers.replies import Reply, at_data, at_mail, at_rcpt, at_the_door, nobody_served, queue_id
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Refused, Throttled, Unauthorised, Unsure


def reply(line: str) -> Reply:
    code, _, text = line.partition(" ")
    return Reply(int(code), text)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("554 5.3.2 No service here", Unauthorised),
        ("550 5.7.1 Blocked", Unauthorised),
        ("421 4.3.2 Too busy", Deferred),
        ("421 4.7.0 Too many connections", Throttled),
        ("450 4.7.1 Not now", Deferred),
        ("454 4.7.0 Temporary authentication failure", Deferred),
    ],
)
def test_at_the_door(line: str, expected: type) -> None:
    assert isinstance(at_the_door(reply(line), "connect"), expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("550 5.1.8 Sender domain unknown", Unauthorised),
        ("553 5.7.1 Not yours to send from", Unauthorised),
        ("530 5.7.0 Sign in first", Unauthorised),
        ("552 Message size exceeds fixed limit", Refused),
        ("552 5.3.4 Too big", Refused),
        ("451 4.3.0 Not now", Deferred),
        ("452 4.3.1 Insufficient storage", Deferred),
        ("451 4.7.1 Sending rate exceeded", Throttled),
        ("501 5.5.4 Bad parameter", Deferred),
        ("550 5.5.1 EHLO first", Deferred),
    ],
)
def test_at_mail(line: str, expected: type) -> None:
    assert isinstance(at_mail(reply(line)), expected)


@pytest.mark.parametrize(
    ("line", "permanent"),
    [
        ("550 5.1.1 No such user", True),
        ("550 No such user", True),
        ("551 User not local", True),
        ("553 5.1.3 Bad address", True),
        ("552 5.2.2 Mailbox full", True),
        ("552 Too many recipients", False),
        ("452 4.5.3 Too many recipients", False),
        ("450 4.2.0 Greylisted", False),
        ("451 4.7.1 Greylisted", False),
        ("550 5.7.1 Not allowed", False),
        ("554 5.7.1 Relay access denied", False),
        ("550 relay not permitted", False),
        ("530 5.7.0 Sign in first", False),
        ("503 5.5.1 MAIL first", False),
    ],
)
def test_at_rcpt(line: str, permanent: bool) -> None:
    assert at_rcpt(reply(line), "bob@example.net").permanent is permanent


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["550 5.1.1 A", "550 5.1.1 B"], Refused("recipient", 550, "RCPT: 5.1.1 A")),
        (["550 5.1.1 A", "450 4.2.0 B"], Deferred(450, "RCPT: 4.2.0 B", blame="recipient")),
        (["554 5.7.1 Relay denied", "450 4.2.0 B"], Deferred(450, "RCPT: 4.2.0 B", blame="recipient")),
        (["550 5.1.1 A", "554 5.7.1 Relay denied"], Unauthorised(554, "RCPT: 5.7.1 Relay denied")),
        (["554 5.7.1 Recipient address rejected"], Refused("content", 554, "RCPT: 5.7.1 Recipient address rejected")),
        (["503 5.5.1 MAIL first"], Deferred(503, "RCPT: 5.5.1 MAIL first")),
    ],
)
def test_nobody_served(lines: list[str], expected: Outcome) -> None:
    assert nobody_served([(reply(line), at_rcpt(reply(line), "bob@example.net")) for line in lines]) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("250 2.0.0 Ok: queued as 4XyZ", Accepted(250, "2.0.0 Ok: queued as 4XyZ", "4XyZ")),
        ("250", Accepted(250)),
        ("451 4.3.0 Later", Deferred(451, "DATA: 4.3.0 Later")),
        ("452 4.3.1 Full", Deferred(452, "DATA: 4.3.1 Full")),
        ("454 Throttling failure: Maximum sending rate exceeded.", Throttled),
        ("552 Too big", Refused("size", 552, "DATA: Too big")),
        ("554 5.3.4 Too big", Refused("size", 554, "DATA: 5.3.4 Too big")),
        ("552 5.7.0 Attachment not allowed", Refused("content", 552, "DATA: 5.7.0 Attachment not allowed")),
        ("554 No", Refused("content", 554, "DATA: No")),
        ("550 5.1.1 No such user", Refused("recipient", 550, "DATA: 5.1.1 No such user")),
        ("554 Message rejected: Email address is not verified.", Unauthorised),
        ("530 5.7.0 Sign in first", Unauthorised(530, "DATA: 5.7.0 Sign in first")),
        ("502 5.5.1 What", Deferred(502, "DATA: 5.5.1 What")),
        ("354 Go on", Unsure(354, "DATA: Go on")),
    ],
)
def test_at_data(line: str, expected: Outcome | type) -> None:
    outcome = at_data(reply(line), ())
    assert isinstance(outcome, expected) if isinstance(expected, type) else outcome == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.0.0 Ok: queued as 4XyZ12", "4XyZ12"),
        ("OK id=1tABCd-000000-AB", "1tABCd-000000-AB"),
        ("Ok 0102018f-aaaa-bbbb-cccc-000000", "0102018f-aaaa-bbbb-cccc-000000"),
        ("Ok, thank you", None),
        ("queued as ...", None),
        ("", None),
    ],
)
def test_the_queue_id(text: str, expected: str | None) -> None:
    assert queue_id(text) == expected


CODES = st.integers(-1, 999)
TEXTS = st.text(max_size=40) | st.sampled_from(["5.1.1 no", "4.7.0 rate", "5.7.1 relay", "2.0.0 queued as 1"])
REPLIES = st.builds(Reply, CODES, TEXTS)


@given(REPLIES)
def test_only_a_2xx_to_the_final_dot_is_acceptance_and_nothing_raises(said: Reply) -> None:
    assert isinstance(at_data(said, ()), Accepted) == (200 <= said.code < 300)
    assert not isinstance(at_mail(said), Accepted | Unsure)
    assert not isinstance(at_the_door(said, "AUTH"), Accepted | Refused | Unsure)
    if isinstance(at_data(said, ()), Refused):
        assert 500 <= said.code < 600


@given(st.lists(REPLIES.filter(lambda said: said.kind != 2), min_size=1, max_size=5))
def test_nobody_who_may_still_be_served_is_refused_for_ever(said: list[Reply]) -> None:
    refused = [(one, at_rcpt(one, "bob@example.net")) for one in said]
    outcome = nobody_served(refused)
    assert not isinstance(outcome, Accepted | Unsure)
    final = isinstance(outcome, Refused) and outcome.about in ("recipient", "message")
    assert final == all(recipient.permanent for _, recipient in refused)


@given(CODES, st.text(max_size=2000))
def test_what_is_kept_of_a_reply_is_short_and_one_line(code: int, text: str) -> None:
    outcome = at_data(Reply(code, text), ())
    assert len(outcome.detail or "") <= 500
    assert (outcome.detail or "").isprintable()
