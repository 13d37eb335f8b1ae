"""Golden cases: whole requests and whole outcomes, kept as files that a person reads.

A case is `cases/PROVIDER/NAME.json`: the envelope, the request it makes, and answers with what each of them means. To
write the requests and the outcomes anew after a change that is meant (and read the difference afterwards):

    python -m tests.providers.golden
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from posthouse.mail.message import Envelope
from posthouse.providers.base import HttpRequest, HttpResponse
from posthouse.routing.outcome import consequence
from tests.providers.exam import CANDIDATES, NOW, Candidate, adapter

CASES = Path(__file__).parent / "cases"


def cases(candidate: Candidate) -> list[Path]:
    return sorted((CASES / candidate.name).glob("*.json"))


def worked(candidate: Candidate, case: dict[str, Any]) -> dict[str, Any]:
    """The case with the request and the outcomes as they come out today."""
    envelope = msgspec.convert(case["envelope"], Envelope)
    request = candidate.request(envelope, **case.get("settings", {}))
    answers = [answered(candidate, envelope, answer["response"]) for answer in case["answers"]]
    given: dict[str, Any] = {name: case[name] for name in ("envelope", "settings") if name in case}
    return {**given, "request": shown(request), "answers": answers}


def answered(candidate: Candidate, envelope: Envelope, response: dict[str, Any]) -> dict[str, Any]:
    body = response.get("body", "")
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    outcome = adapter(candidate).outcome(
        HttpResponse(response["status"], response.get("headers", {}), raw), envelope, NOW
    )
    return {
        "response": response,
        "outcome": {"kind": consequence(outcome).kind, **json.loads(msgspec.json.encode(outcome))},
    }


def shown(request: HttpRequest) -> dict[str, Any]:
    """A request for a person to read: JSON as JSON, forms and mail as lines."""
    body: Any = request.body.decode().split("\r\n")
    if request.headers.get("content-type") == "application/json":
        body = json.loads(request.body)
        raw = body.get("Content", {}).get("Raw")
        if raw:
            raw["Data"] = msgspec.convert(raw["Data"], bytes).decode().split("\r\n")
    return {"method": request.method, "url": request.url, "headers": request.headers, "body": body}


if __name__ == "__main__":
    for one in CANDIDATES:
        for path in cases(one):
            text = json.dumps(worked(one, json.loads(path.read_text())), indent=2, ensure_ascii=False)
            path.write_text(text + "\n")
