"""Accepting a message: its sender and its pool are known, its fields are judged, it is on disk before the answer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from posthouse.clock import Clock
from posthouse.intake.caller import Caller
from posthouse.intake.policy import SANDBOX, PoolPolicy, objections, sender_of, terms
from posthouse.mail.address import shown
from posthouse.mail.ident import RANDOM_BYTES, uuid7
from posthouse.mail.limits import Limits
from posthouse.mail.message import Message, Policy
from posthouse.mail.problem import Refusal
from posthouse.mail.validate import Unfit, validate
from posthouse.routing.capability import needs
from posthouse.store.contract import Inbox
from posthouse.store.values import LANES, Entry, Mismatch, Once, Receipt, Stored, Summary, pack

REMEMBERED_S: Final = 86400.0
"""How long an idempotency key is remembered, in seconds."""

LANE_NAMES: Final = {number: name for name, number in LANES.items()}

DRAWN: Final = 64 * RANDOM_BYTES
"""Random bytes are drawn for so many ids at once: asking the kernel is half the cost of an id."""


class Objection(Refusal, frozen=True):
    """A good message that its pool or its key is against. pool: its name. once: what the request's key stands for."""

    pool: str
    once: Once | None


class Intake:
    """accept() is behind every door. random(n): n random bytes from the system's source."""

    def __init__(
        self,
        clock: Clock,
        random: Callable[[int], bytes],
        inbox: Inbox,
        pools: Mapping[str, PoolPolicy],
        limits: Limits,
    ) -> None:
        self._clock, self._random, self._inbox, self._limits = clock, random, inbox, limits
        self.pools = dict(pools)
        self._drawn = b""

    def reconfigure(self, pools: Mapping[str, PoolPolicy], limits: Limits) -> None:
        """Other pools and limits from now on, all at once."""
        self.pools, self._limits = dict(pools), limits

    async def accept(
        self, fields: Mapping[str, object], pool: PoolPolicy, caller: Caller, once_key: str | None = None
    ) -> Receipt | Mismatch | Refusal:
        """Take one message. A Receipt says: it is on disk. StoreDown: nothing is promised, ask again later."""
        entry = self.entry(fields, pool, caller, once_key)
        if isinstance(entry, Refusal):
            return entry
        answer, *_ = await self._inbox.add((entry,))
        return answer

    def add(self, entries: Sequence[Entry]) -> Awaitable[list[Receipt | Mismatch]]:
        """Take those that were made here, in one transaction; the answers in their order."""
        return self._inbox.add(entries)

    def entry(
        self,
        fields: Mapping[str, object],
        pool: PoolPolicy,
        caller: Caller,
        once_key: str | None,
        trace: str | None = None,
    ) -> Entry | Refusal:
        """The message as it will be stored, or everything that is wrong with it. trace: see `Entry`."""
        now = self._clock.now()
        judged = validate(fields, self._limits, pool.default_from)
        if isinstance(judged, Unfit):
            more = objections(judged.message, judged.policy, pool, caller, now)
            return Refusal((*judged.problems, *more))
        asked, wishes = judged.message, judged.policy
        message, content = sender_of(asked, pool), pack(asked)
        once = None if once_key is None else Once(once_key, fingerprint(content, wishes, caller), now + REMEMBERED_S)
        problems = objections(message, wishes, pool, caller, now)
        if problems:
            return Objection(tuple(problems), pool.name, once)
        leaving = caller.redirected(message)
        if leaving is not asked:
            content = pack(leaving)
        return self._written(leaving, content, wishes, pool, caller, now, once, trace)

    def again(
        self,
        stored: Stored,
        message: Message,
        pool: PoolPolicy,
        caller: Caller,
        once_key: str | None,
        trace: str | None = None,
    ) -> Entry | Objection:
        """The same message once more, as it will be stored, under what the pool and the key allow today.

        What was asked of its time is over; what was asked of its way still holds. message: the content that is stored.
        """
        now, record, wanted = self._clock.now(), stored.record, stored.wanted
        wishes = Policy(class_name=record.class_name, lane=LANE_NAMES[record.lane])
        if wanted is not None:
            wishes = msgspec.structs.replace(
                wishes,
                provider=None if wanted.provider == SANDBOX else wanted.provider,
                require_tags=wanted.require_tags,
                on_unsure=wanted.on_unsure,
            )
        once = None
        if once_key is not None:
            digest = sha256(fingerprint(pack(message), wishes, caller) + record.id.encode()).digest()
            once = Once(once_key, digest, now + REMEMBERED_S)
        problems = objections(message, wishes, pool, caller, now)
        if problems:
            return Objection(tuple(problems), pool.name, once)
        leaving = caller.redirected(message)
        entry = self._written(leaving, pack(leaving), wishes, pool, caller, now, once, trace)
        return msgspec.structs.replace(entry, resent_from=record.id)

    def _written(
        self,
        message: Message,
        content: bytes,
        wishes: Policy,
        pool: PoolPolicy,
        caller: Caller,
        now: float,
        once: Once | None,
        trace: str | None,
    ) -> Entry:
        on = terms(wishes, pool, caller, now)
        recipients = message.recipients
        return Entry(
            id=self._next_id(now),
            pool=pool.name,
            accepted_at=now,
            due_at=on.due_at,
            give_up_at=on.give_up_at,
            summary=Summary(
                sender=shown(message.sender),
                recipients=tuple([shown(recipient) for recipient in recipients]),
                subject=message.subject,
                tags=message.tags,
                metadata=message.metadata,
            ),
            content=content,
            message=message,
            needs=needs(message),
            recipients=len(recipients),
            lane=on.lane,
            class_name=on.class_name,
            expires_at=on.expires_at,
            wanted=on.wanted,
            caller=caller.name if caller.daily is not None else None,
            trace=trace,
            once=once,
        )

    def _next_id(self, now: float) -> str:
        if not self._drawn:
            self._drawn = self._random(DRAWN)
        drawn, self._drawn = self._drawn[:RANDOM_BYTES], self._drawn[RANDOM_BYTES:]
        return uuid7(now, drawn)


def fingerprint(content: bytes, wishes: Policy, caller: Caller) -> bytes:
    """What makes two requests the same, in 32 bytes: every byte of the message as it was handed in, and every wish.

    Also whether it is to leave as it is: what a key has only pretended to send, or sent elsewhere, was another message.
    """
    digest = sha256(content)
    digest.update(msgspec.json.encode(wishes))
    if caller.mode != "live" or caller.redirect is not None:
        digest.update(msgspec.json.encode((caller.mode, caller.redirect)))
    return digest.digest()
