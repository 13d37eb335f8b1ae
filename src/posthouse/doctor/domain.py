"""A sending domain as receivers see it: SPF, DKIM and DMARC, for each provider that sends from it."""

import asyncio
from typing import Final

from posthouse.doctor import known
from posthouse.doctor.accounts import Account
from posthouse.doctor.dkim import Key, key
from posthouse.doctor.dmarc import Dmarc, aligned, dmarc
from posthouse.doctor.finding import Finding
from posthouse.doctor.names import Unanswered
from posthouse.doctor.spf import Ask, Spf, spf
from posthouse.providers.base import readable

AGAIN: Final = "Ask again later, or another DNS server with --resolver ADDRESS:PORT."

RULES: Final = "support.google.com/mail/answer/81126"
"""What the largest receiver asks of those who send to it."""


async def domain(name: str, accounts: list[Account], ask: Ask) -> list[Finding]:
    """Everything about one domain. accounts: those that send from it, without the sandbox."""
    policy, record = await asyncio.gather(dmarc(name, ask), spf(name, ask))
    needs = [account.entry.name for account in accounts if (facts := _known(account)) is not None and facts.dmarc]
    findings = [of_spf(name, record, accounts), of_dmarc(name, policy, needs)]
    of_providers = [
        look for one in accounts for look in (_return_path(name, one, ask), _signature(name, one, policy, ask))
    ]
    return [*findings, *await asyncio.gather(*of_providers)]


def of_spf(name: str, found: Spf | Unanswered, accounts: list[Account]) -> Finding:
    """The record of the domain itself."""
    if isinstance(found, Unanswered):
        return Finding("skipped", "spf", name, f"not answered: {found.why}", AGAIN)
    if found.broken is not None:
        advice = "Mend the TXT record: as it is, receivers take it for an error, and SPF fails for all your mail."
        if "records" in found.broken:
            advice = "Make one TXT record of them that begins with v=spf1 and names everybody; remove the others."
        elif "lookups" in found.broken:
            advice = "Remove includes of services you no longer use, or send through them from a domain of its own."
        return Finding("fail", "spf", name, readable(found.broken), advice)
    if found.record is None:
        servers = " ".join([f"include:{one}" for one in _includes(name, accounts)] or ["mx"])
        advice = f'Publish the TXT record "v=spf1 {servers} ~all" at {name}, with every server that sends for it.'
        return Finding("warn", "spf", name, "there is no SPF record: receivers expect one", advice)
    seen = f"{readable(found.record)} ({found.lookups} of 10 lookups)"
    if found.everybody == "+":
        return Finding("fail", "spf", name, seen, "It lets everybody send in your name: end it with ~all or -all.")
    if found.everybody in (None, "?"):
        return Finding("warn", "spf", name, seen, "It says nothing of all other servers: end it with ~all or -all.")
    return Finding("ok", "spf", name, seen)


def of_dmarc(name: str, found: Dmarc | Unanswered, needs: list[str]) -> Finding:
    """The policy. needs: the providers that send nothing without one."""
    if isinstance(found, Unanswered):
        return Finding("skipped", "dmarc", name, f"not answered: {found.why}", AGAIN)
    start = f'Publish the TXT record "v=DMARC1; p=none; rua=mailto:dmarc@{name}" at _dmarc.{name}'
    if found.at is None:
        if needs:
            return Finding("fail", "dmarc", name, f"there is no policy, and {', '.join(needs)} needs one", f"{start}.")
        seen = "there is no policy: large receivers want one of everybody who sends much"
        return Finding("warn", "dmarc", name, seen, f"{start}; {RULES} tells what is asked of senders.")
    if found.broken is not None:
        return Finding(
            "fail", "dmarc", name, readable(f"{found.at}: {found.broken}"), f"Mend the record at {found.at}."
        )
    seen = f"p={found.policy} at {found.at}"
    if found.policy == "none":
        reports = "" if found.reports else " Add rua=mailto:… first, or nobody sees what would be refused."
        seen += ": nothing is refused yet"
        return Finding("ok", "dmarc", name, seen, f"Go to p=quarantine once all your mail passes.{reports}")
    return Finding("ok", "dmarc", name, seen)


async def _return_path(name: str, account: Account, ask: Ask) -> Finding:
    """SPF where the provider's return path is: at a domain of the operator's, or at its own."""
    facts, path = _known(account), account.return_path
    if facts is None:
        advice = _ADDRESSES if account.entry.type == "smtp" else "See what the provider asks for in the SPF of {name}."
        return Finding("skipped", "spf", account.subject, "which servers send is not known", advice.format(name=name))
    if path is None:
        seen = "no return path at a domain of yours was told: if it is the provider's own, DMARC rests on DKIM alone"
        return Finding("skipped", "spf", account.subject, seen)
    found = await spf(path, ask)
    if isinstance(found, Unanswered):
        return Finding("skipped", "spf", account.subject, f"{path} not answered: {found.why}", AGAIN)
    if found.record is None or found.broken is not None:
        seen = readable(f"the return path {path}: {found.broken or 'there is no SPF record'}")
        return Finding(
            "fail", "spf", account.subject, seen, f"Publish what the provider shows for {path}: {facts.link}"
        )
    if facts.include is not None and facts.include not in found.includes:
        seen = f"the return path {path} does not name this provider"
        return Finding("fail", "spf", account.subject, seen, f"Add include:{facts.include} to the SPF of {path}.")
    return Finding("ok", "spf", account.subject, f"the return path {path} names this provider")


async def _signature(name: str, account: Account, policy: Dmarc | Unanswered, ask: Ask) -> Finding:
    """DKIM: under the names the provider told, otherwise under those it has unless somebody chose others."""
    facts, told = _known(account), account.identity.dkim if account.identity else ()
    names = told or tuple([f"{selector}._domainkey.{name}" for selector in (facts.selectors if facts else ())])
    if not names:
        return Finding("skipped", "dkim", account.subject, "the provider did not tell its selector", _SELECTOR)
    keys = await asyncio.gather(*[key(one, ask) for one in names])
    if unanswered := next((one for one in keys if isinstance(one, Unanswered)), None):
        return Finding("skipped", "dkim", account.subject, f"not answered: {unanswered.why}", AGAIN)
    judged = [one for one in keys if isinstance(one, Key)]
    link = facts.link if facts else ""
    broken = [one for one in judged if one.wrong is not None and not one.missing]
    missing = [one.name for one in judged if one.missing]
    if broken:
        seen = "; ".join(f"{one.name}: {one.wrong}" for one in broken)
        return Finding("fail", "dkim", account.subject, seen, f"Publish the key as the provider shows it: {link}")
    if missing and (told or len(missing) == len(names)):
        seen = f"there is no key at {', '.join(missing)}"
        advice = f"Publish what the provider shows there: {link}"
        guess = "" if told else " Those are the names it has unless you chose others."
        return Finding("fail" if told else "warn", "dkim", account.subject, seen, advice + guess)
    signing = names[0].partition("._domainkey.")[2]
    strict = isinstance(policy, Dmarc) and policy.strict
    if not aligned(signing, name, strict=strict):
        seen = f"it signs for {signing}, which does not speak for {name}{' under adkim=s' if strict else ''}"
        advice = f"Verify {name} itself there, or a domain below it: as it is, DMARC fails for this provider's mail."
        return Finding("fail", "dkim", account.subject, seen, advice)
    return Finding("ok", "dkim", account.subject, f"keys at {', '.join(one.name for one in judged if not one.missing)}")


_ADDRESSES: Final = "Name the server's addresses in the SPF of {name}: ip4:… or a:…"
_SELECTOR: Final = (
    "Send a message to yourself and look at DKIM-Signature: d= is to be your domain, and s= is the selector, "
    "whose key stands at SELECTOR._domainkey.DOMAIN."
)


def _known(account: Account) -> known.Known | None:
    return known.KNOWN.get(account.entry.type)


def _includes(name: str, accounts: list[Account]) -> list[str]:
    """Of the providers whose return path is at the domain itself."""
    here = [facts.include for account in accounts if account.return_path == name and (facts := _known(account))]
    return [include for include in dict.fromkeys(here) if include is not None]
