"""posthouse tail: follow what happens to messages, one line each."""

import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import typer
from rich.text import Text

from posthouse.cli.client import URL, ApiKey, Client, NoAnswer, Reply, Url, checked
from posthouse.cli.screen import coloured, plain, print_json, screen
from posthouse.clock import SystemClock, rfc3339
from posthouse.mail.event import STATUSES, UNFINISHED

EXAMPLES: Final = """
  posthouse tail
  posthouse tail --status failed --status held
  posthouse tail --json | jq -r 'select(.status == "bounced") | .to[0]'
"""

PAGE: Final = 100
PAGES: Final = 10
"""A look reads so many pages at the most; what is older and unfinished is asked for one by one."""

EACH: Final = 25
"""So many of the older unfinished are asked for in one look, in turns."""


class Watch:
    """What was seen of the messages so far; each look tells what is new."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._statuses: dict[str, str] = {}
        self._newest: str | None = None
        self.missed = False

    def look(self) -> list[dict[str, Any]]:
        """Messages that came or changed since the last look, the oldest first. NoAnswer where nobody answers.

        `missed` says whether more came than one look reads.
        """
        read = {message["id"]: message for page in self._pages() for message in page}
        for message_id in self._older(read):
            reply = self._ask(f"/email/{message_id}")
            if reply.status == 200:
                read[message_id] = reply.document
            else:
                del self._statuses[message_id]
        told = [read[found] for found in sorted(read) if self._statuses.get(found) != read[found]["status"]]
        for message in told:
            # Taken out and put back: those asked for longest ago stand first.
            self._statuses.pop(message["id"], None)
            self._statuses[message["id"]] = message["status"]
        self._newest = max(read, default=self._newest)
        self._forget(read)
        return told

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """The newest, down to what was seen already and all that is unfinished, as far as PAGES reach."""
        deep = min((found for found, status in self._statuses.items() if status in UNFINISHED), default=self._newest)
        cursor, page, self.missed = None, [], False
        for _ in range(PAGES):
            query = {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            document = checked(self._ask(f"/email?{urlencode(query)}"))
            page, cursor = document["messages"], document["next_cursor"]
            yield page
            if cursor is None or not page or deep is None or page[-1]["id"] <= deep:
                return
        self.missed = self._newest is not None and page[-1]["id"] > self._newest

    def _ask(self, path: str) -> Reply:
        """The answer; a server's own trouble passes, so it is none."""
        reply = self._client.ask("GET", path)
        if reply.status >= 500:
            raise NoAnswer(reply.document.get("detail", f"the server answered {reply.status}"))
        return reply

    def _older(self, read: dict[str, dict[str, Any]]) -> list[str]:
        waiting = [found for found, status in self._statuses.items() if status in UNFINISHED and found not in read]
        for found in waiting[:EACH]:
            self._statuses[found] = self._statuses.pop(found)
        return waiting[:EACH]

    def _forget(self, read: dict[str, dict[str, Any]]) -> None:
        """Keep only what can be told again: the unfinished, and what the pages still reach."""
        self._statuses = {
            found: status for found, status in self._statuses.items() if status in UNFINISHED or found in read
        }


def tail(
    pool: Annotated[str | None, typer.Option(metavar="DOMAIN", help="Only of this pool.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Only when it becomes this; say it again for more.")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", metavar="N", min=0, max=100, help="Begin with so many.")] = 10,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, max=3600, help="Time between two looks.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print each message as one line of JSON.")] = False,
    url: Url = URL,
    key: ApiKey = None,
) -> None:
    """Follow what happens to messages.

    A line for each that comes or changes its state. Ctrl-C ends it.
    """
    if unknown := set(status or ()) - set(STATUSES):
        raise typer.BadParameter(f"{min(unknown)}: expected one of {', '.join(STATUSES)}", param_hint="--status")
    watch = Watch(Client(url, key))
    try:
        _follow(watch, _Filter(pool, frozenset(status or STATUSES)), lines, every, as_json)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


class _Filter:
    def __init__(self, pool: str | None, statuses: frozenset[str]) -> None:
        self._pool, self._statuses = None if pool is None else pool.lower(), statuses

    def passes(self, message: dict[str, Any]) -> bool:
        return message["status"] in self._statuses and self._pool in (None, message["pool"])


def _follow(watch: Watch, wanted: _Filter, lines: int, every_s: float, as_json: bool) -> None:
    try:
        first = [message for message in watch.look() if wanted.passes(message)]
    except NoAnswer as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    for message in first[len(first) - min(lines, len(first)) :]:
        _print(message, message["created_at"], as_json)
    if not first and sys.stdout.isatty() and not as_json:
        print("no messages yet; what comes is shown here. 'posthouse send' makes one.", file=sys.stderr)
    gone = False
    while True:
        time.sleep(every_s)
        try:
            news = watch.look()
        except NoAnswer as error:
            if not gone:
                print(f"{error} Asking again every {every_s:g} s.", file=sys.stderr, flush=True)
            gone = True
            continue
        gone = False
        if watch.missed:
            print(f"more than {PAGE * PAGES} messages came at once: not all are shown", file=sys.stderr, flush=True)
        now = rfc3339(SystemClock().now())
        for message in news:
            if wanted.passes(message):
                _print(message, now, as_json)


def _print(message: dict[str, Any], at: str, as_json: bool) -> None:
    if as_json:
        print_json(message, indent=None)
        return
    line = Text(f"{at[:19].replace('T', ' ')}  ")
    line.append_text(coloured(f"{message['status']:<10}"))
    recipients = message["to"]
    more = f" and {len(recipients) - 1} more" if len(recipients) > 1 else ""
    words = (message["id"], message["provider"] or "-", (recipients[0] if recipients else "") + more)
    line.append("  " + "  ".join(plain(word).plain for word in words))
    line.append(f"  {plain(message['subject'] or '').plain}")
    screen().print(line, soft_wrap=True)
    sys.stdout.flush()
