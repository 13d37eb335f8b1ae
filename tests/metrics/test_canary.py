"""Secrets and content are planted in a server of its own, under load and with everything failing that can fail; then
everything it says to those who watch it is searched. Nothing of them is found."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from tests.end_to_end.process import serving
from tests.providers.server import answer, answering
from tests.telemetry.receivers import receiving
from tests.web.http import Reply, call

CANARY: Final = "CANARY5d1e"
KEY: Final = f"{CANARY}-key-of-the-pool"
ADMIN_KEY: Final = f"{CANARY}-key-of-the-admin"
SECRETS: Final = (KEY, ADMIN_KEY, f"{CANARY}-of-mailgun", f"{CANARY}-of-sendgrid")
"""What nobody may ever see; `CANARY` alone also stands in what only the holder of a key may see."""

CALLER: Final = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": f"canary={CANARY}",
    "baggage": f"canary={CANARY}",
    "x_request_id": f"{CANARY}@",
}
"""What the caller says of its own trace; only the first of them is believed."""

MESSAGES: Final = 120
MOODS: Final = ("", "+refuse", "+defer", "+throttle", "+unsure", "+unauthorised")


def configuration(folder: Path, mailgun: str, sendgrid: str) -> dict[str, Any]:
    return {
        "admins": {"ops": ADMIN_KEY},
        "pools": {
            "example.com": {
                "keys": {"web": KEY},
                "providers": {
                    "mailgun": {
                        "api_key": f"{CANARY}-of-mailgun",
                        "domain": "mg.example.com",
                        "order": 1,
                        "base_url": mailgun,
                    },
                    "sendgrid": {"api_key": f"{CANARY}-of-sendgrid", "order": 2, "base_url": sendgrid},
                    "sandbox": {"maildir": str(folder / "sent"), "slow_s": 0, "order": 3},
                },
                "breaker": {"failures": 20, "probe_every_s": 0.5},
            }
        },
    }


def message(number: int) -> dict[str, Any]:
    to = f"{CANARY.lower()}{MOODS[number % len(MOODS)]}@example.org"
    return {
        "from": f"{CANARY} <ann@example.com>",
        "to": f"{CANARY} <{to}>",
        "subject": f"{CANARY}: for {to}",
        "text": f"{CANARY} {number}",
        "html": f"<p>{CANARY}</p>",
        "headers": {"X-Canary": CANARY},
        "tags": [CANARY],
        "metadata": {"canary": CANARY},
        "attachments": [{"filename": f"{CANARY}.txt", "content": "AAAA"}],
    }


class Server:
    def __init__(self, port: int) -> None:
        self._port = port

    async def ask(self, method: str, target: str, key: str | None, said: Any = None, **fields: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        if key is not None:
            named["Authorization"] = f"Bearer {key}"
        if said is None:
            return await call(self._port, method, target, named)
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        return await call(self._port, method, target, {"Content-Type": "application/json", **named}, body)

    async def traffic(self) -> list[Reply]:
        """Messages that succeed and fail, some waited for."""
        waits = {0: "wait=5", 1: "respond-async"}
        posts = [
            self.ask("POST", "/email", KEY, message(number), prefer=waits[number % 40 == 0], **CALLER)
            for number in range(MESSAGES)
        ]
        return await asyncio.gather(*posts)

    async def errors(self) -> list[Reply]:
        """Everything that is wrong with a call."""
        bad = message(0)
        return [
            await self.ask("POST", "/email", KEY, {**bad, "to": CANARY}),
            await self.ask("POST", "/email", KEY, {**bad, "subject": f"{CANARY}\n{CANARY}"}),
            await self.ask("POST", "/email", KEY, {**bad, "from": f"{CANARY}@example.net"}),
            await self.ask("POST", "/email", KEY, f'{{"{CANARY}": '.encode()),
            await self.ask("POST", "/email", f"{KEY}-wrong", bad),
            await self.ask("POST", "/email/batch", KEY, {"messages": [{**bad, "send_at": CANARY}]}),
            await self.ask("GET", f"/email?limit={CANARY}", KEY),
            await self.ask("GET", f"/email/{CANARY}", KEY),
            await self.ask("GET", f"/{CANARY}/nothing", KEY),
            await self.ask("PUT", "/admin/config", ADMIN_KEY, {"pools": CANARY}),
            await self.ask("POST", "/admin/reload", KEY),
        ]

    async def told(self) -> list[Reply]:
        """What those who watch it see, with and without keys."""
        open_metrics = "application/openmetrics-text"
        return [
            await self.ask("GET", "/metrics", None),
            await self.ask("GET", "/metrics", ADMIN_KEY, accept=open_metrics),
            await self.ask("GET", "/metrics", KEY, x_forwarded_for="192.0.2.1"),
            *[await self.ask("GET", target, None) for target in ("/healthz", "/readyz", "/openapi.json")],
            *[
                await self.ask("GET", target, key, accept="text/html")
                for target in ("/", "/docs", "/session", "/readyz", "/example.com", "/admin/config")
                for key in (None, KEY, ADMIN_KEY)
            ],
            *[await self.ask("GET", target, ADMIN_KEY) for target in ("/", "/example.com", "/admin/config")],
        ]


def holds(reply: Reply, words: tuple[str, ...]) -> list[str]:
    """Which of the words are in the answer, its headers and all."""
    whole = reply.body.decode("utf-8", "replace") + repr(reply.fields)
    return [word for word in words if word.lower() in whole.lower()]


async def test_nothing_planted_is_found_in_anything_that_is_said_to_those_who_watch(tmp_path: Path) -> None:
    words = f"{CANARY} is what a provider quotes".encode()
    async with (
        answering(answer(500, body=words)) as mailgun,
        answering(answer(401, body=words)) as sendgrid,
        receiving() as receiver,
    ):
        (tmp_path / "posthouse.yaml").write_text(json.dumps(configuration(tmp_path, mailgun.url, sendgrid.url)))
        command = ("--listen", "127.0.0.1:0", "--config", "posthouse.yaml")
        watched = {**receiver.otlp, "SENTRY_DSN": receiver.dsn}
        async with serving(tmp_path, *command, env=watched) as (process, port):
            server = Server(port)
            replies = await server.traffic()
            errors = await server.errors()
            told = await server.told()
            ended = await process.stopped()
            seen = receiver.whole
            said = process.said + await process.rest() + process.errors
    assert ended == 0
    # 503: who waits is told at once where all circuits have opened meanwhile, and why.
    assert {reply.status for reply in replies} <= {200, 202, 503}
    assert mailgun.requests
    assert sendgrid.requests
    assert [reply.status for reply in errors] == [422, 422, 403, 400, 401, 200, 400, 404, 404, 422, 403]
    assert {"accepted", "attempt did not succeed", "attempt succeeded", "circuit opened"} <= {
        json.loads(line).get("event") for line in process.errors.splitlines() if line.startswith("{")
    }
    assert CANARY.lower() not in said.lower()
    assert {span.name for span in receiver.spans} == {"accept", "attempt", "call provider"}
    assert receiver.metrics
    assert CANARY.lower().encode() not in seen.lower()
    # Nothing of the caller's trace, or of ours, goes on to a provider.
    handed_on = {name for request in (*mailgun.requests, *sendgrid.requests) for name in request.headers}
    assert not handed_on & {"traceparent", "tracestate", "baggage", "x-request-id"}
    assert [found for reply in told if (found := holds(reply, (CANARY,)))] == []
    assert [found for reply in [*replies, *errors] if (found := holds(reply, SECRETS))] == []
    # Of an error, what was wrong is named, and never quoted: but the path of the call, and a field's own name.
    quoted = [reply.body for reply in errors if holds(reply, (CANARY,))]
    assert quoted == [], quoted
