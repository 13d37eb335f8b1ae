"""One attempt, start to end: the page to read first.

A claimed message is routed, its attempt is written down, it is handed to a provider, and what became of it is
written down again. Whatever interrupts this between the two writings is remembered as doubt, never as failure.
"""

import msgspec

from posthouse.delivery.desk import Carrier, Desk
from posthouse.delivery.suppressed import status_without_anybody, without_suppressed
from posthouse.mail.event import UNFINISHED, Status
from posthouse.mail.message import Envelope
from posthouse.metrics.tally import Tally
from posthouse.providers.base import NotSent
from posthouse.routing.board import Fact
from posthouse.routing.outcome import Accepted, Outcome, Refused, Unsure, consequence
from posthouse.routing.retry import Happening, after, over
from posthouse.routing.router import Fail, Send, Wait
from posthouse.routing.rules import Candidate
from posthouse.store.contract import StoreDown
from posthouse.store.values import Claim, Delay, Ending, Intent, Renewal, Result
from posthouse.telemetry import log, success, warn

AGAIN_S = 1.0
"""How often what a full disk did not take is tried again."""

ID_MAX = 512
"""Characters of a provider's id that is kept: theirs have a hundred at the most, and an index takes some 2,700."""


class Departure(msgspec.Struct, frozen=True):
    """An attempt that has its provider, and a place there. at: when it began.

    carrier: this one to the end, whatever is reloaded meanwhile. spared: what is to be told of recipients left out.
    """

    claim: Claim
    candidate: Candidate
    carrier: Carrier
    at: float
    spared: tuple[Happening, ...] = ()


async def attempt(claim: Claim, desk: Desk) -> None:
    """Try one claimed message once, and write down what happened."""
    job, now = claim.job, desk.clock.now()
    if desk.draining:
        await desk.work.postpone([Delay(job.id, claim.fence, now)])
        return
    if claim.told is not None and job.course.doubt:
        # Evidence came: the attempt that ended in doubt had been taken. Nobody is sent it a second time.
        settled = Happening("sent", "a provider told of it after the attempt had ended in doubt")
        await desk.work.finish([Ending(job.id, claim.fence, now, "sent", (settled,))])
        return
    claim, spared = without_suppressed(claim)
    if spared and not claim.owed:
        await _over(claim, status_without_anybody(job.course), spared, desk, now)
        return
    match desk.decide(claim.job, now):
        case Wait(until):
            await desk.work.postpone([Delay(job.id, claim.fence, until)])
        case Fail(status, reason):
            end = over(job, status, reason)
            await _over(claim, end.status, end.events, desk, now)
        case Send(candidate):
            departure = depart(claim, candidate, desk, now, spared)
            if await _intended(departure, desk):
                await carry(departure, desk)


def depart(claim: Claim, candidate: Candidate, desk: Desk, now: float, spared: tuple[Happening, ...] = ()) -> Departure:
    """Take a place at that provider. It must be carried then, or stay."""
    desk.started(claim.job.pool, candidate, now)
    desk.departing.begins(claim.job.id)
    return Departure(claim, candidate, desk.carriers[claim.job.pool, candidate.name], now, spared)


def stay(departure: Departure, desk: Desk) -> None:
    """Give the place back: it does not begin."""
    desk.departing.known(departure.claim.job.id)
    desk.ended(departure.claim.job.pool, departure.candidate.name)


async def carry(departure: Departure, desk: Desk) -> None:
    """Make the attempt, which is on disk as begun, and write down what happened."""
    claim, candidate, carrier = departure.claim, departure.candidate, departure.carrier
    desk.departing.known(claim.job.id)
    try:
        in_time = await _in_time(claim, carrier, desk)
        outcome = await _deliver(claim, candidate, carrier, desk) if in_time else None
    finally:
        desk.ended(claim.job.pool, candidate.name)
    if outcome is not None:
        await settle(claim, candidate.name, outcome, desk, departure.at, spared=departure.spared)


async def _over(claim: Claim, status: Status, events: tuple[Happening, ...], desk: Desk, now: float) -> None:
    """End it without an attempt."""
    held, *_ = await desk.work.finish([Ending(claim.job.id, claim.fence, now, status, events)])
    if held:
        desk.tally.ended[claim.job.pool, status] += 1


async def _intended(departure: Departure, desk: Desk) -> bool:
    """Write down that the attempt begins. False: it does not; somebody else has the message, or it was cancelled."""
    claim, job = departure.claim, departure.claim.job
    number, provider, doubt = claim.attempts + 1, departure.candidate.name, job.course.doubt
    intent = Intent(job.id, claim.fence, number, provider, job.pool, departure.at, doubt, claim.seen)
    written = False
    try:
        written, *_ = await desk.work.intend([intent])
    except StoreDown as error:
        if error.fatal:
            raise
        desk.departing.known(job.id)
        await give_back(claim, desk, str(error))
    finally:
        if not written:
            stay(departure, desk)
    return written


async def _in_time(claim: Claim, carrier: Carrier, desk: Desk) -> bool:
    """Whether nobody can have taken it over before the first byte leaves, also where this process stood still."""
    now = desk.clock.now()
    if now <= claim.leased_until - carrier.timeout_s:
        return True
    held, *_ = await desk.work.renew([Renewal(claim.job.id, claim.fence, now + desk.lease_s)])
    return held


async def _deliver(claim: Claim, candidate: Candidate, carrier: Carrier, desk: Desk) -> Outcome:
    """Hand the message over. An exception here is a fault of ours; what it says of the message depends on when."""
    job = claim.job
    envelope = Envelope(job.id, claim.message, claim.accepted_at, claim.owed)
    pretended = desk.simulated(job.pool, candidate.name, job.id, claim.attempts + 1)
    if pretended is not None:
        if isinstance(pretended, Unsure):
            await desk.clock.sleep(carrier.timeout_s)
        return pretended
    if desk.traced is not None:
        desk.traced.calling(job.id, desk.clock.now())
    try:
        return await carrier.provider.send(envelope, carrier.timeout_s)
    except NotSent as error:
        event = "message could not be written for a provider"
        warn(event, trace=claim.trace, id=job.id, provider=candidate.name, error=error.__cause__)
        return Refused("content", detail="Posthouse could not write this message for the provider (its own fault)")
    except Exception as error:
        event = "attempt ended in an internal error"
        warn(event, trace=claim.trace, id=job.id, provider=candidate.name, error=error)
        return Unsure(detail="Posthouse failed during the attempt (its own fault)")


async def settle(
    claim: Claim,
    provider: str,
    outcome: Outcome,
    desk: Desk,
    began: float,
    *,
    blameless: bool = False,
    spared: tuple[Happening, ...] = (),
) -> None:
    """Learn from the answer, and write down the attempt, the message's next state and its events, as one.

    began: when the attempt did, seconds since the epoch. blameless: the answer is missing for reasons of our own, and
    says nothing of the provider. spared: what is to be told of recipients that were left out.
    """
    job, now = claim.job, desk.clock.now()
    fact = Fact.of(provider, outcome, now, began)
    if blameless:
        fact = Fact(provider, now, fact.kind, 0, began=began)
    desk.observe(job.pool, fact)
    then = after(job, provider, outcome, desk.board(job.pool), now)
    result = Result(
        id=job.id,
        fence=claim.fence,
        number=claim.attempts if claim.opened else claim.attempts + 1,
        outcome=consequence(outcome).kind,
        fact=fact,
        status=then.status,
        course=then.course,
        due_at=then.due_at,
        owed=claim.owed if spared and then.owed is None else then.owed,
        status_code=outcome.status,
        detail=outcome.detail,
        provider_message_id=_id_given(outcome),
        events=(*spared, *then.events),
    )
    held = await _recorded(result, desk)
    _count(claim, result, None if blameless else now - began, desk.tally, held=held)
    if desk.traced is not None:
        desk.traced.attempted(claim, result, began, now, desk.clock.now())
    _say(claim, result, round(now - began, 4), held=held)


def _id_given(outcome: Outcome) -> str | None:
    """The id that the provider gave the message. Without it the message is found by our own, which travels with it."""
    given = outcome.message_id if isinstance(outcome, Accepted) else None
    return given if given is None or len(given) <= ID_MAX else None


def _say(claim: Claim, result: Result, seconds: float, *, held: bool) -> None:
    """A line in the log."""
    job, provider, trace = claim.job, result.fact.provider, claim.trace
    if not held:
        event = "an answer came after the lease was lost; it is kept as evidence"
        warn(event, trace=trace, id=job.id, provider=provider)
    elif result.outcome == "accepted":
        event = "attempt succeeded"
        success(event, trace=trace, id=job.id, pool=job.pool, provider=provider, attempt=result.number, seconds=seconds)
    else:
        log(
            "attempt did not succeed",
            trace=trace,
            id=job.id,
            pool=job.pool,
            provider=provider,
            outcome=result.outcome,
            status=result.status,
            attempt=result.number,
        )


def _count(claim: Claim, result: Result, seconds: float | None, tally: Tally, *, held: bool) -> None:
    """Count an attempt, and the end of its message, where it was written down that it ended."""
    pool = claim.job.pool
    tally.attempted(pool, result.fact.provider, result.outcome, seconds)
    if claim.job.course.doubt and result.outcome in ("accepted", "unsure"):
        tally.duplicates[pool] += 1
    if held and result.status not in UNFINISHED:
        tally.ended[pool, result.status] += 1


async def give_back(claim: Claim, desk: Desk, why: str, patience_s: float = 0.0) -> None:
    """Put a message back that could not be begun, as soon as the store takes it: its lease would hold it for long.

    patience_s: how long one that is not there may still come, by a commit that nobody has heard of yet.
    """
    event = "an attempt could not be written down; nothing was sent"
    warn(event, trace=claim.trace, id=claim.job.id, reason=why)
    end = desk.clock.monotonic() + patience_s
    while True:
        await desk.clock.sleep(AGAIN_S)
        try:
            # Its answer may be all that was lost: then the attempt is written down, and is closed.
            back = Delay(claim.job.id, claim.fence, desk.clock.now(), unsent=claim.attempts + 1)
            held, *_ = await desk.work.postpone([back])
        except StoreDown as still:
            if still.fatal:
                raise
        else:
            if held or desk.clock.monotonic() >= end:
                return


async def _recorded(result: Result, desk: Desk) -> bool:
    """Write an answer down, however long the disk is full: forgotten, the message would be sent again."""
    while True:
        try:
            held, *_ = await desk.work.record([result])
        except StoreDown as error:
            if error.fatal:
                raise
            warn("an answer could not be written down yet", id=result.id, reason=str(error))
            await desk.clock.sleep(AGAIN_S)
        else:
            return held
