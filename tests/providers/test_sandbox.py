"""The provider that sends nothing: what it keeps, and how it fails on request."""

import asyncio
import mailbox
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.message import Address, Attachment, Envelope, Message
from posthouse.mail.mime import encode
from posthouse.providers.base import NotSent
from posthouse.providers.sandbox import DEFERRED, REFUSED, Maildir, SandboxProvider, Settings, label
from posthouse.routing.outcome import Accepted, Deferred, Outcome, Recipient, Refused, Throttled, Unauthorised, Unsure

TIMEOUT_S = 30.0


class Stopped:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    def now(self) -> float:
        return 1_800_000_000.25 + sum(self.slept_s)

    def monotonic(self) -> float:
        return sum(self.slept_s)

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)


def to(*emails: str) -> Envelope:
    message = Message(
        sender=Address("ann@example.com", "Ann"),
        to=tuple(Address(email) for email in emails),
        subject="Hi",
        text="Hello",
    )
    return Envelope("0193", message, accepted_at=1_800_000_000.0)


def sandbox(folder: Path, clock: Stopped | None = None, slow_s: float = 5.0) -> SandboxProvider:
    return SandboxProvider(Settings(maildir=str(folder / "sent"), slow_s=slow_s), clock or Stopped())


def kept(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "sent" / "new").glob("*"))]


async def test_a_message_is_kept_as_it_would_have_been_sent(tmp_path: Path) -> None:
    envelope = to("bob@example.net", "eve@example.org")
    file = Attachment("data.bin", bytes(range(256)))
    envelope = msgspec.structs.replace(
        envelope,
        message=msgspec.structs.replace(envelope.message, bcc=(Address("zoe@example.net"),), attachments=(file,)),
    )
    assert await sandbox(tmp_path).send(envelope, TIMEOUT_S) == Accepted(200, message_id="sandbox-0193")
    recipients = ("bob@example.net", "eve@example.org", "zoe@example.net")
    extra = [("X-Posthouse-Id", "0193"), *(("X-Envelope-To", email) for email in recipients)]
    assert kept(tmp_path) == [encode(envelope, extra).replace(b"\r\n", b"\n")]


async def test_other_programs_read_what_is_kept(tmp_path: Path) -> None:
    provider = sandbox(tmp_path)
    for _ in range(3):
        await provider.send(to("bob@example.net"), TIMEOUT_S)
    box = mailbox.Maildir(str(tmp_path / "sent"), create=False)
    assert [message["Subject"] for message in box] == ["Hi"] * 3
    assert {path.name for path in (tmp_path / "sent").iterdir()} == {"tmp", "new", "cur"}
    assert list((tmp_path / "sent" / "tmp").iterdir()) == []


async def test_a_folder_that_was_tidied_up_is_made_again(tmp_path: Path) -> None:
    provider = sandbox(tmp_path)
    await provider.send(to("bob@example.net"), TIMEOUT_S)
    (tmp_path / "sent").rename(tmp_path / "old")
    assert isinstance(await provider.send(to("bob@example.net"), TIMEOUT_S), Accepted)
    assert len(kept(tmp_path)) == 1


async def test_a_folder_that_another_one_has_half_made_is_completed(tmp_path: Path) -> None:
    (tmp_path / "sent" / "tmp").mkdir(parents=True)
    assert isinstance(await sandbox(tmp_path).send(to("bob@example.net"), TIMEOUT_S), Accepted)
    assert len(kept(tmp_path)) == 1


async def test_whoever_finds_where_to_write_finds_where_to_move_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, mkdir = list[str](), Path.mkdir

    def seen(self: Path, *args: Any, **more: Any) -> None:
        mkdir(self, *args, **more)
        made.extend(name for name in ("new", "cur", "tmp") if name not in made and (tmp_path / "sent" / name).exists())

    monkeypatch.setattr(Path, "mkdir", seen)
    await sandbox(tmp_path).send(to("bob@example.net"), TIMEOUT_S)
    assert made[-1] == "tmp"


async def test_a_folder_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"a file")
    outcome = await sandbox(tmp_path).send(to("bob@example.net"), TIMEOUT_S)
    assert isinstance(outcome, Deferred)
    assert str(tmp_path) in str(outcome.detail)


async def test_many_at_once_are_all_kept(tmp_path: Path) -> None:
    provider = sandbox(tmp_path)
    patience_s = 2 * TIMEOUT_S  # two hundred files, on whatever disk
    outcomes = await asyncio.gather(*[provider.send(to("bob@example.net"), patience_s) for _ in range(200)])
    assert outcomes == [Accepted(200, message_id="sandbox-0193")] * 200
    assert len(kept(tmp_path)) == 200


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("refuse", Refused("recipient", 550, REFUSED)),
        ("defer", Deferred(503, DEFERRED)),
        ("throttle", Throttled(429, "sandbox: throttled, as asked", retry_after_s=1.0)),
        ("unauthorised", Unauthorised(401, "sandbox: unauthorised, as asked")),
    ],
)
async def test_a_magic_recipient_is_obeyed_and_nothing_is_kept(asked: str, expected: Outcome, tmp_path: Path) -> None:
    provider = sandbox(tmp_path)
    assert await provider.send(to(f"bob+{asked}@example.net"), TIMEOUT_S) == expected
    assert await provider.send(to(f"bob+news+{asked.upper()}@example.org"), TIMEOUT_S) == expected
    assert kept(tmp_path) == []


async def test_an_answer_that_is_lost_leaves_doubt_and_the_message_has_arrived(tmp_path: Path) -> None:
    outcome = await sandbox(tmp_path).send(to("bob+unsure@example.net"), TIMEOUT_S)
    assert outcome == Unsure(detail="sandbox: no answer, as asked")
    assert len(kept(tmp_path)) == 1


async def test_a_slow_one_takes_its_time(tmp_path: Path) -> None:
    clock = Stopped()
    outcome = await sandbox(tmp_path, clock, slow_s=7.0).send(to("bob+slow@example.net"), TIMEOUT_S)
    assert isinstance(outcome, Accepted)
    assert clock.slept_s == [7.0]


async def test_one_slower_than_the_deadline_leaves_doubt(tmp_path: Path) -> None:
    clock = Stopped()
    outcome = await sandbox(tmp_path, clock, slow_s=7.0).send(to("bob+slow@example.net"), timeout_s=2.0)
    assert isinstance(outcome, Unsure)
    assert (clock.slept_s, len(kept(tmp_path))) == ([2.0], 1)


async def test_those_not_refused_are_served(tmp_path: Path) -> None:
    refused, deferred, served = "a+refuse@example.net", "b+defer@example.net", "c@example.net"
    provider = sandbox(tmp_path)
    assert await provider.send(to(refused, deferred, served), TIMEOUT_S) == Accepted(
        200,
        message_id="sandbox-0193",
        unserved=(Recipient(deferred, False, DEFERRED), Recipient(refused, True, REFUSED)),
    )
    (content,) = kept(tmp_path)
    assert content.count(b"X-Envelope-To:") == 1
    assert isinstance(await provider.send(to(refused, deferred), TIMEOUT_S), Deferred)


async def test_only_those_still_owed_count(tmp_path: Path) -> None:
    envelope = msgspec.structs.replace(to("a+refuse@example.net", "c@example.net"), recipients=("c@example.net",))
    assert await sandbox(tmp_path).send(envelope, TIMEOUT_S) == Accepted(200, message_id="sandbox-0193")


async def test_a_message_that_cannot_be_written_is_our_own_fault(tmp_path: Path) -> None:
    envelope = to("bob@example.net")
    broken = msgspec.structs.replace(
        envelope, message=msgspec.structs.replace(envelope.message, sender=Address("ann@example.com\r\nX-A: b"))
    )
    with pytest.raises(NotSent):
        await sandbox(tmp_path).send(broken, TIMEOUT_S)
    assert kept(tmp_path) == []


async def test_a_probe_is_answered(tmp_path: Path) -> None:
    provider = sandbox(tmp_path)
    assert await provider.probe(TIMEOUT_S) == Accepted(200)
    await provider.close()


def test_two_sandboxes_in_one_folder_never_overwrite_each_other(tmp_path: Path) -> None:
    one, other = Maildir(tmp_path / "sent"), Maildir(tmp_path / "sent")
    paths = {box.add(b"a", "0193", 1.0) for box in (one, other) for _ in range(10)}
    assert len(paths) == 20


@given(st.text("ab+", max_size=8), st.sampled_from(["refuse", "Slow", "x"]))
def test_only_the_last_label_counts(before: str, asked: str) -> None:
    assert label(f"{before}+{asked}@example.com") == asked.lower()
    assert label(f"{before.replace('+', '')}@{asked}.example.com") == ""
