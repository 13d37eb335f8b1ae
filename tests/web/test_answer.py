from typing import Any

import msgspec

from posthouse.mail.problem import Problem
from posthouse.web.answer import Answer, answer, problem, retry_after


async def said(given: Answer, method: str = "GET") -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []

    async def send(event: dict[str, Any]) -> None:
        events.append(event)

    await given({"method": method}, None, send)
    return events


async def test_an_answer_is_sent_with_its_length() -> None:
    start, body = await said(answer(200, {"a": "é"}, (b"x-more", b"1")))
    assert start == {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"x-more", b"1"), (b"content-length", b"10")],
    }
    assert body == {"type": "http.response.body", "body": '{"a":"é"}'.encode()}


async def test_head_is_told_the_length_and_nothing_else() -> None:
    start, body = await said(answer(200, {"a": 1}), "HEAD")
    assert (b"content-length", b"7") in start["headers"]
    assert body["body"] == b""


def test_a_problem_is_written_as_rfc_9457_says() -> None:
    given = problem(422, "message", "Two things.", retry_after(3), problems=[Problem("code", "to[0]", "Expected x.")])
    assert given.headers == ((b"content-type", b"application/problem+json"), (b"retry-after", b"3"))
    assert msgspec.json.decode(given.body) == {
        "type": "urn:posthouse:problem:message",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "Two things.",
        "problems": [{"code": "code", "field": "to[0]", "message": "Expected x."}],
    }


def test_a_problem_without_problems_has_no_empty_list_and_may_have_members_of_its_own() -> None:
    assert msgspec.json.decode(problem(409, "too-late", "Late.", id="7").body) == {
        "type": "urn:posthouse:problem:too-late",
        "title": "Conflict",
        "status": 409,
        "detail": "Late.",
        "id": "7",
    }
