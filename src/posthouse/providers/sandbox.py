"""A provider that sends nothing: it keeps every message in a Maildir, and fails on request.

For development, demonstrations and tests of what is built on Posthouse. `mutt -f sent` reads what it "sent"; `new/` can
be read by anything. The envelope is added as `X-Envelope-To`, one for each recipient, so that bcc shows. Nothing is
synced to disk: a sandbox may lose its mail in a power cut.

Magic recipients, at any domain, by the last +label of the local part:

- `x+refuse@`: this recipient is refused for ever; the others are served, and when there are none: Refused.
- `x+defer@`: this recipient is deferred; the others are served, and when there are none: Deferred (503).
- `x+throttle@`: the whole message is Throttled (429, again in 1 s). `x+unauthorised@`: Unauthorised (401).
- `x+unsure@`: as when a provider takes a message and its answer is lost: the message is kept, the outcome is Unsure.
- `x+slow@`: Accepted after `slow_s` seconds; where the deadline is shorter, Unsure at the deadline, and kept.
"""

import os
import socket
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from posthouse.mail.message import Envelope
from posthouse.mail.mime import encode
from posthouse.providers.base import NotSent, Spec
from posthouse.routing.capability import EVERYTHING
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Recipient, Refused, Throttled, Unauthorised, Unsure

if TYPE_CHECKING:
    from posthouse.clock import Clock


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    maildir: Annotated[
        str, msgspec.Meta(min_length=1, description="Maildir that keeps what is sent; made if missing.")
    ] = "sent"
    slow_s: Annotated[float, msgspec.Meta(ge=0, description="Seconds that `x+slow@` takes.")] = 5.0


SPEC: Final = Spec(
    name="sandbox",
    title="Sandbox (keeps mail, sends none)",
    settings=Settings,
    can=EVERYTHING,
    max_bytes=100_000_000,
    max_recipients=1_000,
)

REFUSED: Final = "sandbox: refused, as asked"
DEFERRED: Final = "sandbox: deferred, as asked"


class SandboxProvider:
    """Carries mail as far as a folder."""

    def __init__(self, settings: Settings, clock: "Clock") -> None:
        self._maildir = Maildir(Path(settings.maildir))
        self._slow_s = settings.slow_s
        self._clock = clock

    async def send(self, envelope: Envelope, timeout_s: float) -> Outcome:
        """Keep the message, or do as a magic recipient asks."""
        emails = tuple(address.email for address in envelope.owed.recipients)
        labels = [label(email) for email in emails]
        if "unauthorised" in labels:
            return Unauthorised(401, "sandbox: unauthorised, as asked")
        if "throttle" in labels:
            return Throttled(429, "sandbox: throttled, as asked", retry_after_s=1.0)
        unserved = tuple(passed_over(emails, labels))
        if len(unserved) == len(emails):
            return Refused("recipient", 550, REFUSED) if unserved[0].permanent else Deferred(503, DEFERRED)
        lost = {recipient.email for recipient in unserved}
        failure = await self._keep(envelope, [email for email in emails if email not in lost])
        if failure is not None:
            return failure
        if "slow" in labels:
            await self._clock.sleep(min(self._slow_s, timeout_s))
        if "unsure" in labels or ("slow" in labels and self._slow_s > timeout_s):
            return Unsure(detail="sandbox: no answer, as asked")
        return Accepted(200, message_id=f"sandbox-{envelope.id}", unserved=unserved)

    async def probe(self, timeout_s: float) -> Outcome:
        """A sandbox is always there."""
        return Accepted(200)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _keep(self, envelope: Envelope, emails: Sequence[str]) -> Outcome | None:
        """Write the message down; Deferred where the folder does not take it."""
        try:
            content = encode(
                envelope, [("X-Posthouse-Id", envelope.id), *(("X-Envelope-To", email) for email in emails)]
            )
        except Exception as error:
            raise NotSent("sandbox: the message could not be written") from error
        from asyncio import to_thread  # the catalogue is read by commands that never run a loop

        try:
            await to_thread(self._maildir.add, content, envelope.id, self._clock.now())
        except OSError as error:
            return Deferred(detail=f"sandbox: {error.strerror or error}: {self._maildir.root}")
        return None


def label(email: str) -> str:
    """The last +label of an address, in lower case; empty where it has none."""
    _, plus, last = email.rpartition("@")[0].rpartition("+")
    return last.lower() if plus else ""


def passed_over(emails: Sequence[str], labels: Sequence[str]) -> list[Recipient]:
    """The recipients that are not served; those deferred first, since a message with one is not refused for ever."""
    asked = list(zip(emails, labels, strict=True))
    deferred = [Recipient(email, permanent=False, detail=DEFERRED) for email, ask in asked if ask == "defer"]
    return deferred + [Recipient(email, permanent=True, detail=REFUSED) for email, ask in asked if ask == "refuse"]


_number: Final = count(1)  # of the process: two sandboxes may share a folder


class Maildir:
    """A folder of messages as D. J. Bernstein laid it out: written to `tmp`, then moved to `new`, never half there.

    https://cr.yp.to/proto/maildir.html
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tmp, self._new = str(root / "tmp"), str(root / "new")
        self._host = socket.gethostname().replace("/", r"\057").replace(":", r"\072")

    def add(self, content: bytes, label: str, now: float) -> str:
        """Keep one message, its lines ending as files here do: where it lies. The name says when and which message."""
        content = content.replace(b"\r\n", b"\n")
        try:
            return self._write(content, label, now)
        except FileNotFoundError:  # the first message, or somebody tidied up
            for folder in ("new", "cur", "tmp"):  # in this order: who finds `tmp` finds where to move it
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            return self._write(content, label, now)

    def _write(self, content: bytes, label: str, now: float) -> str:
        name = f"{now:.6f}.P{os.getpid()}Q{next(_number)}-{label}.{self._host}"
        written, kept = f"{self._tmp}/{name}", f"{self._new}/{name}"
        with open(written, "xb") as file:
            file.write(content)
        os.rename(written, kept)
        return kept
