"""Accepting a message: its sender and its pool are known, its fields are judged, it is on disk before the answer."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

import msgspec

from posthouse.clock import Clock
from posthouse.intake.caller import Caller
from posthouse.intake.policy import PoolPolicy, objections, sender_of, terms
from posthouse.mail.address import shown
from posthouse.mail.ident import RANDOM_BYTES, uuid7
from posthouse.mail.limits import Limits
from posthouse.mail.message import Message, Policy
from posthouse.mail.problem import Refusal
from posthouse.mail.validate import validate
from posthouse.routing.capability import needs
from posthouse.store.contract import Inbox
from posthouse.store.values import Entry, Mismatch, Once, Receipt, Summary, pack

REMEMBERED_S: Final = 86400.0
"""How long an idempotency key is remembered, in seconds."""

DRAWN: Final = 64 * RANDOM_BYTES
"""Random bytes are drawn for so many ids at once: asking the kernel is half the cost of an id."""


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

    async def accept(
        self, fields: Mapping[str, object], pool: PoolPolicy, caller: Caller, once_key: str | None = None
    ) -> Receipt | Mismatch | Refusal:
        """Take one message. A Receipt says: it is on disk. StoreDown: nothing is promised, ask again later."""
        entry = self.entry(fields, pool, caller, once_key)
        if isinstance(entry, Refusal):
            return entry
        answer, *_ = await self._inbox.add((entry,))
        return answer

    def entry(
        self, fields: Mapping[str, object], pool: PoolPolicy, caller: Caller, once_key: str | None
    ) -> Entry | Refusal:
        """The message as it will be stored, or everything that is wrong with it."""
        now = self._clock.now()
        judged = validate(fields, self._limits, pool.default_from)
        if isinstance(judged, Refusal):
            return judged
        message, wishes = sender_of(judged.message, pool), judged.policy
        problems = objections(message, wishes, pool, caller, now)
        if problems:
            return Refusal(tuple(problems))
        return self._written(caller.redirected(message), wishes, pool, caller, now, once_key)

    def _written(
        self, message: Message, wishes: Policy, pool: PoolPolicy, caller: Caller, now: float, once_key: str | None
    ) -> Entry:
        content = pack(message)
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
            needs=int(needs(message)),
            recipients=len(recipients),
            lane=on.lane,
            class_name=on.class_name,
            expires_at=on.expires_at,
            wanted=on.wanted,
            once=None if once_key is None else Once(once_key, fingerprint(content, wishes), now + REMEMBERED_S),
        )

    def _next_id(self, now: float) -> str:
        if not self._drawn:
            self._drawn = self._random(DRAWN)
        drawn, self._drawn = self._drawn[:RANDOM_BYTES], self._drawn[RANDOM_BYTES:]
        return uuid7(now, drawn)


def fingerprint(content: bytes, wishes: Policy) -> bytes:
    """What makes two requests the same: every byte of the message, and every wish. 32 bytes."""
    digest = sha256(content)
    digest.update(msgspec.json.encode(wishes))
    return digest.digest()
