"""The calls about messages: hand one in, look at it, list them, take one back."""

import asyncio
import re
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from posthouse.clock import Clock
from posthouse.intake.accept import Intake
from posthouse.intake.caller import Caller, Callers
from posthouse.intake.policy import FORBIDDEN, PoolPolicy
from posthouse.mail.event import UNFINISHED
from posthouse.mail.field import parametrised
from posthouse.mail.problem import Flaw, Problem, Refusal
from posthouse.store.contract import Store, StoreDown
from posthouse.store.values import Cancel, Mismatch, Receipt
from posthouse.web import form, strictjson
from posthouse.web.answer import Answer, Refused, answer, problem, retry_after
from posthouse.web.auth import authenticate, presented
from posthouse.web.body import SMALL, Budget, announced, read
from posthouse.web.query import ID, read_query
from posthouse.web.record import shown

Headers = dict[bytes, bytes]

WAIT_MAX_S: Final = 60.0
"""The longest `Prefer: wait`."""

_ONCE_KEY: Final = re.compile(rb"[!-~]{1,255}")
_WAIT: Final = re.compile(rb"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?:$|[,;\s])", re.IGNORECASE)


class Messages:
    """max_body: bytes of one request; budget: memory for large ones together. stopping: set when the server stops."""

    def __init__(
        self,
        clock: Clock,
        store: Store,
        intake: Intake,
        callers: Callers,
        max_body: int,
        budget: Budget,
        stopping: asyncio.Event,
    ) -> None:
        self._clock, self._store, self._intake, self._callers = clock, store, intake, callers
        self._max_body, self._budget, self._stopping = max_body, budget, stopping

    async def submit(self, headers: Headers, receive: Any) -> Answer:
        """POST /email"""
        caller = self._caller(headers)
        once_key = _once_key(headers)
        length = announced(headers, self._max_body)
        if length is not None and length <= SMALL:
            receipt = await self._taken(headers, await read(receive, SMALL, length), caller, once_key)
        else:
            # Its text, its parts and its packed form stand in memory beside each other for a moment.
            async with self._budget.hold(self._max_body if length is None else length):
                body = await read(receive, self._max_body, length)
                receipt = await self._taken(headers, body, caller, once_key)
        wait_s = _wait_s(headers)
        if wait_s is not None:
            return await self._waited(receipt, wait_s)
        return _accepted(receipt)

    async def show(self, headers: Headers, message_id: str) -> Answer:
        """GET /email/{id}"""
        caller = authenticate(headers, self._callers, self._clock.now())
        record = await self._store.find(message_id, caller.sees) if ID.fullmatch(message_id) else None
        return _unknown() if record is None else answer(200, shown(record))

    async def page(self, headers: Headers, query: bytes) -> Answer:
        """GET /email"""
        caller = authenticate(headers, self._callers, self._clock.now())
        asked = read_query(query, caller.sees)
        records = await self._store.page(asked)
        following = records[-1].id if len(records) == asked.limit else None
        return answer(200, {"messages": [shown(record, whole=False) for record in records], "next_cursor": following})

    async def cancel(self, headers: Headers, message_id: str) -> Answer:
        """DELETE /email/{id}"""
        now = self._clock.now()
        caller = authenticate(headers, self._callers, now)
        if not ID.fullmatch(message_id):
            return _unknown()
        status, *_ = await self._store.cancel([Cancel(message_id, caller.sees, now)])
        if status is None:
            return _unknown()
        if status == "cancelled":
            return answer(200, {"id": message_id, "status": status})
        detail = "It is too late to cancel: a provider may have it already."
        return problem(409, "too-late", detail, id=message_id, message_status=status)

    def _caller(self, headers: Headers) -> Caller:
        """Whoever holds the key; without a key, a stranger, where there is a pool that is open to all."""
        if presented(headers) is None and any(pool.open for pool in self._intake.pools.values()):
            return STRANGER
        return authenticate(headers, self._callers, self._clock.now())

    async def _taken(self, headers: Headers, body: bytes | bytearray, caller: Caller, once_key: str | None) -> Receipt:
        """The receipt of a message that is on disk; Refused for everything else."""
        fields = _fields(headers, body)
        pool = self._pool(fields, caller)
        del body
        taken = await self._intake.accept(fields, pool, caller, once_key)
        if isinstance(taken, Receipt):
            return taken
        if isinstance(taken, Mismatch):
            detail = "This Idempotency-Key was used for another request; a new message needs a new key."
            raise Refused(problem(422, "idempotency-mismatch", detail))
        raise Refused(refusal(taken))

    def _pool(self, fields: Mapping[str, object], caller: Caller) -> PoolPolicy:
        """The key's own pool; for an administrator and a stranger, the one of the sender's domain."""
        pools = self._intake.pools
        if caller.pool is not None:
            return pools[caller.pool]
        reachable = {name: pool for name, pool in pools.items() if caller.admin or pool.open}
        pool = reachable.get(_domain(fields))
        if pool is None and len(reachable) == 1:
            pool = next(iter(reachable.values()))
        if pool is None:
            unknown = Problem("from-domain-not-allowed", "from", "expected an address of a pool's domain")
            raise Refused(refusal(Refusal((unknown,))))
        return pool

    async def _waited(self, receipt: Receipt, wait_s: float) -> Answer:
        """The final state; that it was accepted, where there is none in time, or the server stops before."""
        try:
            await _first(self._store.settled(receipt.id, min(wait_s, WAIT_MAX_S)), self._stopping.wait())
            record = await self._store.find(receipt.id, None)
        except StoreDown:
            return _accepted(receipt)
        if record is None or record.status in UNFINISHED:
            return _accepted(receipt)
        location = (b"location", f"/email/{receipt.id}".encode())
        replayed = ((b"idempotency-replayed", b"true"),) if receipt.replayed else ()
        return answer(200, shown(record), location, *replayed)


async def _first(*calls: Coroutine[Any, Any, object]) -> None:
    """Until the first of them is over; the others are called off."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


STRANGER: Final = Caller("anybody", None)


def refusal(refused: Refusal) -> Answer:
    """422 with everything that is wrong; 403 where all of it is understood, and not allowed."""
    forbidden = all(found.code in FORBIDDEN for found in refused.problems)
    count = len(refused.problems)
    detail = f"{count} problem{'s' if count > 1 else ''} with the message; nothing was stored."
    if forbidden:
        return problem(403, "not-allowed", detail, problems=refused.problems)
    return problem(422, "message", detail, problems=refused.problems)


def down(error: StoreDown) -> Answer:
    """503: nothing was kept, or nobody can say; with an Idempotency-Key the same call may be made again safely."""
    detail = f"The message was not taken: {error}. Send it again, with an Idempotency-Key so that it is taken once."
    return problem(503, "store-down", detail, retry_after(5))


def _accepted(receipt: Receipt) -> Answer:
    location = (b"location", f"/email/{receipt.id}".encode())
    document = {"id": receipt.id, "status": receipt.status}
    if receipt.replayed:
        return answer(202, document, location, (b"idempotency-replayed", b"true"))
    return answer(202, document, location)


def _unknown() -> Answer:
    return problem(404, "unknown-message", "There is no such message here.")


def _fields(headers: Headers, body: bytes | bytearray) -> dict[str, Any]:
    """The body's fields, by its media type. Refused with 415 for another one, 400 where it is not what it says."""
    if headers.get(b"content-type") == b"application/json" and b"content-encoding" not in headers:
        return _json(body)  # nearly all of them
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused(problem(415, "content-encoding", "Expected a body without Content-Encoding."))
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    kind = parametrised(content_type)
    if isinstance(kind, Flaw) or kind.parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refused(problem(415, "charset", "Expected charset=utf-8, or none said."))
    match kind.value:
        case "application/json":
            return _json(body)
        case "application/x-www-form-urlencoded":
            return form.urlencoded(body)
        case "multipart/form-data":
            return form.multipart(body, content_type)
        case _:
            expected = "application/json, application/x-www-form-urlencoded or multipart/form-data"
            raise Refused(problem(415, "media-type", f"Expected Content-Type {expected}."))


def _json(body: bytes | bytearray) -> dict[str, Any]:
    try:
        return strictjson.decode(body)
    except strictjson.Malformed as error:
        raise Refused(problem(400, "json", f"The body cannot be read: {error}.")) from None


def _once_key(headers: Headers) -> str | None:
    key = headers.get(b"idempotency-key")
    if key is None:
        return None
    if not _ONCE_KEY.fullmatch(key):
        detail = "Expected 1 to 255 printable ASCII characters without spaces in Idempotency-Key."
        raise Refused(problem(400, "idempotency-key", detail))
    return key.decode("ascii")


def _wait_s(headers: Headers) -> float | None:
    prefer = headers.get(b"prefer")
    found = _WAIT.search(prefer) if prefer is not None else None
    return None if found is None else float(found[1])


def _domain(fields: Mapping[str, object]) -> str:
    """The domain that the sender's address claims, before it is judged: only to find the pool."""
    sender = next((fields[name] for name in ("from", "from_email", "fromaddress") if name in fields), None)
    if isinstance(sender, dict):
        sender = sender.get("email")
    text = sender if isinstance(sender, str) else ""
    return text.strip().rstrip(">").rpartition("@")[2].lower()
