"""What each provider says: whether it knows the credentials and the domain; and what our clock is worth by its own."""

import asyncio
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from posthouse.clock import Clock
from posthouse.config.pool import Pool, ProviderEntry
from posthouse.config.schema import Config
from posthouse.doctor.credentials import Asked, ask, without_secrets
from posthouse.doctor.finding import Finding
from posthouse.providers import mailgun
from posthouse.providers.base import HttpResponse, Identity
from posthouse.providers.catalogue import IDENTIFIES
from posthouse.providers.client import Client, prepare
from posthouse.providers.http import check_address

CLOCK_OK_S: Final = 30.0
CLOCK_MAX_S: Final = 300.0
"""Beyond this Amazon refuses a signature, and certificates and tokens may not be valid yet, or no longer."""

ADVICE: Final = {
    "unauthorised": "Make a new key at the provider, with the right to send, and put it into {place}.",
    "throttled": "The provider asks for patience, or a quota is used up: see what it sold.",
    "deferred": "See whether this machine reaches it (a firewall, base_url, host, port), and look at its status page.",
}


class Account(msgspec.Struct, frozen=True):
    """One provider of one pool, as it was found. ahead_s: how far our clock is ahead of its; None: not told."""

    pool: Pool
    entry: ProviderEntry
    asked: Asked
    identity: Identity | None = None
    ahead_s: float | None = None

    @property
    def subject(self) -> str:
        return f"{self.pool.name} {self.entry.name}"

    @property
    def return_path(self) -> str | None:
        """The domain of the envelope's sender, where it is the operator's own and is known."""
        if self.identity is not None and self.identity.return_path is not None:
            return self.identity.return_path
        settings = self.entry.settings
        return settings.domain if isinstance(settings, mailgun.Settings) else None


async def accounts(config: Config, clock: Clock, deadline_s: float) -> list[Account]:
    """All that are enabled, asked at the same time, in the order of the configuration."""
    async with Client(64) as client:
        lines = [(pool, entry) for pool in config.pools.values() for entry in pool.providers.values() if entry.enabled]
        return list(await asyncio.gather(*[_account(pool, entry, client, clock, deadline_s) for pool, entry in lines]))


async def _account(pool: Pool, entry: ProviderEntry, client: Client, clock: Clock, deadline_s: float) -> Account:
    asked, answer = await asyncio.gather(
        ask(pool.name, entry, client, deadline_s), _answer(pool, entry, client, clock, deadline_s)
    )
    if answer is None:
        return Account(pool, entry, asked)
    identity = IDENTIFIES[entry.type].identified(answer, str(pool.name))
    detail = without_secrets(identity.detail, entry.settings)
    return Account(pool, entry, asked, msgspec.structs.replace(identity, detail=detail), _ahead(answer, clock.now()))


async def _answer(
    pool: Pool, entry: ProviderEntry, client: Client, clock: Clock, deadline_s: float
) -> HttpResponse | None:
    """The answer to the question for the domain; None where there is no such question, or no answer."""
    adapter = IDENTIFIES.get(entry.type)
    if adapter is None:
        return None
    request = adapter.identity(str(pool.name), entry.settings, clock.now())
    try:
        check_address(request.url)  # keys are never sent in clear
    except ValueError:
        return None
    answer = await client.call(prepare(request), deadline_s)
    return answer if isinstance(answer, HttpResponse) else None


def _ahead(answer: HttpResponse, now: float) -> float | None:
    try:
        told = parsedate_to_datetime(answer.headers["date"]).replace(tzinfo=UTC).timestamp()  # it is always GMT
    except (KeyError, ValueError, OverflowError):
        return None
    return now - (told + 0.5)  # it names whole seconds


def credentials(account: Account) -> Finding:
    """Whether the provider would carry mail with these."""
    asked = account.asked
    if asked.outcome == "accepted":
        return Finding("ok", "credentials", account.subject, asked.detail or f"accepted in {asked.ms} ms")
    place = f"pools.{account.pool.name}.providers.{account.entry.name}"
    advice = ADVICE.get(asked.outcome, ADVICE["deferred"]).format(place=place)
    if account.entry.type == "mailgun" and asked.outcome == "unauthorised":
        advice += " A domain's sending key may send and cannot be asked this: then set the breaker to probe: traffic."
    status = "" if asked.status is None else f"{asked.status} "
    seen = f"{asked.outcome}: {status}{asked.detail or ''}".strip()
    return Finding("warn" if asked.outcome == "throttled" else "fail", "credentials", account.subject, seen, advice)


def sender(account: Account) -> Finding:
    """Whether the provider lets this account send from the pool's domain."""
    found, name = account.identity, account.subject
    if found is None:
        why = "the provider cannot be asked" if account.entry.type not in IDENTIFIES else "the provider did not answer"
        return Finding("skipped", "sender", name, why)
    if found.verified:
        return Finding("ok", "sender", name, found.detail)
    if found.verified is None:
        return Finding("warn", "sender", name, found.detail, "Look in the provider's console whether it is verified.")
    advice = f"Add and verify {account.pool.name} in the provider's console; it refuses mail from it until then."
    return Finding("fail", "sender", name, found.detail, advice)


def clock(found: list[Account]) -> Finding:
    """This machine's clock, by the provider whose clock is nearest: one that is wrong itself does not count."""
    told = [(abs(one.ahead_s), one.ahead_s, one.entry.name) for one in found if one.ahead_s is not None]
    if not told:
        return Finding("skipped", "clock", "this machine", "no provider told the time")
    off_s, ahead_s, name = min(told)
    if off_s <= CLOCK_OK_S:
        return Finding("ok", "clock", "this machine", f"agrees with {name}'s within {CLOCK_OK_S:g} s")
    seen = f"{off_s:.0f} s {'ahead of' if ahead_s > 0 else 'behind'} {name}'s"
    advice = "Let the machine keep its time: timedatectl set-ntp true, or chrony."
    return Finding("fail" if off_s > CLOCK_MAX_S else "warn", "clock", "this machine", seen, advice)
