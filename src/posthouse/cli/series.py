"""The messages of the self-test: each tries one part of what a message may be. Pure; the words are our own."""

import base64
import struct
import zlib
from collections.abc import Iterator
from itertools import count, islice
from typing import Any, Final

import msgspec

from posthouse.clock import rfc3339

LONGEST_SUBJECT: Final = 998
LATER_S: Final = 3.0
"""How far ahead the scheduled one lies."""

SCRIPTS: Final = "Ελληνικά, русский, العربية, עברית, हिन्दी, 日本語, 한국어, ไทย, Ωméga ½ €, 🐎📯"


class Trial(msgspec.Struct, frozen=True):
    """One message of the series. twice: it is handed in again under the same Idempotency-Key, and stays one message."""

    name: str
    fields: dict[str, Any]
    twice: bool = False


def series(
    to: str, *, sender: str | None, cc: str | None, bcc: str | None, class_name: str | None, length: int | None
) -> list[Trial]:
    """The series, or the first `length` messages of it; after its end it begins again.

    cc, bcc: who gets the copies; unless said, those messages go to `to` alone, as their only copy. class_name: a
    class to try. `send_at` of the scheduled one is put in when it is handed in (`due`).
    """
    trials = list(_trials(to, cc, bcc, class_name))
    whole = trials if length is None else [trials[number % len(trials)] for number in islice(count(), length)]
    return [_addressed(number, trial, to, sender) for number, trial in enumerate(whole, start=1)]


def due(fields: dict[str, Any], now: float) -> dict[str, Any]:
    """The fields as they are handed in at `now`: a number of seconds becomes the instant that lies so far ahead."""
    if "send_at" not in fields:
        return fields
    return {**fields, "send_at": rfc3339(now + fields["send_at"])}


def _addressed(number: int, trial: Trial, to: str, sender: str | None) -> Trial:
    fields = {"to": [to], "subject": f"Posthouse self-test {number}: {trial.name}", "tags": ["selftest"]}
    fields |= {"from": sender} if sender else {}
    return msgspec.structs.replace(trial, fields={**fields, "text": _text(trial.name), **trial.fields})


def _text(name: str) -> str:
    return f"This message of a self-test tries: {name}. Nobody needs to answer it.\n"


def _trials(to: str, cc: str | None, bcc: str | None, class_name: str | None) -> Iterator[Trial]:
    html = "<h1>Self-test</h1><p>This message has a <b>body of HTML</b> &amp; an entity.</p>"
    yield Trial("text", {})
    yield Trial("html", {"text": None, "html": html})
    yield Trial("text and html", {"html": html})
    yield Trial(
        "markdown", {"text": None, "markdown": "# Self-test\n\nIt is *written* in **Markdown**:\n\n- one\n- two"}
    )
    yield Trial("cc", {"cc": [cc]} if cc else {"to": [], "cc": [to]})
    yield Trial("bcc", {"bcc": [bcc]} if bcc else {"to": [], "bcc": [to]})
    yield Trial("reply-to", {"reply_to": [to]})
    yield Trial("names", {"to": [{"email": to, "name": 'Zoë "of the post", Ωμέγα'}]})
    yield Trial("attachment", {"attachments": [_file("table.csv", b"horse,miles\nFiddler,12\n", "text/csv")]})
    yield Trial("attachments", {"attachments": [_file("Ωμέγα 1.txt", b"one\n"), _file("zeros.bin", bytes(65_536))]})
    picture = {**_file("dot.png", png((220, 38, 38)), "image/png"), "content_id": "dot"}
    yield Trial(
        "inline image", {"html": '<p>A red square: <img src="cid:dot" alt="dot"></p>', "attachments": [picture]}
    )
    yield Trial("many scripts", {"subject": f"Posthouse self-test: {SCRIPTS}", "text": f"{SCRIPTS}\n"})
    start = "Posthouse self-test: a long subject "
    yield Trial("long subject", {"subject": start + "…and on " * ((LONGEST_SUBJECT - len(start)) // 8)})
    yield Trial("long lines", {"text": "A line that has to be folded on its way. " * 200 + "\n.\n..\nFrom here on.\n"})
    yield Trial("tags and metadata", {"tags": ["selftest", "two"], "metadata": {"order": "42", "note": "ä=b; c"}})
    yield Trial("custom headers", {"headers": {"X-Trial": "custom", "List-Unsubscribe": f"<mailto:{to}>"}})
    yield Trial("scheduled", {"send_at": LATER_S})
    yield Trial("lane critical", {"lane": "critical", "expires_in": "10m"})
    yield Trial("same key twice", {}, twice=True)
    if class_name is not None:
        yield Trial(f"class {class_name}", {"class": class_name})


def _file(name: str, content: bytes, content_type: str | None = None) -> dict[str, str]:
    found = {"filename": name, "content": base64.b64encode(content).decode()}
    return found if content_type is None else {**found, "content_type": content_type}


def png(colour: tuple[int, int, int], side: int = 16) -> bytes:
    """A square of one colour (red, green, blue) as a PNG."""
    rows = (b"\0" + bytes(colour) * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
