"""posthouse selftest: a series of messages with different parts, and a table of what became of each."""

import secrets
import time
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.table import Table

from posthouse.cli.client import URL, ApiKey, AsJson, Client, Reply, Url, checked
from posthouse.cli.screen import Step, coloured, plain, print_json, progress, screen
from posthouse.cli.series import Trial, due, series
from posthouse.cli.show import at
from posthouse.clock import SystemClock
from posthouse.mail.event import UNFINISHED

EXAMPLES: Final = """
  posthouse selftest --to ann@example.org
  posthouse selftest --to ann@example.org --cc ann+cc@example.org --provider mailgun
  posthouse selftest --to ann@example.org --count 3 --json
"""

LOOK_S: Final = 0.2
GOOD: Final = ("sent", "delivered")


class Row(msgspec.Struct, frozen=True):
    """What became of one message.

    status: of the message; `refused` where it was not taken, `late` where it was not over in time. latency_ms: of its
    last attempt. detail: why, where it was not sent.
    """

    number: int
    name: str
    status: str
    id: str | None = None
    provider: str | None = None
    attempts: int = 0
    latency_ms: int | None = None
    detail: str | None = None


def selftest(
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="Who gets the messages: you, or a test mailbox.")],
    sender: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="Sender; the pool's own unless said.")
    ] = None,
    cc: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Who gets the copy; --to alone unless said.")
    ] = None,
    bcc: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Who gets the hidden copy; --to alone unless said.")
    ] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Everything through this provider only.")] = None,
    class_name: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="A class to try; the pool's first unless said.")
    ] = None,
    length: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, max=1000, help="So many; the series once unless said.")
    ] = None,
    within: Annotated[
        float, typer.Option("--within", metavar="SECONDS", min=1, help="How long to wait for all of them.")
    ] = 120.0,
    as_json: AsJson = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Send test messages and tell what became of each.

    A series of messages with different parts. Real mail is sent, and waited for. Exit code 1 if any of them was not
    sent.
    """
    client = Client(url, key)
    trials = series(
        to, sender=sender, cc=cc, bcc=bcc, class_name=class_name or _first_class(client, sender), length=length
    )
    if provider is not None:
        trials = [msgspec.structs.replace(each, fields={**each.fields, "provider": provider}) for each in trials]
    with progress(2 * len(trials)) as step:
        handed = [_handed_in(client, number, trial, step) for number, trial in enumerate(trials, start=1)]
        rows = _awaited(client, handed, within, step)
    sent = sum(row.status in GOOD for row in rows)
    if as_json:
        print_json({"ok": sent == len(rows), "sent": sent, "messages": [msgspec.structs.asdict(row) for row in rows]})
    else:
        screen().print(_table(rows))
        print(f"{sent} of {len(rows)} were sent")
    raise typer.Exit(0 if sent == len(rows) else 1)


def _first_class(client: Client, sender: str | None) -> str | None:
    """A class of the pool that the messages go through, where it has any."""
    pools = checked(client.call("GET", "/"))["pools"]
    if len(pools) > 1 and sender is not None:
        pools = [pool for pool in pools if sender.rstrip("> ").endswith(f"@{pool['domain']}")]
    return next(iter(pools[0]["classes"]), None) if len(pools) == 1 else None


def _handed_in(client: Client, number: int, trial: Trial, step: Step) -> Row:
    """The row of a message that was taken, or why it was not."""
    fields = due(trial.fields, SystemClock().now())
    once_key = f"selftest-{secrets.token_hex(16)}"
    reply = client.call("POST", "/email", fields, Idempotency_Key=once_key)
    if reply.status == 401:
        checked(reply)
    if reply.status < 300 and trial.twice:
        again = client.call("POST", "/email", fields, Idempotency_Key=once_key)
        if again.document.get("id") != reply.document["id"]:
            step(f"{number} {trial.name}: refused")
            return Row(number, trial.name, "refused", detail="the same Idempotency-Key made a second message")
    step(f"{number} {trial.name}: {'handed in' if reply.status < 300 else 'refused'}")
    if reply.status >= 300:
        return Row(number, trial.name, "refused", detail=_why(reply))
    return Row(number, trial.name, reply.document["status"], reply.document["id"])


def _why(reply: Reply) -> str:
    problems = [f"{problem['field']}: {problem['message']}" for problem in reply.document.get("problems", ())]
    return "; ".join(problems) or str(reply.document.get("detail", f"refused with {reply.status}"))


def _awaited(client: Client, handed: list[Row], within_s: float, step: Step) -> list[Row]:
    """Every row when it is over, or when the time is."""
    clock, rows = SystemClock(), {row.number: row for row in handed}
    ends = clock.monotonic() + within_s
    waiting = [row for row in handed if row.id is not None]
    while waiting:
        over = clock.monotonic() >= ends
        for row in waiting:
            document = checked(client.call("GET", at(row.id or "")))
            rows[row.number] = _row(row, document)
            if document["status"] not in UNFINISHED:
                step(f"{row.number} {row.name}: {document['status']}")
        waiting = [rows[row.number] for row in waiting if rows[row.number].status in UNFINISHED]
        if over:
            break
        if waiting:
            time.sleep(LOOK_S)
    for row in waiting:
        detail = f"still {row.status} after {within_s:g} s" + (f": {row.detail}" if row.detail else "")
        rows[row.number] = msgspec.structs.replace(row, status="late", detail=detail)
    return [rows[row.number] for row in handed]


def _row(row: Row, document: dict[str, Any]) -> Row:
    made = document["attempts"]
    good = document["status"] in GOOD
    said = [event["detail"] for event in document["events"] if event.get("detail")]
    why = None if good else (made[-1]["detail"] if made and made[-1]["detail"] else said[-1] if said else None)
    return msgspec.structs.replace(
        row,
        status=document["status"],
        provider=document["provider"] or (made[-1]["provider"] if made else None),
        attempts=len(made),
        latency_ms=made[-1]["latency_ms"] if made else None,
        detail=why,
    )


def _table(rows: list[Row]) -> Table:
    table = Table("", "part", "status", "provider", "attempts", "ms", "detail", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        latency = "" if row.latency_ms is None else str(row.latency_ms)
        words = (plain(row.provider or ""), str(row.attempts), latency, plain(row.detail or ""))
        table.add_row(str(row.number), plain(row.name), coloured(row.status), *words)
    return table
