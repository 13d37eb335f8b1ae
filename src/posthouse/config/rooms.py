"""What each room of the house is told of the configuration: the few values it needs, in its own words."""

from collections.abc import Mapping
from hmac import digest as hmac

import msgspec

from posthouse.config.pool import Breaker, Pool, ProbeMail, ProviderEntry
from posthouse.config.schema import Config
from posthouse.intake.caller import Caller
from posthouse.intake.canary import Rounds
from posthouse.intake.policy import SANDBOX, ClassPolicy, PoolPolicy
from posthouse.mail.message import Address, Message
from posthouse.providers.base import Spec
from posthouse.routing.rules import BreakerRules, Candidate, RetryRules, Rules, ScoreRules
from posthouse.secret import Secret
from posthouse.web.door import Kind


def providers(pool: Pool, specs: Mapping[str, Spec]) -> list[ProviderEntry]:
    """The pool's providers, and a sandbox of its own where one of its keys sends into one."""
    entries = list(pool.providers.values())
    if any(key.mode == "sandbox" for key in pool.keys.values()):
        entries.append(ProviderEntry(name=SANDBOX, type="sandbox", settings=specs["sandbox"].settings()))
    return entries


def rules(pool: Pool, specs: Mapping[str, Spec]) -> Rules:
    """What routing is told of a pool."""
    candidates = [
        Candidate(
            name=entry.name,
            order=entry.order,
            weight=entry.weight,
            score=entry.score,
            can=int(specs[entry.type].can),
            max_bytes=specs[entry.type].max_bytes,
            max_recipients=specs[entry.type].max_recipients,
            tags=frozenset(entry.tags),
            enabled=entry.enabled,
            rate=entry.rate,
            concurrency=entry.concurrency,
            reserved=entry.name == SANDBOX,
            daily=entry.daily,
            monthly=entry.monthly,
        )
        for entry in providers(pool, specs)
    ]
    return Rules(
        pool=pool.name,
        strategy=pool.strategy,
        candidates=tuple(candidates),
        breaker=breaker(pool.breaker),
        scoring=ScoreRules(pool.scoring.degrade, pool.scoring.gain, pool.scoring.restore_s),
        retry=RetryRules(pool.retry.first_s, pool.retry.factor, pool.retry.max_s, pool.retry.give_up_after_s),
        failover=None if pool.failover == "all" else pool.failover,
        on_unsure=pool.on_unsure,
    )


def breaker(written: Breaker) -> BreakerRules:
    """When a circuit opens and closes, and when a provider is distrusted.

    Winning trust back takes several probes: where each of them is a dummy message, they come no faster than the others.
    """
    mails = isinstance(written.probe, ProbeMail)
    return BreakerRules(
        failures=written.failures,
        rate=written.rate,
        window_s=written.window_s,
        min_calls=written.min_calls,
        probe_every_s=written.probe_every_s,
        traffic=written.probe == "traffic",
        refusals=written.refusals,
        health=written.health,
        probe_passes=written.probe_passes,
        probe_again_s=max(written.probe_again_s, written.probe_every_s) if mails else written.probe_again_s,
        ramp_steps=written.ramp_steps,
        ramp_step_s=written.ramp_step_s,
        probation_s=written.probation_s,
    )


def policy(pool: Pool) -> PoolPolicy:
    """What accepting is told of a pool."""
    return PoolPolicy(
        name=pool.name,
        sender=pool.sender,
        default_from=pool.default_from,
        classes={
            name: ClassPolicy(
                lane=named.lane,
                expires_in_s=named.expires_in_s,
                on_unsure=named.on_unsure,
                require_tags=tuple(named.require_tags),
                provider=named.provider,
            )
            for name, named in pool.classes.items()
        },
        providers=frozenset(pool.providers),
        give_up_after_s=pool.retry.give_up_after_s,
        open=pool.open,
    )


def known_callers(config: Config) -> Mapping[bytes, Caller]:
    """Every key of the configuration, by its digest. In development the one key opens everything."""
    callers: dict[bytes, Caller] = {}
    for pool in config.pools.values():
        for key in pool.keys.values():
            callers[bytes(key.digest)] = Caller(
                name=key.name,
                pool=pool.name,
                mode=key.mode,
                redirect=key.redirect,
                allow=tuple(str(pattern).lower() for pattern in key.allow),
                rate=key.rate,
                daily=key.daily,
                expires_at=key.expires,
                seal=seal(key.digest),
            )
    for admin in config.admins.values():
        digest = bytes(admin.digest)
        both = callers.get(digest)
        callers[digest] = Caller(admin.name, both.pool if both is not None else None, admin=True, seal=seal(digest))
    return callers


def seal(digest: bytes) -> bytes:
    """What is given to the holder of a key alone is sealed with this; the key cannot be told from it."""
    return hmac(bytes(digest), b"seal", "sha256")


def kinds(pool: Pool, *, reveal: bool) -> dict[str, Kind]:
    """What each provider of a pool is; with its secrets, where the operator wants admins to see them."""
    found = {}
    for name, entry in pool.providers.items():
        settings = msgspec.structs.asdict(entry.settings) if reveal and entry.settings is not None else {}
        secrets = {key: value for key, value in settings.items() if isinstance(value, Secret)}
        found[str(name)] = Kind(entry.type, secrets)
    return found


def probe_mail(pool: Pool) -> Message | None:
    """The dummy message that asks an open circuit whether it is well again, where the pool wants one sent."""
    probe = pool.breaker.probe
    if not isinstance(probe, ProbeMail):
        return None
    sender = pool.default_from or Address(f"posthouse@{pool.name}")
    text = "Posthouse sends this to see whether a provider that failed carries mail again."
    return Message(sender, to=(probe.to,), subject="Posthouse probe", text=text, html=f"<p>{text}</p>")


def canary(config: Config) -> Rounds | None:
    """Through whom canaries go, one after the other; None where there is nobody."""
    if config.canary is None:
        return None
    pool = config.pools[config.canary.pool]
    providers = tuple(str(name) for name, entry in pool.providers.items() if entry.enabled)
    return Rounds(str(pool.name), config.canary.to.email, config.canary.every_s, providers) if providers else None
