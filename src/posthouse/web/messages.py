"""The calls about messages: hand one in, look at it, list them, take one back."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from posthouse.clock import Clock
from posthouse.intake.accept import Intake
from posthouse.intake.caller import Caller, Callers
from posthouse.intake.policy import FORBIDDEN, PoolPolicy
from posthouse.mail.event import STATUSES, UNFINISHED
from posthouse.mail.problem import Problem, Refusal
from posthouse.store.contract import Cancel, Mismatch, Query, Receipt, Store, StoreDown
from posthouse.web import form, strictjson
from posthouse.web.answer import Answer, Refused, answer, problem, retry_after
from posthouse.web.auth import authenticate, presented
from posthouse.web.body import SMALL, Budget, announced, read
from posthouse.web.record import shown

Headers = dict[bytes, bytes]

WAIT_MAX_S: Final = 60.0
"""The longest `Prefer: wait`."""

PAGE_MAX: Final = 100

ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_ONCE_KEY: Final = re.compile(rb"[!-~]{1,255}")
_WAIT: Final = re.compile(rb"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?:$|[,;\s])", re.IGNORECASE)


class Messages:
    """max_body: bytes of one request; budget: memory for large ones together."""

    def __init__(
        self, clock: Clock, store: Store, intake: Intake, callers: Callers, max_body: int, budget: Budget
    ) -> None:
        self._clock, self._store, self._intake, self._callers = clock, store, intake, callers
        self._max_body, self._budget = max_body, budget

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
        asked = _query(query, caller)
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
        fields = await _fields(headers, body)
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
        await self._store.settled(receipt.id, min(wait_s, WAIT_MAX_S))
        record = await self._store.find(receipt.id, None)
        if record is None or record.status in UNFINISHED:
            return _accepted(receipt)
        location = (b"location", f"/email/{receipt.id}".encode())
        replayed = ((b"idempotency-replayed", b"true"),) if receipt.replayed else ()
        return answer(200, shown(record), location, *replayed)


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


async def _fields(headers: Headers, body: bytes | bytearray) -> dict[str, Any]:
    """The body's fields, by its media type. Refused with 415 for another one, 400 where it is not what it says."""
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Refused(problem(415, "content-encoding", "Expected a body without Content-Encoding."))
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    if media_type != "multipart/form-data" and not _utf8(parameters):
        raise Refused(problem(415, "charset", "Expected charset=utf-8, or none said."))
    match media_type:
        case "application/json":
            try:
                return strictjson.decode(body)
            except strictjson.Malformed as error:
                raise Refused(problem(400, "json", f"The body cannot be read: {error}.")) from None
        case "application/x-www-form-urlencoded":
            return form.urlencoded(body)
        case "multipart/form-data":
            return await form.multipart(body, content_type)
        case _:
            expected = "application/json, application/x-www-form-urlencoded or multipart/form-data"
            raise Refused(problem(415, "media-type", f"Expected Content-Type {expected}."))


def _utf8(parameters: str) -> bool:
    name, _, value = parameters.strip().partition("=")
    return not name or (name.strip().lower() == "charset" and value.strip().strip('"').lower() in ("utf-8", "utf8"))


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


_PARAMETERS: Final = ("status", "to", "tag", "provider", "since", "until", "limit", "cursor")


def _query(query: bytes, caller: Caller) -> Query:
    """The page asked for. Refused with 400 and every problem at once."""
    problems: list[Problem] = []
    given: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=50):
        if name not in _PARAMETERS or name in given:
            expected = f"expected each of {', '.join(_PARAMETERS)} at most once"
            problems.append(Problem("parameter-unknown", name[:64], expected))
        elif value:
            given[name] = value
    status, limit, cursor = given.get("status"), given.get("limit", "50"), given.get("cursor")
    if status is not None and status not in STATUSES:
        problems.append(Problem("parameter-invalid", "status", f"expected one of {', '.join(STATUSES)}"))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= PAGE_MAX):
        problems.append(Problem("parameter-invalid", "limit", f"expected a number from 1 to {PAGE_MAX}"))
    if cursor is not None and not ID.fullmatch(cursor):
        problems.append(Problem("parameter-invalid", "cursor", "expected the next_cursor of an earlier page"))
    since, until = (_when(given, name, problems) for name in ("since", "until"))
    if problems:
        raise Refused(problem(400, "parameters", "The list cannot be made.", problems=problems))
    return Query(
        limit=int(limit),
        pool=caller.sees,
        status=status,
        to=given.get("to"),
        tag=given.get("tag"),
        provider=given.get("provider"),
        since=since,
        until=until,
        after=cursor,
    )


def _when(given: Mapping[str, str], name: str, problems: list[Problem]) -> float | None:
    """An instant as RFC 3339 writes it (a `+` may have arrived as a space), in epoch seconds."""
    text = given.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    problems.append(Problem("parameter-invalid", name, "expected an instant such as 2026-11-23T09:00:00Z"))
    return None
