from posthouse.store.values import AttemptRecord, EventRecord, Record, Summary
from posthouse.web.record import shown

AT = 1_795_424_400.0
RECORD = Record(
    id="id",
    pool="example.com",
    status="sent",
    lane=1,
    class_name=None,
    summary=Summary("ann@example.com", ("bob@example.org",), "Hello"),
    accepted_at=AT,
    due_at=None,
    expires_at=AT + 0.25,
    provider="second",
    provider_message_id="p-1",
    possible_duplicate=True,
    attempts=(
        AttemptRecord(1, "first", AT, AT + 1.2344, "unsure", None, "no answer", "accepted: 200"),
        AttemptRecord(2, "second", AT, None, None, None, None, None),
        AttemptRecord(3, "second", AT, AT - 5, "accepted", 200, None, None),
    ),
    events=(
        EventRecord("accepted", AT, None, None, None),
        EventRecord("bounced", AT, "second", "bob@example.org", "no such user"),
    ),
)


def test_an_attempt_tells_how_long_it_took_and_what_came_late() -> None:
    first, second, third = shown(RECORD)["attempts"]
    assert first == {
        "number": 1,
        "provider": "first",
        "started_at": "2026-11-23T09:00:00.000Z",
        "latency_ms": 1234,
        "outcome": "unsure",
        "status": None,
        "detail": "no answer",
        "evidence": "accepted: 200",
    }
    assert (second["latency_ms"], second["outcome"], "evidence" in second) == (None, None, False)
    assert third["latency_ms"] == 0  # the clock was set back meanwhile


def test_an_event_tells_only_what_there_is_to_tell() -> None:
    assert shown(RECORD)["events"] == [
        {"type": "accepted", "at": "2026-11-23T09:00:00.000Z"},
        {
            "type": "bounced",
            "at": "2026-11-23T09:00:00.000Z",
            "provider": "second",
            "recipient": "bob@example.org",
            "detail": "no such user",
        },
    ]


def test_in_a_list_a_record_has_no_attempts_and_no_events() -> None:
    whole = shown(RECORD)
    assert shown(RECORD, whole=False) == {n: v for n, v in whole.items() if n not in ("attempts", "events")}
    assert (whole["lane"], whole["possible_duplicate"], whole["expires_at"]) == (
        "normal",
        True,
        "2026-11-23T09:00:00.250Z",
    )
